"""Whether the process of a sweep lives, also if it belongs to another server that uses the same database.

A sweep of this data folder has a control pipe, whose reader is the process of the sweep: that is exact. Another server
may have another data folder, or be another machine, so its pipe cannot be seen. Its sweep counts as alive if its
process has stored it in the last `LEASE_S` seconds, which it does every `HEARTBEAT_S` seconds even if no cell changes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.machine.model import Machine
from bench.run.files import control_path
from bench.run.sweep import SweepRecord
from bench.scheduler.control import has_reader

HEARTBEAT_S = 60.0
LEASE_S = 300.0
"""Several heartbeats, because the clocks of two servers differ, and a database may be slow."""


def is_reachable(sweep_id: str) -> bool:
    """Whether a process of this data folder goes on with a sweep. Only such a process can be asked to stop."""
    return has_reader(control_path(sweep_id))


def is_live(record: SweepRecord, machine: Machine) -> bool:
    """Whether a process goes on with a sweep, here or on another server. `machine` is this one."""
    if is_reachable(record.id):
        return True
    if record.state.over:
        return False
    if control_path(record.id).exists() and record.machine.is_same_machine(machine):
        return False  # Its process has left the pipe behind.
    stored = record.started + timedelta(seconds=record.last_at)
    return datetime.now(UTC) - stored < timedelta(seconds=LEASE_S)
