"""TODO: bench.cli.progress."""

from __future__ import annotations

import shutil
import sys
import time

from bench.formatting import format_duration, format_ratio_with_interval
from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher, RunStatus

POLL_INTERVAL_S = 0.2


def follow_run(dispatcher: Dispatcher, run: str, line: ProgressLine) -> RunStatus:
    while True:
        status = dispatcher.status(run)
        line.draw(_format_progress(status))
        if status.over:
            # A run is over a moment before it is stored: its process must end before ours does.
            while any(entry.run == run for entry in dispatcher.entries()):
                time.sleep(POLL_INTERVAL_S / 4)
            line.clear()
            return dispatcher.status(run)
        time.sleep(POLL_INTERVAL_S)


class ProgressLine:
    """A line that is drawn over on a terminal, and printed when its first words change elsewhere."""

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


def _format_progress(status: RunStatus) -> str:
    run = status.run
    if run is None:
        return f"waiting: {status.place} in front" if status.place else "starting"
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
