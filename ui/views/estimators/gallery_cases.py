"""What is stored, and what waits or runs, of every case of the gallery: at its own size, at others, and on other
numbers of cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from bench.claims.case_table import CaseLine, describe_case
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_workload
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.case_series import (
    MAX_SEARCHED_RUNS,
    choose_newest,
    choose_row,
    has_failed,
    is_fresh,
    plan_sizes,
)
from bench.scheduler.queue import QueueEntry
from bench.scheduler.race_series import describe_failure, explain_missing_result, summarize_run
from bench.scheduler.race_time import RaceDuration, estimate_race_s, explain_slow, forecast_pair_s, measure_duration
from bench.scheduler.series_goals import BreakEvenGoal, Goal, KnownResults, ResultGoal, SeriesResult, collect_pair_times
from bench.stats.break_even import BreakEven, SizeResult
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from ui import records, services
from ui.access.redaction import public_text, shows_everything
from ui.views.estimators.gallery_settings import WORKLOAD, GalleryPlans

MAX_CACHED_RUNS = 1_000
MAX_CACHED_GALLERIES = 20


@dataclass(frozen=True, slots=True)
class GalleryCase:
    """A case with its plan."""

    plan: Plan
    label: str
    lines: tuple[CaseLine, ...]
    """What its last race on this machine found; empty without one that finished."""
    is_fresh: bool
    """Whether that race was made with the libraries that are installed now."""
    problem: str
    """Why the last race failed, or cannot be read; empty if neither is the case."""
    entry: QueueEntry | None
    """Its race that waits or runs."""
    expected_s: float
    """How long a race of it takes."""
    slow: str
    """Why it will probably make no claim, because it is slow; empty if it has a result, or is not known to be slow."""
    search: BreakEvenGoal
    break_even: BreakEven
    sizes: tuple[SizeResult, ...]
    """What is known of each size, in order, those that failed included."""
    core_lines: Mapping[int, CaseLine]
    """The line of the total by number of cores, for those that have a result."""

    @property
    def has_ratio(self) -> bool:
        return bool(self.lines) and self.lines[0].comparison is not None

    @property
    def status(self) -> str:
        """What the table shows in place of a result."""
        if self.entry:
            return "in the queue"
        if self.problem:
            return "no result"
        return "" if self.lines else "not yet"

    @property
    def reason(self) -> str:
        """Why there is no ratio, or what is to be said about it."""
        return self.problem or (self.lines[0].reason if self.lines else "")


@dataclass(frozen=True, slots=True)
class Gallery:
    """The selected cases, and what is known of their plans."""

    cases: tuple[GalleryCase, ...]
    core_plans: tuple[Plan, ...]
    """The plans of the cases on every number of cores, case by case."""
    results: KnownResults

    def list_goals(self) -> list[Goal]:
        """A result of each case that has none and waits for none."""
        return [ResultGoal(case.plan) for case in self.cases if not case.is_fresh and case.entry is None]

    def count_races(self, goals: Iterable[Goal]) -> int:
        """The most races that `goals` still take."""
        return sum(goal.count_races(self.results) for goal in goals)

    def estimate_s(self, goals: Iterable[Goal], *, again: bool = False) -> float:
        """How long the races of `goals` take at most; with `again`, also those that have a result."""
        results = KnownResults({}) if again else self.results
        expected = {case.plan.case: case.expected_s for case in self.cases}
        return sum(goal.count_races(results) * expected[goal.first.case] for goal in goals)


@dataclass(frozen=True, slots=True)
class SeriesProblems:
    """What the visitor's last series could not race."""

    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the digests of the plans."""
    since: datetime | None = None
    """When the series began. Races that began later show more than its reasons."""


@dataclass(frozen=True, slots=True)
class _StoredRace:
    """What the gallery needs of a stored race."""

    started: datetime
    lines: tuple[CaseLine, ...]
    is_fresh: bool
    duration: RaceDuration | None
    result: SeriesResult | None


@dataclass(frozen=True, slots=True)
class _StoredPlan:
    """The last race of a plan on this machine."""

    race: _StoredRace | None
    problem: str
    """Why it failed or cannot be read; empty with a race that finished."""
    failure: str
    """Why the newest race failed, if it did so with the libraries that are installed now; empty otherwise."""


def list_digests(plans: GalleryPlans) -> set[str]:
    """Of every race that the gallery may start with its present settings: all cases, sizes and numbers of cores."""
    workload = find_workload(WORKLOAD)
    sizes = (size for plan in plans.every for size in plan_sizes(workload, plan, max(plans.max_rows, plan.batch)))
    return {plan.digest for plan in sizes} | {
        plan.model_copy(update={"cores": cores}).digest for plan in plans.every for cores in plans.core_counts
    }


def load_gallery(plans: GalleryPlans, entries: Sequence[QueueEntry], problems: SeriesProblems) -> Gallery:
    """The selected cases. `entries` are the jobs that wait or run. Raises OSError and StoreError."""
    workload = find_workload(WORKLOAD)
    searches = [
        BreakEvenGoal(plan, tuple(plan_sizes(workload, plan, max(plans.max_rows, plan.batch))))
        for plan in plans.selected
    ]
    core_plans = tuple(
        plan.model_copy(update={"cores": cores}) for plan in plans.selected for cores in plans.core_counts
    )
    digests = {plan.digest for search in searches for plan in search.sizes} | {plan.digest for plan in core_plans}
    machine = services.get_machine()
    stored = _load_plans(
        tuple(sorted(digests)), tuple(sorted(machine.versions.items())), shows_everything(), _mark_store(), machine
    )
    recent = {
        digest: public_text(why)
        for digest, why in problems.reasons.items()
        if not _is_newer(stored.get(digest), problems.since)
    }
    current = {digest: plan.race for digest, plan in stored.items() if plan.race and digest not in recent}
    fresh = {digest: race for digest, race in current.items() if race.is_fresh}
    failures = {digest: plan.failure for digest, plan in stored.items() if plan.failure} | recent
    failed = {
        plan.digest: describe_failure(plan, failures[plan.digest])
        for search in searches
        for plan in search.sizes
        if plan.digest in failures
    }
    results = KnownResults(failed | {digest: race.result for digest, race in fresh.items() if race.result})
    lines = {digest: race.lines[0] for digest, race in fresh.items()}
    active = {entry.digest: entry for entry in entries if entry.kind is JobKind.RACE}
    return Gallery(
        tuple(
            _build_case(search, stored.get(search.first.digest), active, recent, results, lines, plans.core_counts)
            for search in searches
        ),
        core_plans,
        results,
    )


def _build_case(
    search: BreakEvenGoal,
    stored: _StoredPlan | None,
    active: Mapping[str, QueueEntry],
    problems: Mapping[str, str],
    results: KnownResults,
    lines: Mapping[str, CaseLine],
    core_counts: Sequence[int],
) -> GalleryCase:
    plan = search.first
    race, problem = (stored.race, stored.problem) if stored else (None, "")
    if plan.digest in problems:
        race, problem = None, problems[plan.digest]
    pair_s = forecast_pair_s(plan, collect_pair_times(results, search.sizes))
    digests = {cores: plan.model_copy(update={"cores": cores}).digest for cores in core_counts}
    return GalleryCase(
        plan=plan,
        label=resolve(plan).case.label,
        lines=race.lines if race else (),
        is_fresh=bool(race and race.is_fresh),
        problem=problem,
        entry=active.get(plan.digest),
        expected_s=estimate_race_s(plan, race.duration if race else None, pair_s),
        slow="" if race and race.is_fresh else explain_slow(plan, pair_s),
        search=search,
        break_even=search.find_break_even(results),
        sizes=tuple(search.list_sizes(results)),
        core_lines={cores: lines[digest] for cores, digest in digests.items() if digest in lines},
    )


def _is_newer(stored: _StoredPlan | None, since: datetime | None) -> bool:
    """Whether a stored race that finished began after `since`."""
    return stored is not None and stored.race is not None and since is not None and stored.race.started > since


def _mark_store() -> tuple[str, int]:
    """Changes when a race of an estimator is stored or deleted."""
    newest = records.list_rows(kind=JobKind.RACE, workload=WORKLOAD, limit=1)
    return newest[0].id if newest else "", services.get_store().count(kind=JobKind.RACE, workload=WORKLOAD)


@st.cache_data(max_entries=MAX_CACHED_GALLERIES, show_spinner=False)
def _load_plans(
    digests: tuple[str, ...],
    versions: tuple[tuple[str, str], ...],
    with_paths: bool,
    mark: tuple[str, int],
    _machine: Machine,
) -> dict[str, _StoredPlan]:
    """What is stored of each plan that has a race on this machine, by its digest. Raises StoreError."""
    rows = records.list_rows(kind=JobKind.RACE, digests=digests, limit=MAX_SEARCHED_RUNS * len(digests))
    by_digest: dict[str, list[JobRow]] = {}
    for row in rows:
        by_digest.setdefault(row.digest, []).append(row)
    loaded = {digest: _load_plan(own, versions, with_paths, _machine) for digest, own in by_digest.items()}
    return {digest: plan for digest, plan in loaded.items() if plan is not None}


def _load_plan(
    rows: Sequence[JobRow], versions: tuple[tuple[str, str], ...], with_paths: bool, machine: Machine
) -> _StoredPlan | None:
    """`rows` are the races of a plan, newest first. None if none of them is from this machine."""
    row, newest = choose_row(rows, machine), choose_newest(rows, machine)
    if row is None or newest is None:
        return None
    try:
        failure = _load_failure(newest.id, machine) if newest.state is State.FAILED else ""
        if row.state is State.FINISHED:
            return _StoredPlan(_load_race(row.id, row.started, versions, with_paths, machine), "", failure)
    except StoreError as error:
        return _StoredPlan(None, public_text(str(error)), "")
    # One that was stopped or interrupted is simply not raced yet.
    return _StoredPlan(None, row.race_sentence if row.state is State.FAILED else "", failure)


def _load_failure(run_id: str, machine: Machine) -> str:
    """Why a stored race failed; empty if it did so with other libraries. Raises StoreError."""
    record = records.load_record(run_id)
    if not isinstance(record, Run) or not has_failed(record, machine):
        return ""
    return public_text(explain_missing_result(record))


@st.cache_data(max_entries=MAX_CACHED_RUNS, show_spinner=False)
def _load_race(
    run_id: str, started: datetime, versions: tuple[tuple[str, str], ...], with_paths: bool, _machine: Machine
) -> _StoredRace | None:
    """A stored race does not change, but its texts depend on the visitor, and its age on the installed `versions`.
    None for a race that was deleted meanwhile. Raises StoreError."""
    record = records.load_record(run_id)
    if not isinstance(record, Run):
        return None
    return _StoredRace(
        started,
        tuple(describe_case(record)),
        is_fresh(record, _machine),
        measure_duration(record),
        summarize_run(record),
    )
