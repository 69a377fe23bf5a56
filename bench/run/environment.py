"""The environment of a run as rows of text: machine, software, limits, thread pools and environment variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from bench.formatting import format_bytes
from bench.machine.model import Machine
from bench.run.record import Run
from bench.values.arms import ThreadPool, VariableOrigin
from bench.values.base import Arm

UNKNOWN = "unknown"


def list_environment(run: Run) -> Iterator[tuple[str, str]]:
    """What may change times besides the plan, as name and value. `unknown` if the machine did not report it."""
    machine = run.machine
    yield "processor", machine.processor
    yield "logical processors", f"{machine.logical_threads}, of them usable {_join(machine.usable_cores)}"
    yield "cores of this run", str(run.plan.cores)
    yield "CPU quota", f"{machine.limits.cpu_quota:g} cores" if machine.limits.cpu_quota else "none"
    yield "memory", f"{format_bytes(machine.memory_bytes)}, available {format_bytes(machine.memory_available_bytes)}"
    yield "frequency governor", machine.governor or UNKNOWN
    yield "turbo", UNKNOWN if machine.turbo is None else "on" if machine.turbo else "off"
    yield "hypervisor", machine.hypervisor or "none"
    yield "transparent huge pages", machine.transparent_hugepages or UNKNOWN
    yield from _list_software(machine)
    for placement in run.placements:
        yield f"threads of the {placement.arm} arm", placement.reason
    for arm in Arm:
        if (prepared := run.prepared_arm(arm)) is not None:
            for name, value in prepared.facts.items():
                yield f"{name}, {arm}", value


def _list_software(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "operating system", f"{machine.operating_system}, kernel {machine.kernel}"
    yield "Python", machine.python
    yield "C library", machine.c_library or UNKNOWN
    yield from sorted(machine.versions.items())


def _join(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def list_pool_rows(run: Run) -> list[dict[str, str | int]]:
    """A row for each BLAS or OpenMP library that was loaded in an arm's process; empty if none is known."""
    return [_describe_pool(arm.value, pool) for arm, pools in run.thread_pools.items() for pool in pools]


def _describe_pool(arm: str, pool: ThreadPool) -> dict[str, str | int]:
    details = ", ".join(filter(None, [pool.architecture, pool.threading_layer]))
    return {
        "arm": arm,
        "library": pool.library,
        "version": pool.version or "unknown",
        "threads": pool.threads,
        "details": details,
        "file": PurePath(pool.file).name,
    }


def list_variable_rows(run: Run) -> list[dict[str, str]]:
    """A row for each variable and origin, with its value in each arm; `not set` if an arm has none of that origin."""
    values: dict[tuple[str, VariableOrigin], dict[Arm, str]] = {}
    for arm in Arm:
        prepared = run.prepared_arm(arm)
        for variable in prepared.environment if prepared else []:
            values.setdefault((variable.name, variable.origin), {})[arm] = variable.value
    return [
        {"variable": name} | {arm.value: by_arm.get(arm, "not set") for arm in Arm} | {"origin": origin.value}
        for (name, origin), by_arm in sorted(values.items())
    ]
