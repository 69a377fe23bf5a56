"""What of this machine is prepared for which plans, and what is not. See `bench.workload.preparation`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from bench import paths
from bench.formatting import format_cores
from bench.machine.model import Machine
from bench.plan.plan import Plan, format_setting
from bench.plan.resolved import ResolvedPlan, resolve
from bench.plan.validation import find_workload, make_plan
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.scheduler.order import measurement_key
from bench.storage.job_row import JobRow
from bench.storage.store import Store, StoreError
from bench.system.cache_entry import ENTRY_FILE
from bench.system.limits import core_limit
from bench.system.page_cache import compare_resident_bytes
from bench.workload.declaration import Workload
from bench.workload.preparation import PREPARE_TASK, PreparationResult
from bench.workload.registry import load_workloads
from bench.workload.tasks import Task

MIN_RESIDENT_SHARE = 0.9
"""With a smaller share of the files in memory, a race starts as slowly as after a restart of the machine."""
NEVER_DONE = "not done yet"
NO_ENTRY = "removed from the cache"
RESTARTED = "the machine was restarted"
NOT_IN_MEMORY = "the system has dropped its files from memory"


@dataclass(frozen=True, slots=True)
class PlanPreparation:
    """How far a workload is prepared for races with the settings of a plan."""

    workload: Workload
    plan: Plan
    digest: str
    """Equal for plans that one preparation serves, see `measurement_digest`."""
    task: Task
    """Its declaration."""
    settings: str
    """The settings that it depends on and that are not the defaults, as text; empty if there are none."""
    why_open: str
    """Why it has to be done; empty if it has been done here since the last boot, and what it has made is still in the
    cache and in memory."""
    last_s: float | None = None
    """How long the last preparation on this machine took; None if there was none."""
    finished_at: datetime | None = None
    """When it ended."""
    resident_share: float | None = None
    """Share of the files that it left in the memory of the system and that are still there, 0 to 1; None if it was not
    done since the last boot."""

    @property
    def is_ready(self) -> bool:
        return not self.why_open

    @property
    def expected_s(self) -> float:
        """About how long preparing will take."""
        usual_s = self.task.usual_s
        if self.last_s is None:
            return usual_s
        # What is no longer in the cache takes longer than a last one that found it there.
        return max(self.last_s, usual_s) if self.why_open == NO_ENTRY else self.last_s


def list_preparable_workloads() -> list[Workload]:
    """Those that can run here and can be prepared. Reads nothing that is stored."""
    return [
        workload
        for workload in load_workloads().values()
        if not workload.hidden and find_preparation(workload) and not workload.unavailable()
    ]


def list_default_plans() -> list[Plan]:
    """The default plan of each workload that can be prepared."""
    return [make_plan(workload.name, core_limit=core_limit()) for workload in list_preparable_workloads()]


def list_preparations(plans: Iterable[Plan], store: Store, machine: Machine) -> list[PlanPreparation]:
    """The different preparations that `plans` need, in their order: one may serve several plans. Plans that cannot run
    here, or need no preparation, are left out. Raises StoreError."""
    found: dict[str, PlanPreparation] = {}
    for plan in plans:
        task, digest = find_preparation(find_workload(plan.workload)), preparation_key(plan)
        if task and digest not in found and not resolve(plan).unavailable():
            found[digest] = _describe_preparation(plan, task, digest, store, machine)
    return list(found.values())


def preparation_key(plan: Plan) -> str:
    """The digest of the preparation that `plan` needs; empty if its workload has none."""
    return measurement_key(plan, PREPARE_TASK, {}) if find_preparation(find_workload(plan.workload)) else ""


def find_preparation(workload: Workload) -> Task | None:
    """The task that prepares the workload; None if there is nothing to prepare."""
    return next((task for task in workload.tasks.entries if task.name == PREPARE_TASK), None)


def _describe_preparation(plan: Plan, task: Task, digest: str, store: Store, machine: Machine) -> PlanPreparation:
    workload = find_workload(plan.workload)
    preparation = PlanPreparation(workload, plan, digest, task, _describe_settings(resolve(plan)), NEVER_DONE)
    row = store.last_measurement(workload=workload.name, task=PREPARE_TASK, digest=digest)
    record = _load_record(store, row.id) if row and row.is_from(machine) else None
    if row is None or not isinstance(record, MeasurementRecord):
        return preparation
    result, why_open, share = _load_result(record), "", None
    if result is None or not _has_all_entries(result):
        why_open = NO_ENTRY
    elif not _is_same_boot(row, machine):
        why_open = RESTARTED
    elif (share := compare_resident_bytes(result.resident_bytes)) < MIN_RESIDENT_SHARE:
        why_open = NOT_IN_MEMORY
    return replace(
        preparation, why_open=why_open, last_s=record.seconds, finished_at=record.ended, resident_share=share
    )


def _describe_settings(resolved: ResolvedPlan) -> str:
    plan, workload = resolved.plan, resolved.workload
    depends_on, texts = workload.tasks.task(PREPARE_TASK).depends_on, list[str]()
    batch = workload.batch_of(resolved.case)
    if "batch" in depends_on and plan.batch != batch.default:
        texts.append(f"{batch.label.lower()} {plan.batch:,}")
    for parameter in resolved.parameters:
        value = plan.parameters[parameter.name]
        if parameter.name in depends_on and value != parameter.default:
            texts.append(parameter.choices.get(str(value)) or f"{parameter.label.lower()} {format_setting(value)}")
    if plan.cores != core_limit():
        texts.append(format_cores(plan.cores))
    return ", ".join(texts)


def _load_record(store: Store, job_id: str) -> JobRecord | None:
    """None also for a record that is damaged or of a later version: the workload can be prepared again."""
    try:
        return store.load(job_id)
    except StoreError:
        return None


def _is_same_boot(row: JobRow, machine: Machine) -> bool:
    """Whether the machine has not booted since: then the files of the libraries are not in its memory."""
    return row.boot_id is not None and row.boot_id == machine.identity.boot_id


def _load_result(record: MeasurementRecord) -> PreparationResult | None:
    """None also for the result of another version."""
    try:
        return record.result_as(PreparationResult)
    except ValidationError:
        return None


def _has_all_entries(result: PreparationResult) -> bool:
    return all((paths.cache() / entry / ENTRY_FILE).exists() for entry in result.entries)
