"""Checks before a demo: whether races of some plans can start now, how soon their first pairs appear, and what to do.

Nothing is measured here and nothing is started: what is known of the machine now is in `Surroundings`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bench import paths
from bench.formatting import format_budget, format_bytes, format_cores, format_count, format_percent
from bench.machine.last_noise import load_noise, measure_age_s
from bench.machine.model import Machine
from bench.machine.noise import Noise
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, check_plan
from bench.scheduler.earlier_races import EarlierRace, list_earlier_races
from bench.scheduler.preparation import MIN_RESIDENT_SHARE, PlanPreparation, list_preparations, preparation_key
from bench.scheduler.queue import QueueEntry
from bench.scheduler.race_time import estimate_race_s
from bench.storage.store import Store
from bench.system.limits import available_memory_bytes, core_limit

FIRST_PAIR_GOAL_S = 5.0
"""Longest time from the start of a race to its first pair that an audience does not notice."""
OPENING_S = 1.0
"""Time from the submission of a race to its opening, if nothing is in the queue: its process starts."""
MAX_NOISE_AGE_S = 1800.0
"""An older measurement of the noise says little about now."""
MAX_BACKGROUND_CORES = 0.5
"""Other programs that keep more cores busy disturb a race, see `bench.machine.noise.USABLE_BELOW`."""
UNKNOWN_ARMS_BYTES = 2 << 30
"""Memory of both arms of a plan that was not raced here. The shipped plans take less on two cores."""
MIN_FREE_DISK_BYTES = 5 << 30
"""Preparing BERT-base writes about 3 GiB."""
CRITICAL_DISK_BYTES = 1 << 30
"""With less, journals and results may not be written."""


class Outcome(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """The races run, but start later or are disturbed."""
    PROBLEM = "problem"
    """A race cannot run."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check has found. The texts are plain text."""

    name: str
    title: str
    outcome: Outcome
    seen: str
    remedy: str = ""
    """What to do, as sentences; empty if there is nothing to do."""


@dataclass(frozen=True, slots=True)
class PlannedRace:
    """A race that will be started, such as a step of a tour."""

    title: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is known of the machine now."""

    entries: Sequence[QueueEntry]
    """The jobs that wait or run."""
    background_cores: float | None = None
    """Number of cores that other programs keep busy; None if it is not known."""
    noise: Noise | None = None
    """The last measurement."""
    available_bytes: int = 0
    """Of memory; 0 if unknown."""
    free_disk_bytes: int = 0
    core_limit: int = 1
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class RaceForecast:
    """What is expected of one planned race."""

    race: PlannedRace
    problem: str
    """Why it cannot run here; empty if it can."""
    preparation: PlanPreparation | None
    """None if its workload needs none, and if it cannot run."""
    ready_s: float | None
    """Expected seconds from its submission until its arms are ready, by a race of the same settings that began when
    they were prepared; None without one."""
    wait_s: float | None
    """Expected seconds from then to its first pair."""
    is_held: bool
    """Whether its arms get ready before it is started, see `bench.scheduler.held_race`."""
    race_s: float
    """Expected seconds from its start to its end."""
    arms_bytes: int
    """Memory of its arms."""

    @property
    def first_pair_s(self) -> float | None:
        """Expected seconds from its start to its first pair."""
        if self.ready_s is None or self.wait_s is None:
            return None
        return self.wait_s if self.is_held else self.ready_s + self.wait_s

    @property
    def is_prepared(self) -> bool:
        return not self.problem and (self.preparation is None or self.preparation.is_ready)


@dataclass(frozen=True, slots=True)
class Preflight:
    """All checks of some planned races."""

    checks: Sequence[Check]
    forecasts: Sequence[RaceForecast]
    preparations: Sequence[PlanPreparation]
    """The different preparations that the races need."""

    @property
    def outcome(self) -> Outcome:
        """The worst of all checks."""
        outcomes = {check.outcome for check in self.checks}
        return next((outcome for outcome in (Outcome.PROBLEM, Outcome.WARNING) if outcome in outcomes), Outcome.OK)

    @property
    def unprepared(self) -> list[PlanPreparation]:
        return [preparation for preparation in self.preparations if not preparation.is_ready]

    @property
    def summary(self) -> str:
        """`Ready`, or the titles of the checks that are not passed."""
        if self.outcome is Outcome.OK:
            return "Ready"
        open_checks = [check.title for check in self.checks if check.outcome is not Outcome.OK]
        return f"{'Not ready' if self.outcome is Outcome.PROBLEM else 'Almost ready'}: {', '.join(open_checks)}"


def read_surroundings(entries: Sequence[QueueEntry], background_cores: float | None = None) -> Surroundings:
    """Raises OSError."""
    return Surroundings(
        entries=entries,
        background_cores=background_cores,
        noise=load_noise(),
        available_bytes=available_memory_bytes(),
        # Caches and results may be on different disks.
        free_disk_bytes=min(shutil.disk_usage(folder).free for folder in (paths.cache(), paths.journals())),
        core_limit=core_limit(),
    )


def examine_races(
    races: Sequence[PlannedRace],
    store: Store,
    machine: Machine,
    surroundings: Surroundings,
    *,
    is_held: bool = False,
) -> Preflight:
    """Check what `races` need. `is_held`: their arms get ready before they are started. Raises StoreError."""
    problems = {race.plan.digest: _find_problem(race.plan, surroundings.core_limit) for race in races}
    runnable = [race.plan for race in races if not problems[race.plan.digest]]
    preparations = list_preparations(runnable, store, machine)
    by_digest = {preparation.digest: preparation for preparation in preparations}
    forecasts = [_forecast_race(race, problems[race.plan.digest], by_digest, store, machine, is_held) for race in races]
    checks = [
        _check_settings(forecasts),
        _check_preparations(preparations),
        _check_memory_files(preparations),
        _check_first_pairs(forecasts),
        _check_memory(forecasts, surroundings),
        _check_disk(surroundings),
        _check_queue(surroundings),
        _check_background(surroundings, machine),
        _check_noise(surroundings),
        _check_duration(forecasts),
    ]
    return Preflight(checks, forecasts, preparations)


def _find_problem(plan: Plan, cores: int) -> str:
    """Why a race of `plan` cannot run here, and what to do; empty if it can."""
    try:
        check_plan(plan, cores)
        return resolve(plan).unavailable()
    except PlanError as error:
        return f"{error}."


def _forecast_race(
    race: PlannedRace,
    problem: str,
    preparations: Mapping[str, PlanPreparation],
    store: Store,
    machine: Machine,
    is_held: bool,
) -> RaceForecast:
    if problem:
        return RaceForecast(race, problem, None, None, None, is_held, 0.0, 0)
    preparation = preparations.get(preparation_key(race.plan))
    earlier = list_earlier_races(store, race.plan, machine)
    found = _find_prepared_race(earlier, preparation, machine)
    durations = [other.duration for other in earlier if other.duration]
    return RaceForecast(
        race=race,
        problem="",
        preparation=preparation,
        ready_s=OPENING_S + found.preparing_s if found else None,
        wait_s=found.wait_s if found else None,
        is_held=is_held,
        race_s=estimate_race_s(race.plan, next(iter(durations), None)),
        arms_bytes=max((other.arms_bytes for other in earlier), default=0) or UNKNOWN_ARMS_BYTES,
    )


def _find_prepared_race(
    earlier: Sequence[EarlierRace], preparation: PlanPreparation | None, machine: Machine
) -> EarlierRace | None:
    """The newest race since the last boot that found everything prepared."""
    prepared_at = preparation.finished_at if preparation else None
    for race in earlier:
        is_since_boot = race.boot_id is not None and race.boot_id == machine.identity.boot_id
        if is_since_boot and race.wait_s is not None and (prepared_at is None or race.started >= prepared_at):
            return race
    return None


def _check_settings(forecasts: Sequence[RaceForecast]) -> Check:
    title = "Libraries and cores"
    problems: dict[str, list[str]] = {}
    for forecast in forecasts:
        if forecast.problem:
            problems.setdefault(forecast.problem, []).append(forecast.race.title)
    if not problems:
        workloads = {forecast.race.plan.workload for forecast in forecasts}
        return Check("settings", title, Outcome.OK, f"all libraries of {format_count(len(workloads), 'workload')}")
    titles = ", ".join(title for titles in problems.values() for title in titles)
    return Check("settings", title, Outcome.PROBLEM, f"cannot run here: {titles}", " ".join(problems))


def _check_preparations(preparations: Sequence[PlanPreparation]) -> Check:
    title, missing = "Models and data sets", [preparation for preparation in preparations if not preparation.is_ready]
    if not missing:
        return Check("preparation", title, Outcome.OK, f"{len(preparations)} of {len(preparations)} prepared")
    known = [preparation.expected_s for preparation in missing]
    return Check(
        "preparation",
        title,
        Outcome.WARNING,
        f"{len(preparations) - len(missing)} of {len(preparations)} prepared since the machine was started",
        f"Prepare everything: about {format_budget(sum(known))}. Without it, the first races make what they need.",
    )


def _check_memory_files(preparations: Sequence[PlanPreparation]) -> Check:
    title = "Files in memory"
    shares = {entry.task.label: entry.resident_share for entry in preparations if entry.resident_share is not None}
    if not shares:
        return Check("files", title, Outcome.OK, "checked once something is prepared")
    seen = f"at least {format_percent(min(shares.values()), 0)} of what each preparation has read"
    cold = [label for label, share in shares.items() if share < MIN_RESIDENT_SHARE]
    if not cold:
        return Check("files", title, Outcome.OK, seen)
    remedy = f"The system has dropped files from memory. Prepare again: {', '.join(cold)}."
    return Check("files", title, Outcome.WARNING, seen, remedy)


def _check_first_pairs(forecasts: Sequence[RaceForecast]) -> Check:
    title = "First pairs"
    expected = {forecast.race.title: forecast.first_pair_s for forecast in forecasts if forecast.is_prepared}
    known = {name: seconds for name, seconds in expected.items() if seconds is not None}
    late = {name: seconds for name, seconds in known.items() if seconds > FIRST_PAIR_GOAL_S}
    if late:
        texts = ", ".join(f"{name} after {seconds:.0f} s" for name, seconds in late.items())
        return Check("first pairs", title, Outcome.WARNING, texts, "Say something while these races start.")
    if len(known) < len(forecasts):
        return Check(
            "first pairs",
            title,
            Outcome.WARNING,
            f"known for {len(known)} of {format_count(len(forecasts), 'race')}",
            "Once they are prepared, run each once. A tour has short races for that: key S, then R in each step.",
        )
    slowest = max(known.values(), default=0.0)
    seen = f"within {max(1.0, slowest):.0f} s of the start of each race"
    ready_s = max((forecast.ready_s or 0.0 for forecast in forecasts if forecast.is_held), default=0.0)
    if ready_s:
        seen += (
            f", once its arms are ready: they start when the race before has ended, and take at most {ready_s:.0f} s"
        )
    return Check("first pairs", title, Outcome.OK, seen)


def _check_memory(forecasts: Sequence[RaceForecast], surroundings: Surroundings) -> Check:
    title, available = "Memory", surroundings.available_bytes
    needed = max((forecast.arms_bytes for forecast in forecasts), default=0)
    if not available:
        return Check("memory", title, Outcome.WARNING, "the free memory is not known")
    seen = f"{format_bytes(available)} free, the largest race takes about {format_bytes(needed)}"
    if needed < available:
        return Check("memory", title, Outcome.OK, seen)
    remedy = "Close other programs, or choose smaller settings."
    return Check("memory", title, Outcome.PROBLEM, seen, remedy)


def _check_disk(surroundings: Surroundings) -> Check:
    title, free = "Disk", surroundings.free_disk_bytes
    seen = f"{format_bytes(free)} free for caches and results"
    if free >= MIN_FREE_DISK_BYTES:
        return Check("disk", title, Outcome.OK, seen)
    outcome = Outcome.PROBLEM if free < CRITICAL_DISK_BYTES else Outcome.WARNING
    return Check("disk", title, outcome, seen, f"Free {format_bytes(MIN_FREE_DISK_BYTES)}: python -m bench clean.")


def _check_queue(surroundings: Surroundings) -> Check:
    title, count = "Queue", len(surroundings.entries)
    if not count:
        return Check("queue", title, Outcome.OK, "no other job waits or runs")
    remedy = "Races start after them: wait until they end, or stop them."
    return Check("queue", title, Outcome.WARNING, f"{format_count(count, 'job')} before yours", remedy)


def _check_background(surroundings: Surroundings, machine: Machine) -> Check:
    title, busy = "Other programs", surroundings.background_cores
    if surroundings.entries:
        return Check("background", title, Outcome.OK, "not measured while a job waits or runs")
    if busy is None:
        return Check("background", title, Outcome.WARNING, "being measured")
    seen = f"use {busy:.1f} of {format_cores(machine.logical_threads)}"
    if busy < MAX_BACKGROUND_CORES:
        return Check("background", title, Outcome.OK, seen)
    return Check("background", title, Outcome.WARNING, seen, "Close other programs, other tabs and background jobs.")


def _check_noise(surroundings: Surroundings) -> Check:
    title, noise = "Noise", surroundings.noise
    if noise is None:
        return Check("noise", title, Outcome.WARNING, "not measured", "Measure the noise while the queue is empty.")
    age_s = measure_age_s(noise, surroundings.now)
    seen = f"{noise.word}, {noise.score:.1f} %, measured {_format_age(age_s)} ago"
    if noise.word == "noisy":
        remedy = "Reduce background load, then measure again; or increase the time budgets."
        return Check("noise", title, Outcome.WARNING, seen, remedy)
    if age_s > MAX_NOISE_AGE_S:
        return Check("noise", title, Outcome.WARNING, seen, "Measure the noise again.")
    return Check("noise", title, Outcome.OK, seen)


def _check_duration(forecasts: Sequence[RaceForecast]) -> Check:
    total_s = sum(forecast.race_s for forecast in forecasts)
    seen = f"{format_count(len(forecasts), 'race')} in about {format_budget(total_s)}"
    return Check("duration", "Duration", Outcome.OK, seen)


def _format_age(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
