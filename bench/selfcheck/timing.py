"""How long does a race take from its start to its end, and how much of that is measured? Compared with the goals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.formatting import format_cores, format_count, format_percent
from bench.run.events import Event, RatiosEstimated
from bench.run.record import Run
from bench.run.time_use import describe_stages, measure_paired_share
from bench.run.timeline import find_first_pair, measure_paired_s
from bench.selfcheck.common import choose_all_cores, run_race
from bench.workload.parameters import Setting
from bench.workload.registry import load_workloads

TOTAL_FACTOR = 1.35
MIN_PAIRED_SHARE = 0.55
MAX_FIRST_RESULT_S = 30.0
"""Goals of every race: the total in budgets, besides `TimedRace.extra_s`; the share of samples of pairs from the first
pair on; and the time until a ratio with its interval is known."""
SHORT_BUDGET_S = 4.0
"""Budget of the race that fills the caches."""


@dataclass(frozen=True, slots=True)
class TimedRace:
    """A race with its goals, in seconds."""

    workload: str
    budget_s: float
    first_pair_s: float
    """Longest time until the first pair begins."""
    extra_s: float = 10.0
    """How much longer than `TOTAL_FACTOR` budgets the race may take."""
    case: str | None = None
    parameters: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    has_caches: bool = False
    """Whether the goals are for a race that finds its models or its compiled kernels made, by an earlier race."""

    @property
    def label(self) -> str:
        settings = [self.case, *(f"{name}={value}" for name, value in self.parameters.items())]
        return " ".join([self.workload, *(setting for setting in settings if setting)])

    @property
    def total_s(self) -> float:
        return TOTAL_FACTOR * self.budget_s + self.extra_s


RACES = (
    TimedRace("colour-quantization", 30, 3),
    TimedRace("bert", 60, 8, has_caches=True),
    TimedRace("bert", 30, 20, 25, parameters={"model": "bert-base-untrained"}, has_caches=True),
    TimedRace("modin", 40, 5),
    TimedRace("memory-traffic", 20, 5, case="tiling", has_caches=True),
    TimedRace("memory-traffic", 20, 5, case="stencil", has_caches=True),
)


def check_time(report: Callable[[str], None] = print, *, races: Sequence[TimedRace] = RACES) -> None:
    """Run the races on all cores and print a line for each, and one for its stages.

    Raises RuntimeError if an arm fails.
    """
    report(
        f"{'race':42} budget | total, goal | first pair, goal | first interval, goal "
        "| samples of pairs, share from the first pair, goal"
    )
    report(
        "first pair: seconds until the first pair that counts began, after the arms were ready and after all pairs "
        "that were excluded"
    )
    for race in races:
        if reason := load_workloads()[race.workload].unavailable():
            report(f"{race.label:42} {reason}")
            continue
        if race.has_caches:
            _run(race, SHORT_BUDGET_S, lambda event: None)
        estimates: list[RatiosEstimated] = []

        def keep_estimate(event: Event, estimates: list[RatiosEstimated] = estimates) -> None:
            if isinstance(event, RatiosEstimated):
                estimates.append(event)

        began = time.monotonic()
        run = _run(race, race.budget_s, keep_estimate)
        total_s = time.monotonic() - began
        first_result_s = estimates[0].at if estimates else None
        report(f"{race.label:42} {describe_times(run, race, total_s, first_result_s)}")
        report(f"  {describe_stages(run)}")
        for cores, why in run.skipped_core_counts.items():
            report(f"  {format_cores(cores)} not tried: {why}")


def describe_times(run: Run, race: TimedRace, total_s: float, first_result_s: float | None) -> str:
    """The times of a run, each with its goal and `!` where that is missed.

    The run took `total_s` seconds, and had a ratio with its interval after `first_result_s`; None if it had none.
    """
    first_pair_s, paired_s = find_first_pair(run.samples), measure_paired_s(run.samples)
    text = f"{race.budget_s:4.0f} s | {_mark(total_s <= race.total_s)}{total_s:.1f}, {race.total_s:.0f} s"
    share = measure_paired_share(run)
    if first_pair_s is None or share is None:
        return f"{text} | !no pair"
    excluded = f", {format_count(run.excluded_pairs, 'pair')} excluded" if run.excluded_pairs else ""
    if first_result_s is None:
        first_result = "!none"
    else:
        first_result = f"{_mark(first_result_s <= MAX_FIRST_RESULT_S)}{first_result_s:.1f}, {MAX_FIRST_RESULT_S:.0f} s"
    return (
        f"{text} | {_mark(first_pair_s <= race.first_pair_s)}{first_pair_s:.1f}, {race.first_pair_s:.0f} s{excluded} "
        f"| {first_result} | {paired_s:.1f} s, {_mark(share >= MIN_PAIRED_SHARE)}{format_percent(share, 0)}, "
        f"{format_percent(MIN_PAIRED_SHARE, 0)}"
    )


def _mark(is_met: bool) -> str:
    return "" if is_met else "!"


def _run(race: TimedRace, budget_s: float, emit: Callable[[Event], None]) -> Run:
    fields = {"case": race.case} if race.case else {}
    return run_race(
        race.workload,
        emit=emit,
        cores=len(choose_all_cores()),
        budget_s=budget_s,
        parameters=dict(race.parameters),
        **fields,
    )
