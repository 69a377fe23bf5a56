"""Races of many cases of a workload, one after the other: their plans, which of them have a result, and their time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.validation import BUDGET_RANGE_S, make_plan
from bench.race.budget import MAX_SPENT_FACTOR
from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import SAMPLING_STATES
from bench.run.timeline import measure_stages
from bench.storage.job_row import JobRow
from bench.system.limits import core_limit
from bench.workload.cases import DEFAULT_BUDGET_S
from bench.workload.declaration import Workload
from bench.workload.parameters import Setting

SHORT_BUDGET_S = 10.0
"""Default time budget of a race of a series."""
OTHER_STAGES_S = 12.0
"""Time of a race without its pairs, if none of its case is stored: starting both arms, their first calls, evidence and
accuracy."""
MAX_SEARCHED_RUNS = 4
"""Newest runs among which one of this machine is looked for, because machines may share a database."""


@dataclass(frozen=True, slots=True)
class SeriesSettings:
    """What the races of a series have in common."""

    cores: int
    batch: int | None = None
    """None for the default of each case."""
    budget_s: float = SHORT_BUDGET_S
    """Time budget of each race. Cases whose declaration has a larger one than usual keep it: 8 pairs need it."""
    max_budget_s: float | None = None
    """Limit of the budget for the visitor; None for no limit."""
    parameters: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    """Settings for the cases that have these parameters."""


def plan_series(workload: Workload, names: Iterable[str], settings: SeriesSettings) -> list[Plan]:
    """One plan for each of the cases `names`. Raises PlanError."""
    plans: list[Plan] = []
    for case in map(workload.case, names):
        declared = {parameter.name for parameter in workload.parameters_of(case)}
        needed_s = case.budget_s if case.budget_s > DEFAULT_BUDGET_S else 0.0
        budget_s = max(settings.budget_s, needed_s)
        if settings.max_budget_s is not None:
            budget_s = min(budget_s, max(BUDGET_RANGE_S[0], settings.max_budget_s))
        plans.append(
            make_plan(
                workload.name,
                case.name,
                core_limit=core_limit(),
                cores=settings.cores,
                batch=workload.batch_of(case).default if settings.batch is None else settings.batch,
                budget_s=budget_s,
                parameters={name: value for name, value in settings.parameters.items() if name in declared},
            )
        )
    return plans


def choose_row(rows: Sequence[JobRow], machine: Machine) -> JobRow | None:
    """The newest of `rows` (newest first) that finished on this machine and was not edited, else the newest that did
    not finish; None without any."""
    own = [row for row in rows if row.is_from(machine) and not row.edited]
    return next((row for row in own if row.state is State.FINISHED), next(iter(own), None))


def is_fresh(run: Run, machine: Machine) -> bool:
    """Whether a race has a result for the libraries that are installed now."""
    return run.state is State.FINISHED and run.machine.versions == machine.versions


@dataclass(frozen=True, slots=True)
class RaceDuration:
    """How long a finished race took."""

    cores: int
    batch: int
    budget_s: float
    sampling_s: float
    """From the warm-up to the last core count: what the time budget limits."""
    other_s: float


def measure_duration(run: Run) -> RaceDuration | None:
    """None for a race that recorded no stages."""
    stages = measure_stages(run.timeline, run.last_at)
    if not stages:
        return None
    sampling_s = sum(stages.get(state.value, 0.0) for state in (*SAMPLING_STATES, State.CORES))
    other_s = max(0.0, sum(stages.values()) - sampling_s)
    return RaceDuration(run.plan.cores, run.plan.batch, run.plan.budget_s, sampling_s, other_s)


def estimate_race_s(plan: Plan, last: RaceDuration | None) -> float:
    """Seconds that a race of `plan` will take, by the last race of its case with as many cores and rows, else by the
    rules of the time budget."""
    limit_s = MAX_SPENT_FACTOR * plan.budget_s
    if last is None or (last.cores, last.batch) != (plan.cores, plan.batch):
        return limit_s + OTHER_STAGES_S
    # A race that ended before its budget was spent had narrow intervals, and will have them again.
    factor = 1.0 if last.sampling_s < last.budget_s else plan.budget_s / last.budget_s
    return min(limit_s, factor * last.sampling_s) + last.other_s
