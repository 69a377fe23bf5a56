"""Follows a job and shows its progress on standard error."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from bench.formatting import format_duration, format_ratio_with_interval
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher, JobStatus

POLL_INTERVAL_S = 0.2


def follow_job(
    dispatcher: Dispatcher, job_id: str, line: ProgressLine, show: Callable[[JobRecord], None] = lambda record: None
) -> JobStatus:
    """Wait until the job is over and stored; `show` gets its record again and again. Returns the last status."""
    while True:
        status = dispatcher.status(job_id)
        if status.record is not None:
            show(status.record)
        line.draw(_format_progress(status))
        if status.over:
            # The record ends a moment before it is stored. The runner must not be interrupted in between.
            while any(entry.job_id == job_id for entry in dispatcher.entries()):
                time.sleep(POLL_INTERVAL_S / 4)
            line.clear()
            return dispatcher.status(job_id)
        time.sleep(POLL_INTERVAL_S)


class ProgressLine:
    """One line that is overwritten on a terminal. Elsewhere it is printed when its part before the colon changes."""

    def __init__(self) -> None:
        self.stream = sys.stderr
        self.live = self.stream.isatty()
        self.last = ""

    def draw(self, text: str) -> None:
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write("\r" + text[:width].ljust(width))
            self.stream.flush()
        elif text.partition(":")[0] != self.last:
            self.last = text.partition(":")[0]
            print(text, file=self.stream)

    def clear(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def _format_progress(status: JobStatus) -> str:
    match status.record:
        case None:
            return f"waiting: {status.place} in front" if status.place else "starting"
        case MeasurementRecord() as record:
            line = record.progress[-1] if record.progress else None
            share = f" ({line.share:.0%})" if line and line.share is not None else ""
            return f"{record.state}: {record.last_at:.0f} s{f', {line.text}' if line else ''}{share}"
        case Run() as run:
            return _format_race_progress(run)


def _format_race_progress(run: Run) -> str:
    text = f"{run.state}: {run.last_at:.0f} s"
    if run.state is State.PREPARING:
        return text + "".join(f", {arm} {words}" for arm, words in run.progress.items())
    whole = run.comparison()
    if whole is None:
        return f"{text}, {len(run.samples)} samples"
    return (
        f"{text}, {whole.baseline.count} pairs, "
        f"{format_duration(whole.baseline.median)} | {format_duration(whole.accelerated.median)}, "
        f"{format_ratio_with_interval(whole.ratio)}"
    )
