"""Several runs of one plan side by side: what differs in their environments, and how far the times of each arm differ.

All runs are compared with the first. Pages, reports and the command line show the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.formatting import (
    format_estimate,
    format_interval,
    format_median,
    format_ratio_with_interval,
)
from bench.run.comparability import DifferenceKind, find_differences, find_obstacles
from bench.run.record import Run
from bench.stats.change import estimate_change
from bench.values.base import Arm
from bench.values.output import Table
from bench.values.samples import TOTAL
from bench.values.statistics import Interval

_ArmChanges = dict[tuple[str, Arm], list[Interval]]
"""How far the time of an arm in each run differs from that in the first, by step and arm."""
MIN_COMPARED_RUNS, MAX_COMPARED_RUNS = 2, 20
DIFFERENT_MACHINES = (
    "Different machines, compared because that was asked for. The times are those of the machines too, not of the "
    "software alone."
)
BOTH_CHANGED = (
    "Both arms got {word} in run {run}. A change of the machine, such as other load, frequency or temperature, "
    "explains that better than a change of one library. The intervals of an arm's time do not contain it; compare the "
    "ratios."
)


class NotComparableError(ValueError):
    """Runs that may not be compared. `reasons` says why, a sentence each."""

    def __init__(self, reasons: Sequence[str], *, only_machines: bool) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)
        self.only_machines = only_machines
        """Whether nothing but the machines differs, so that a person may ask for the comparison all the same."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Runs of one plan, the earliest first."""

    runs: tuple[Run, ...]
    warnings: tuple[str, ...]
    """What has to be shown with every result, such as that the machines differ."""
    differences: Table
    """What differs, a row each and a column for each run; nothing that is equal in all of them."""
    arms: Table
    """The time of each arm in each run, and its ratio to the first run with its interval; for the total and each
    step."""
    ratios: Table
    """The ratio of both arms in each run, and how far it differs from that of the first."""


def compare_runs(runs: Sequence[Run], *, different_machines: bool = False) -> RunComparison:
    """Compare 2 to 20 runs. Raises NotComparableError; with `different_machines`, another machine is no reason."""
    if reasons := list_obstacles(runs, different_machines=different_machines):
        raise NotComparableError(reasons, only_machines=not list_obstacles(runs, different_machines=True))
    ordered = sorted(runs, key=lambda run: run.started)
    first, *others = ordered
    differ = any(
        difference.kind is DifferenceKind.MACHINE for other in others for difference in find_differences(first, other)
    )
    changes = _estimate_arm_changes(ordered)
    return RunComparison(
        runs=tuple(ordered),
        warnings=(DIFFERENT_MACHINES,) if differ else tuple(_list_common_changes(ordered, changes)),
        differences=_build_differences(ordered),
        arms=_build_arms(ordered, changes),
        ratios=_build_ratios(ordered),
    )


def label_run(run: Run) -> str:
    """A run as the title of a column: time and the beginning of its id, and whether it was imported."""
    return f"{run.started:%Y-%m-%d %H:%M} {run.id[:8]}{' imported' if run.imported else ''}"


def list_obstacles(runs: Sequence[Run], *, different_machines: bool = False) -> list[str]:
    """Why runs may not be compared, a sentence each; empty if they may. See `compare_runs`."""
    if not MIN_COMPARED_RUNS <= len(runs) <= MAX_COMPARED_RUNS:
        return [f"expected {MIN_COMPARED_RUNS} to {MAX_COMPARED_RUNS} runs, got {len(runs)}"]
    first, *others = sorted(runs, key=lambda run: run.started)
    found = [
        f"run {other.id[:8]}: {reason}" if len(others) > 1 and not reason.startswith("run ") else reason
        for other in others
        for reason in find_obstacles(first, other, different_machines=different_machines)
    ]
    return list(dict.fromkeys(found))


def _build_differences(runs: Sequence[Run]) -> Table:
    first, *others = runs
    values: dict[str, list[str]] = {}
    for position, other in enumerate(others, start=1):
        for difference in find_differences(first, other):
            row = values.setdefault(difference.name, [difference.first] * len(runs))
            row[position] = difference.second
    return Table(
        name="differences",
        label="What differs",
        columns=["what", *map(label_run, runs)],
        rows=[[name, *row] for name, row in values.items()],
    )


def _estimate_arm_changes(runs: Sequence[Run]) -> _ArmChanges:
    # Here because it imports a part of SciPy, which pages without a comparison need not.
    from bench.stats.arm_change import estimate_arm_change

    first, *others = runs
    steps = [one.step for one in first.statistics if all(run.comparison(one.step) for run in others)]
    changes: _ArmChanges = {}
    for step in steps:
        # The total is one question; the steps are many more, and so are several runs.
        family = len(others) * len(Arm) * (1 if step == TOTAL else max(1, len(steps) - 1))
        for arm in Arm:
            before = _list_times(first, step, arm)
            changes[step, arm] = [
                estimate_arm_change(before, _list_times(other, step, arm), family=family) for other in others
            ]
    return changes


def _list_common_changes(runs: Sequence[Run], changes: _ArmChanges) -> Iterator[str]:
    """The runs in which the total of both arms changed in the same direction, a sentence each."""
    for other, *arms in zip(runs[1:], *(changes.get((TOTAL, arm), []) for arm in Arm), strict=False):
        if all(change.low > 1 for change in arms) or all(change.high < 1 for change in arms):
            yield BOTH_CHANGED.format(word="slower" if arms[0].low > 1 else "faster", run=other.id[:8])


def _build_arms(runs: Sequence[Run], changes: _ArmChanges) -> Table:
    first, *others = runs
    labels = first.snapshot.labels()
    rows: list[list[str]] = []
    for (step, arm), of_arm in changes.items():
        cells = [
            f"{_format_time(other, step, arm)}, {_describe_change(change)}"
            for other, change in zip(others, of_arm, strict=True)
        ]
        name = f"{arm}: {first.snapshot.arms[arm]}"
        rows.append([labels.get(step, step), name, _format_time(first, step, arm), *cells])
    return Table(
        name="arms",
        label="Time of each arm, over its time in the first run",
        columns=["step", "arm", *map(label_run, runs)],
        rows=rows,
    )


def _build_ratios(runs: Sequence[Run]) -> Table:
    first, *others = runs
    labels = first.snapshot.labels()
    rows: list[list[str]] = []
    for one in first.statistics:
        family = len(others) * (1 if one.step == TOTAL else max(1, len(first.statistics) - 1))
        cells = [format_ratio_with_interval(one.ratio)]
        for run in others:
            other = run.comparison(one.step)
            if other is None:
                cells.append("not timed")
                continue
            change = estimate_change(one.ratio, other.ratio, family=family)
            cells.append(f"{format_ratio_with_interval(other.ratio)}, {_describe_change(change)}")
        rows.append([labels.get(one.step, one.step), *cells])
    return Table(
        name="ratios",
        label="Ratio of baseline and accelerated, and its change from the first run",
        columns=["step", *map(label_run, runs)],
        rows=rows,
    )


def _describe_change(change: Interval) -> str:
    """`0.91x (0.85 to 0.97)`, and whether that is a change."""
    text = f"{format_estimate(change)} ({format_interval(change)})"
    return f"{text}, not distinguishable" if change.includes(1.0) else text


def _list_times(run: Run, step: str, arm: Arm) -> list[float]:
    return [sample.seconds(step) for sample in run.samples_of(arm)]


def _format_time(run: Run, step: str, arm: Arm) -> str:
    comparison = run.comparison(step)
    assert comparison
    return format_median(comparison.summary(arm))
