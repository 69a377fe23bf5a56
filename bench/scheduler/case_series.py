"""Races of many cases of a workload: their plans, and which of them have a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.validation import BUDGET_RANGE_S, make_plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.job_row import JobRow
from bench.storage.store import Store
from bench.system.limits import core_limit
from bench.workload.cases import DEFAULT_BUDGET_S
from bench.workload.declaration import Workload
from bench.workload.parameters import Setting

SHORT_BUDGET_S = 10.0
"""Default time budget of a race of a series."""
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


def list_core_counts(limit: int) -> list[int]:
    """The powers of two up to `limit`, and `limit` itself."""
    return sorted({1 << power for power in range(limit.bit_length())} | {limit})


def list_sizes(workload: Workload, case_name: str, *, start: int, max_rows: int) -> list[int]:
    """The sizes of a search for a break-even, in order: the stops of the batch slider up to `max_rows`, and `start`."""
    batch = workload.batch_of(workload.case(case_name))
    return sorted({stop for stop in batch.stops if stop <= max_rows} | {start})


def plan_sizes(workload: Workload, plan: Plan, max_rows: int) -> list[Plan]:
    """One plan for each size of `list_sizes`, with all other settings of `plan`."""
    sizes = list_sizes(workload, plan.case, start=plan.batch, max_rows=max_rows)
    return [plan.model_copy(update={"batch": size}) for size in sizes]


def find_fresh_run(store: Store, plan: Plan, machine: Machine) -> Run | None:
    """The stored race of `plan` that need not be repeated. Raises StoreError."""
    row = choose_row(store.rows(kind=JobKind.RACE, digest=plan.digest, limit=MAX_SEARCHED_RUNS), machine)
    run = store.load(row.id) if row and row.state is State.FINISHED else None
    return run if isinstance(run, Run) and is_fresh(run, machine) else None


def find_failed_run(store: Store, plan: Plan, machine: Machine) -> Run | None:
    """The newest stored race of `plan` if it failed with the libraries that are installed now. Raises StoreError."""
    rows = store.rows(kind=JobKind.RACE, digest=plan.digest, limit=MAX_SEARCHED_RUNS)
    newest = choose_newest(rows, machine)
    run = store.load(newest.id) if newest and newest.state is State.FAILED else None
    return run if isinstance(run, Run) and has_failed(run, machine) else None


def choose_row(rows: Sequence[JobRow], machine: Machine) -> JobRow | None:
    """The newest of `rows` (newest first) that finished on this machine and was not edited, else the newest that did
    not finish; None without any."""
    own = [row for row in rows if row.is_from(machine) and not row.edited]
    return next((row for row in own if row.state is State.FINISHED), next(iter(own), None))


def choose_newest(rows: Sequence[JobRow], machine: Machine) -> JobRow | None:
    """The first of `rows` (newest first) that is from this machine and was not edited; None without any."""
    return next((row for row in rows if row.is_from(machine) and not row.edited), None)


def is_fresh(run: Run, machine: Machine) -> bool:
    """Whether a race has a result for the libraries that are installed now."""
    return run.state is State.FINISHED and run.machine.versions == machine.versions


def has_failed(run: Run, machine: Machine) -> bool:
    """Whether a race failed with the libraries that are installed now."""
    return run.state is State.FAILED and run.machine.versions == machine.versions
