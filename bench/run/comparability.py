"""Decides whether two runs may be compared, and lists what differs in their environments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.formatting import format_bytes
from bench.machine.model import Machine
from bench.run.record import Run
from bench.values.base import Arm

Pair = tuple[str, object, object]
"""A name, and the value that it has in each of two runs."""


DIGEST_CHARACTERS = 12
"""Of the digest of input data, in texts."""


class DifferenceKind(StrEnum):
    """What a difference of two runs is about."""

    WORK = "work"
    """Another plan: the runs may not be compared."""
    MACHINE = "machine"
    """Other hardware or limits: the runs may be compared if a person says that different machines are meant."""
    ENVIRONMENT = "environment"
    """Software and settings of the system: the runs may be compared, and it may explain what changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A condition that changes times by itself and is not the same in two runs."""

    name: str
    first: str
    second: str
    kind: DifferenceKind = DifferenceKind.WORK

    @property
    def is_environment(self) -> bool:
        """Whether the runs may be compared all the same."""
        return self.kind is DifferenceKind.ENVIRONMENT

    @property
    def text(self) -> str:
        return f"{self.name}: {self.first} and {self.second}"


def find_obstacles(one: Run, other: Run, *, different_machines: bool = False) -> list[str]:
    """The reasons why two runs may not be compared, one sentence each; empty if they may. With `different_machines`,
    another machine is no reason."""
    allowed = {DifferenceKind.ENVIRONMENT}
    if different_machines:
        allowed.add(DifferenceKind.MACHINE)
    texts = [difference.text for difference in find_differences(one, other) if difference.kind not in allowed]
    texts += [f"run {run.id[:8]} has too few pairs for a ratio" for run in (one, other) if not run.comparison()]
    texts += [f"run {run.id[:8]} is a {run.demonstration}, not a result" for run in (one, other) if run.demonstration]
    return texts + [f"run {run.id[:8]} was edited after it was stored" for run in (one, other) if run.edited]


def find_differences(one: Run, other: Run) -> list[Difference]:
    """What differs in two runs and changes times by itself: the work, the cores, the machine, and its software.

    Time budget, target and accuracy limit do not change times. What is not known of one of the runs is no difference.
    If the workloads or cases differ, everything else does too and is left out.
    """
    if one.plan.workload != other.plan.workload:
        return [Difference("workload", one.snapshot.workload_title, other.snapshot.workload_title)]
    if one.plan.case != other.plan.case:
        first, second = (run.snapshot.case_label or run.plan.case for run in (one, other))
        return [Difference("case", first, second)]
    return [
        *_select_differences(_plan_pairs(one, other), DifferenceKind.WORK),
        *find_machine_differences(one.machine, other.machine),
        *_select_differences(_arm_pairs(one, other), DifferenceKind.ENVIRONMENT),
    ]


def find_machine_differences(one: Machine, other: Machine) -> list[Difference]:
    """What differs in two descriptions of a machine and changes times by itself. See `find_differences`."""
    hardware, software = _hardware_pairs(one, other), _software_pairs(one, other)
    return [
        *_select_differences(hardware, DifferenceKind.MACHINE),
        *_select_differences(software, DifferenceKind.ENVIRONMENT),
    ]


def _select_differences(pairs: Iterable[Pair], kind: DifferenceKind) -> Iterator[Difference]:
    for name, first, second in pairs:
        if first != second:
            yield Difference(name, _format_value(first), _format_value(second), kind)


def _format_value(value: object) -> str:
    return "none" if value is None else str(value)


def _plan_pairs(one: Run, other: Run) -> Iterator[Pair]:
    yield "arms", f"{one.plan.baseline} | {one.plan.accelerated}", f"{other.plan.baseline} | {other.plan.accelerated}"
    yield "cores", one.plan.cores, other.plan.cores
    yield "batch", one.plan.batch, other.plan.batch
    yield "seed", one.plan.seed, other.plan.seed
    for name in dict.fromkeys([*one.plan.parameters, *other.plan.parameters]):
        yield name, one.plan.parameters.get(name), other.plan.parameters.get(name)
    # A path may name another file on another machine, or the same file with another content.
    yield from _known_pairs({"input data": _input_digest(one)}, {"input data": _input_digest(other)})


def _hardware_pairs(one: Machine, other: Machine) -> Iterator[Pair]:
    # Without ids, as in runs of version 0.1.0, the parts of the description below have to tell machines apart.
    if one.identity.machine_id and other.identity.machine_id and not one.is_same_machine(other):
        yield "machine", _machine_name(one), _machine_name(other)
    yield "processor", one.processor, other.processor
    yield from _known_pairs(_describe_hardware(one), _describe_hardware(other))
    yield "hypervisor", one.hypervisor or "none", other.hypervisor or "none"
    yield "CPU quota", one.limits.cpu_quota, other.limits.cpu_quota
    yield "memory limit", one.limits.memory_bytes, other.limits.memory_bytes


def _software_pairs(one: Machine, other: Machine) -> Iterator[Pair]:
    yield from _known_pairs(_describe_system(one), _describe_system(other))
    yield "kernel", one.kernel, other.kernel
    yield "Python", one.python, other.python
    for name in sorted({*one.versions, *other.versions}):
        yield name, one.versions.get(name), other.versions.get(name)


def _describe_hardware(machine: Machine) -> dict[str, str | int | None]:
    """The parts of a machine that change times. None for what is unknown."""
    caches = [
        f"L{cache.level} {cache.kind} {format_bytes(cache.bytes)} / {cache.shared_by}" for cache in machine.caches
    ]
    isa = [name for name, present in machine.isa.items() if present]
    return {
        "sockets": machine.sockets,
        "physical cores": machine.physical_cores,
        "logical processors": machine.logical_threads,
        "usable cores": ", ".join(map(str, machine.usable_cores)) or None,
        "instruction sets": ", ".join(sorted(isa)) or None,
        "caches": ", ".join(caches) or None,
        "memory": format_bytes(machine.memory_bytes) if machine.memory_bytes else None,
        "NUMA nodes": len(machine.numa_nodes) or None,
    }


def _describe_system(machine: Machine) -> dict[str, str | int | None]:
    """Settings of the system that change times. None for what is unknown."""
    return {
        "frequency governor": machine.governor,
        "turbo": None if machine.turbo is None else "on" if machine.turbo else "off",
        "transparent huge pages": machine.transparent_hugepages,
        "C library": machine.c_library,
    }


def _arm_pairs(one: Run, other: Run) -> Iterator[Pair]:
    """Thread pools and environment variables of both arms. Those of older versions are not known."""
    for arm in Arm:
        pools = _describe_pools(one, arm), _describe_pools(other, arm)
        if all(pools):
            yield f"thread pools of the {arm} arm", pools[0], pools[1]
        variables = [_read_variables(run, arm) for run in (one, other)]
        if all(variables):
            for name in sorted({*variables[0], *variables[1]}):
                yield f"{name} of the {arm} arm", variables[0].get(name), variables[1].get(name)


def _describe_pools(run: Run, arm: Arm) -> str:
    pools = [f"{pool.library} {pool.version or '?'}: {pool.threads}" for pool in run.thread_pools.get(arm, [])]
    return ", ".join(sorted(pools))


def _read_variables(run: Run, arm: Arm) -> dict[str, str]:
    prepared = run.prepared_arm(arm)
    return {variable.name: variable.value for variable in prepared.environment} if prepared else {}


def _known_pairs(one: dict[str, str | int | None], other: dict[str, str | int | None]) -> Iterator[Pair]:
    """The pairs in which both values are known."""
    for name, value in one.items():
        if value is not None and other[name] is not None:
            yield name, value, other[name]


def _input_digest(run: Run) -> str | None:
    """The beginning of the digest of the data that the arms worked on; None if it is not known."""
    prepared = run.prepared_arm(Arm.BASELINE)
    return prepared.data[:DIGEST_CHARACTERS] or None if prepared else None


def _machine_name(machine: Machine) -> str:
    return f"{machine.identity.host or 'unknown host'} ({machine.identity.machine_id})"
