"""All arm processes of a race that are running now."""

from __future__ import annotations

from collections.abc import Collection

from bench.race.arm import ArmProcess


class ArmGroup:
    """Starts arm processes and ends them all."""

    def __init__(self) -> None:
        self.running: list[ArmProcess] = []
        """In the order of their start: the two arms of the race first, then those that try another core count."""

    def start(self, process: ArmProcess) -> None:
        process.start()
        self.running.append(process)

    def end_all_except(self, kept: Collection[ArmProcess]) -> None:
        for process in [process for process in self.running if process not in kept]:
            self.running.remove(process)
            process.end()

    def end_all(self) -> None:
        while self.running:
            self.running.pop().end()
