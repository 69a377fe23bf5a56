"""What of this machine is prepared for the first races, and what is not. See `bench.workload.preparation`."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from bench import paths
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.scheduler.order import measurement_key
from bench.storage.job_row import JobRow
from bench.storage.store import Store, StoreError
from bench.system.cache_entry import ENTRY_FILE
from bench.system.limits import core_limit
from bench.workload.declaration import Workload
from bench.workload.preparation import PREPARE_TASK, PreparationResult
from bench.workload.registry import load_workloads


@dataclass(frozen=True, slots=True)
class WorkloadPreparation:
    """How far a workload is prepared, for its default settings."""

    workload: Workload
    plan: Plan
    label: str
    """What preparing does, such as `quantize the model`."""
    is_ready: bool
    """Whether a preparation has finished here since the last boot, and what it has made is still in the cache."""
    last_s: float | None
    """How long the last preparation on this machine took; None if there was none."""


def list_preparable_workloads() -> list[Workload]:
    """Those that can run here and can be prepared. Reads nothing that is stored."""
    return [
        workload
        for workload in load_workloads().values()
        if not workload.hidden and _find_label(workload) and not workload.unavailable()
    ]


def list_preparations(store: Store, machine: Machine) -> list[WorkloadPreparation]:
    """One for each workload that can be prepared. Raises StoreError."""
    return [_describe_preparation(workload, store, machine) for workload in list_preparable_workloads()]


def _find_label(workload: Workload) -> str:
    """What preparing the workload does; empty if there is nothing to prepare."""
    return next((task.label for task in workload.tasks.entries if task.name == PREPARE_TASK), "")


def _describe_preparation(workload: Workload, store: Store, machine: Machine) -> WorkloadPreparation:
    plan = make_plan(workload.name, core_limit=core_limit())
    row = store.last_measurement(
        workload=workload.name, task=PREPARE_TASK, digest=measurement_key(plan, PREPARE_TASK, {})
    )
    record = _load_record(store, row.id) if row and row.is_from(machine) else None
    if row is None or not isinstance(record, MeasurementRecord):
        return WorkloadPreparation(workload, plan, _find_label(workload), is_ready=False, last_s=None)
    is_ready = _is_same_boot(row, machine) and _has_all_entries(record)
    return WorkloadPreparation(workload, plan, _find_label(workload), is_ready, record.seconds)


def _load_record(store: Store, job_id: str) -> JobRecord | None:
    """None also for a record that is damaged or of a later version: the workload can be prepared again."""
    try:
        return store.load(job_id)
    except StoreError:
        return None


def _is_same_boot(row: JobRow, machine: Machine) -> bool:
    """Whether the machine has not booted since: then the files of the libraries are not in its memory."""
    return row.boot_id is not None and row.boot_id == machine.identity.boot_id


def _has_all_entries(record: MeasurementRecord) -> bool:
    try:
        result = record.result_as(PreparationResult)
    except ValidationError:
        return False
    if result is None:
        return False
    return all((paths.cache() / entry / ENTRY_FILE).exists() for entry in result.entries)
