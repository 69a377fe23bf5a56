"""A copy of a run without what identifies the person, the files and the installation that it was made with.

What a claim depends on stays: the processor, its cores and caches, the memory, the versions of the libraries, the plan,
and every measured number.
"""

from __future__ import annotations

from typing import Any

from bench.machine.identity import MachineIdentity
from bench.machine.model import Machine
from bench.run.record import Run
from bench.system.path_texts import hide_folders
from bench.values.arms import PreparedArm
from bench.values.readings import Reading
from bench.values.texts import map_texts

NUMBER_FIELDS = frozenset(
    {"samples", "estimates", "statistics", "core_counts", "best_ratio", "noise", "pictures", "timeline", "plan"}
)
"""Fields without texts from files and libraries. A plan may name a file; see `anonymise`."""
MAX_TABLE_ROWS = 100
"""A longer table has the data that was raced, such as texts of documents, and is left out."""


def anonymise(run: Run) -> Run:
    """The copy. Raises ValueError for a run whose plan names a file: without its name it is another plan."""
    if named := [name for name, value in run.plan.parameters.items() if isinstance(value, str) and "/" in value]:
        raise ValueError(f"The plan names a file or a model of this machine ({', '.join(named)}).")
    run.require_result("exported")
    changes: dict[str, Any] = {
        "machine": _anonymise_machine(run.machine),
        "requester": "",
        "parent_id": "",
        "tables": [table for table in run.tables if len(table.rows) <= MAX_TABLE_ROWS],
        "prepared": [_anonymise_prepared(prepared) for prepared in run.prepared],
        "telemetry": [_anonymise_reading(reading) for reading in run.telemetry],
    }
    copy = run.model_copy(update=changes)
    texts = Run.model_fields.keys() - NUMBER_FIELDS - {"telemetry", "id", "digest", "started", "snapshot"}
    copy = copy.model_copy(update={name: map_texts(getattr(copy, name), hide_folders) for name in texts})
    copy.thread_pools = {
        arm: [pool.model_copy(update={"file": pool.file.rpartition("/")[2]}) for pool in pools]
        for arm, pools in copy.thread_pools.items()
    }
    return copy


def _anonymise_machine(machine: Machine) -> Machine:
    return machine.model_copy(
        update={
            "identity": MachineIdentity(machine_id=None, host=None, boot_id=None),
            "booted_at": None,
            "kernel": ".".join(machine.kernel.split(".")[:2]),
        }
    )


def _anonymise_prepared(prepared: PreparedArm) -> PreparedArm:
    changes: dict[str, Any] = {"pid": 0, "environment": []}
    if prepared.service:
        changes["service"] = prepared.service.model_copy(update={"pids": []})
    return prepared.model_copy(update=changes)


def _anonymise_reading(reading: Reading) -> Reading:
    """Counters since the boot of the machine are left out."""
    return reading.model_copy(update={"throttled": None, "swapped_in": None, "load": None})
