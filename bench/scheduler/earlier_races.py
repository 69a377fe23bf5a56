"""What the newest races on this machine say about the next one with the same settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.run.timeline import measure_first_pair_wait_s, measure_stages
from bench.scheduler.race_time import RaceDuration, measure_duration
from bench.storage.job_filter import JobFilter
from bench.storage.store import Store

MAX_LOADED_RACES = 4
"""Newest races of the same case, arms, cores and batch that are read."""
COURSE_FIELDS = {"budget_s", "target", "accuracy_limit", "seed"}
"""Fields of a plan that do not change how long its arms take to start, nor the memory that they need."""


@dataclass(frozen=True, slots=True)
class EarlierRace:
    """A finished race of this machine with the settings of a plan, whatever its time budget."""

    started: datetime
    boot_id: str | None
    preparing_s: float
    """Seconds from the opening of the race until its arms were ready."""
    wait_s: float | None
    """Seconds from then, or from the start of a race that was held, to the first pair that counts; None without one."""
    duration: RaceDuration | None
    arms_bytes: int
    """Largest memory of all arms together; 0 if it was not recorded."""


def list_earlier_races(store: Store, plan: Plan, machine: Machine) -> list[EarlierRace]:
    """The newest finished races of this machine that differ from `plan` at most in `COURSE_FIELDS`, newest first.
    Raises StoreError."""
    runs = load_own_runs(
        store,
        machine,
        MAX_LOADED_RACES,
        workload=plan.workload,
        case_name=plan.case,
        baseline=plan.baseline,
        accelerated=plan.accelerated,
        cores=plan.cores,
        batch=plan.batch,
    )
    wanted = plan.model_dump(exclude=COURSE_FIELDS)
    return [summarize_race(run) for run in runs if run.plan.model_dump(exclude=COURSE_FIELDS) == wanted]


def load_own_runs(store: Store, machine: Machine, limit: int, **filters: Unpack[JobFilter]) -> list[Run]:
    """The newest finished races of `machine` that were not edited and fit the filters, newest first. Raises
    StoreError."""
    finished: JobFilter = {**filters, "kind": JobKind.RACE, "state": State.FINISHED}
    rows = store.rows(limit=2 * limit, **finished)
    own = [row for row in rows if row.is_from(machine) and not row.edited][:limit]
    return [run for row in own if isinstance(run := store.load(row.id), Run)]


def summarize_race(run: Run) -> EarlierRace:
    stages = measure_stages(run.timeline, run.last_at)
    preparing_s, was_held = stages.get(State.PREPARING.value, 0.0), State.READY.value in stages
    first_pair_s = measure_first_pair_wait_s(run.timeline, run.samples)
    return EarlierRace(
        started=run.started,
        boot_id=run.machine.identity.boot_id,
        preparing_s=preparing_s,
        wait_s=None if first_pair_s is None else first_pair_s - (0.0 if was_held else preparing_s),
        duration=measure_duration(run),
        arms_bytes=max((sum(reading.arm_memory.values()) for reading in run.telemetry), default=0),
    )
