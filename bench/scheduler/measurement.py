"""Runs a measurement in the runner's process: starts the task's process and turns its messages into events."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench.machine.core_selection import avoid_cores, choose_cores
from bench.machine.exhaustion import make_failure
from bench.run.events import RunFailed, State, StateChanged
from bench.run.measurement import (
    MeasurementEvent,
    MeasurementOpened,
    MeasurementRecord,
    ProgressReported,
    ResultReported,
    ValueReported,
)
from bench.scheduler.task_process import TaskFailed, TaskProcess
from bench.values.arms import Failure
from bench.worker import protocol
from bench.worker.process import make_work_fields
from bench.workload.declaration import Workload


class JobStopped(Exception):
    """The job has to end: somebody stopped it, or the process that submitted it has exited."""

    def __init__(self, state: State, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


class Measurement:
    """One measurement, from its first event to its last. No process is left when `run` returns."""

    def __init__(
        self,
        opened: MeasurementOpened,
        workload: Workload,
        *,
        emit: Callable[[MeasurementEvent], None],
        check: Callable[[], None],
        folder: Path,
    ) -> None:
        """`check` raises JobStopped to end the measurement; `folder` is for the files of its process."""
        self.record = MeasurementRecord.open(opened)
        self._opened, self._workload = opened, workload
        self._emit_event, self._check, self._folder = emit, check, folder
        self._start = time.monotonic()

    def run(self) -> None:
        """Never raises for what the task or a person does: that becomes the record's state and failure."""
        self._emit_event(self._opened)
        try:
            self._run_task()
            self._change_state(State.FINISHED)
        except JobStopped as stopped:
            self._change_state(stopped.state, stopped.why)
        except TaskFailed as failed:
            self._fail(failed.failure)
        except (OSError, RuntimeError) as error:
            if (failure := make_failure(error, self._folder)) is None:
                raise
            self._fail(failure)

    def _run_task(self) -> None:
        plan, tasks = self._opened.plan, self._workload.tasks
        try:
            cores = choose_cores(plan.cores)
        except ValueError as error:
            raise TaskFailed(str(error), "Choose fewer cores.") from error
        avoid_cores(cores)
        process = TaskProcess(cores, tasks.environment, self._folder)
        try:
            self._change_state(State.MEASURING)
            request = protocol.DoTask(
                workload=self._workload.name,
                task=self._opened.task,
                arguments=self._opened.arguments,
                **make_work_fields(plan, cores, self._folder),
            )
            task = tasks.task(self._opened.task)
            result = process.run(task, request, report=self._report, check=self._check)
        finally:
            process.end()
        self._emit(ResultReported(at=self._now, result=result))

    def _report(self, message: protocol.ProgressMessage | protocol.ReportMessage) -> None:
        match message:
            case protocol.ProgressMessage():
                self._emit(ProgressReported(at=self._now, text=message.text, share=message.share))
            case protocol.ReportMessage():
                self._emit(ValueReported(at=self._now, name=message.name, value=message.value))

    def _fail(self, failure: Failure) -> None:
        self._emit(RunFailed(at=self._now, failure=failure))
        self._change_state(State.FAILED, failure.what)

    def _change_state(self, state: State, why: str = "") -> None:
        self._emit(StateChanged(at=self._now, state=state, why=why))

    def _emit(self, event: MeasurementEvent) -> None:
        self.record.apply(event)
        self._emit_event(event)

    @property
    def _now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start
