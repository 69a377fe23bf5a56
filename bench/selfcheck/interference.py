"""TODO: bench.selfcheck.interference."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.formatting import format_duration
from bench.machine.core_selection import choose_cores
from bench.plan import plan
from bench.race.race import Race
from bench.run import events
from bench.selfcheck.common import choose_all_cores, make_run_opened
from bench.values import TOTAL, Arm, Phase, Sample

INTERFERENCE_ROUNDS = 3
"""How often the baseline meets each rival."""


INTERFERENCE_WARM_UP_TURNS, INTERFERENCE_TURNS = 2, 10
"""Samples in such a round that do not count, and that do."""


def check_interference(tell: Callable[[str], None] = print, *, workload: str = "modin", **fields) -> None:
    """Whether the baseline has its own times beside an accelerated arm that leaves services running (Ray).

    One process of the baseline is timed all the while, its rival in turns another baseline, beside which it has the
    machine alone, and the accelerated arm; its times in both companies are held against each other, step by step.
    """
    from bench.stats.comparison import ratio_of_medians

    given = {"cores": len(choose_all_cores()), "seed": 0} | fields
    with tempfile.TemporaryDirectory() as scratch:
        racing = _InterferenceRace(make_run_opened(plan.make_plan(workload, **given)), Path(scratch))
        racing.run()
    if racing.record.failure:
        raise RuntimeError(racing.record.failure.what)
    lever = racing.workload.lever
    alone, company = racing.of_rival[lever.baseline], racing.of_rival[lever.accelerated]
    count = min(len(alone), len(company))
    waits = [sample.repetition for sample in racing.rivals[lever.accelerated]]
    used, idle = sum(wait.idle_cpu_s for wait in waits), sum(wait.idle_s for wait in waits)
    tell(f"{lever[lever.accelerated].label} used {used / idle:.2%} of a core while {lever.baseline} was timed")
    for step in (TOTAL, *(step.name for step in racing.plan.steps)):
        one, other = ([sample.seconds(step) for sample in samples[:count]] for samples in (alone, company))
        ratio = ratio_of_medians(other, one)
        tell(
            f"{step}: {format_duration(median(one))} alone, {format_duration(median(other))} beside {lever.accelerated}, "
            f"{ratio.value - 1:+.1%} ({ratio.low - 1:+.1%} to {ratio.high - 1:+.1%}), {count} samples each; "
            # Neighbours on the machine only ever make a sample slower.
            f"the fastest {format_duration(min(one))} and {format_duration(min(other))}, {min(other) / min(one) - 1:+.1%}"
        )


class _InterferenceRace(Race):
    """The baseline beside one rival after the other."""

    def __init__(self, opened: events.RunOpened, scratch: Path) -> None:
        super().__init__(
            opened, tell=lambda event: None, stop=lambda: None, scratch=scratch, cores=choose_cores(opened.plan.cores)
        )
        self.folder = scratch
        lever = self.workload.lever
        self.of_rival: dict[str, list[Sample]] = {lever.baseline: [], lever.accelerated: []}
        """Samples of the baseline, by its rival."""
        self.rivals: dict[str, list[Sample]] = {lever.baseline: [], lever.accelerated: []}

    def _race(self) -> None:
        [baseline] = self._prepare(self._cores, [Arm.BASELINE]).values()
        kept = {Arm.BASELINE: baseline}
        for number, rival in enumerate([*self.of_rival] * INTERFERENCE_ROUNDS):
            self.plan = self.plan.model_copy(update={"accelerated": rival})
            self._scratch = self.folder / str(number)
            arms = kept | self._prepare(self._cores, [Arm.ACCELERATED])
            for turn in range(-INTERFERENCE_WARM_UP_TURNS, INTERFERENCE_TURNS):
                samples = {
                    arm: self._sample(process, Phase.RACE, next(self._pairs), 0) for arm, process in arms.items()
                }
                if turn >= 0:
                    self.of_rival[rival].append(samples[Arm.BASELINE])
                    self.rivals[rival].append(samples[Arm.ACCELERATED])
            self._end_others(kept)
