"""Follows a job and shows its progress on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from bench.cli.console import make_console
from bench.cli.errors import EXIT_STATUS, EXIT_STORE_ERROR
from bench.formatting import format_count, format_median, format_ratio_with_interval
from bench.run.events import State
from bench.run.files import journal_path
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.run.time_use import SAMPLING_STATES, describe_activities, measure_stage_s
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.job_status import JobStatus
from bench.values.samples import Phase

POLL_INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended."""

    record: JobRecord | None
    """None if it had not begun."""
    problem: str
    """Why the job was lost or not stored; empty if neither happened."""
    stopped: bool
    """Whether Ctrl-C was pressed."""
    stored: bool

    @property
    def exit_status(self) -> int:
        if self.record is None:
            return EXIT_STATUS[State.STOPPED] if self.stopped else EXIT_STATUS[State.FAILED]
        return EXIT_STATUS[self.record.state] if self.stored else EXIT_STORE_ERROR


def follow_job(
    dispatcher: Dispatcher, job_id: str, line: ProgressLine, show: Callable[[JobRecord], None] = lambda record: None
) -> JobEnd:
    """Wait until a job is over and stored. Ctrl-C stops the job.

    `show` is called repeatedly with the record so far.
    """
    stopped = False
    try:
        status = _wait_until_stored(dispatcher, job_id, line, show)
    except KeyboardInterrupt:
        stopped = True
        dispatcher.stop(job_id, origin="command line")
        status = _wait_until_stored(dispatcher, job_id, line, show)
    # The runner removes the journal once the record is in the store.
    return JobEnd(status.record, status.problem, stopped, stored=not journal_path(job_id).exists())


def _wait_until_stored(
    dispatcher: Dispatcher, job_id: str, line: ProgressLine, show: Callable[[JobRecord], None]
) -> JobStatus:
    with line:
        while True:
            status = dispatcher.status(job_id)
            if status.record is not None:
                show(status.record)
            if status.problem:
                break  # It was stopped or lost: there is no progress to show.
            line.draw(*describe_progress(status))
            if status.over:
                break
            time.sleep(POLL_INTERVAL_S)
    # The record ends a moment before it is stored. The runner must not be interrupted in between.
    while any(entry.job_id == job_id for entry in dispatcher.entries()):
        time.sleep(POLL_INTERVAL_S / 4)
    return dispatcher.status(job_id)


class ProgressLine:
    """A bar with a line of text that is redrawn on a terminal. Elsewhere a line is printed for every new state."""

    def __init__(self) -> None:
        self._console = make_console(stderr=True)
        self._progress: Progress | None = None
        self._last_state = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def draw(self, text: str, share: float | None = None) -> None:
        """Show `text`, whose part before the first colon is the state, and how much is done, 0 to 1, if known."""
        if self._console.is_terminal:
            self._redraw(text, share)
            return
        state = text.partition(":")[0]
        if state != self._last_state:
            self._last_state = state
            self._console.print(text)

    def clear(self) -> None:
        """Remove the line from the terminal, so that other output can follow. The next `draw` shows it again."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _redraw(self, text: str, share: float | None) -> None:
        if self._progress is None:
            text_column = TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            )
            self._progress = Progress(
                BarColumn(bar_width=20),
                text_column,
                console=self._console,
                transient=True,
                expand=True,
                # Standard output may be a file, which must not be redirected to the terminal.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._progress.add_task("", total=None)
            self._progress.start()
        [task] = self._progress.task_ids
        # Without a total, the bar pulses.
        total = None if share is None else 1.0
        self._progress.update(task, description=text, total=total, completed=share or 0.0)


def describe_progress(status: JobStatus) -> tuple[str, float | None]:
    """What a job does now, and how much of it is done, 0 to 1; None if that is not known."""
    match status.record:
        case None:
            return status.delay or (f"waiting: {status.place} in front" if status.place else "starting"), None
        case MeasurementRecord() as record:
            line = record.progress[-1] if record.progress else None
            text = f"{record.state}: {record.last_at:.0f} s"
            return (f"{text}, {line.text}", line.share) if line else (text, None)
        case Run() as run:
            return _describe_race_progress(run)


def _describe_race_progress(run: Run) -> tuple[str, float | None]:
    activities, share = describe_activities(run)
    parts = [f"{run.state}: {run.last_at:.0f} s"]
    if activities:
        parts.append(activities)
    elif run.state in SAMPLING_STATES:
        share = _share_of_budget(run)
    elif not run.state.over:
        parts.append(f"in this stage for {measure_stage_s(run):.0f} s")
    if total := run.comparison():
        medians = f"{format_median(total.baseline)} | {format_median(total.accelerated)}"
        parts += [format_count(total.baseline.count, "pair"), medians, format_ratio_with_interval(total.ratio)]
    elif run.samples:
        parts.append(format_count(len(run.samples), "sample"))
    return ", ".join(parts), share


def _share_of_budget(run: Run) -> float | None:
    """How much of the time budget is spent. A race ends earlier if its intervals are narrow enough."""
    began = next((sample.repetition.began for sample in run.samples if sample.phase is not Phase.EARLY), None)
    return None if began is None else min(1.0, (run.last_at - began) / run.plan.budget_s)
