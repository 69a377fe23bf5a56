"""Decides whether two runs may be compared."""

from __future__ import annotations

from collections.abc import Iterator

from bench.machine.model import Machine
from bench.run.record import Run

Pair = tuple[str, object, object]
"""A name, and the value that it has in each of two runs."""


def find_differences(one: Run, other: Run) -> list[str]:
    """The reasons why two runs may not be compared, one sentence each; empty if they may.

    A reason is what changes times by itself: the work, the cores, and the machine with its software. Time budget,
    target and accuracy limit do not change them.
    """
    if one.plan.workload != other.plan.workload:
        return [f"workload: {one.snapshot.workload_title} and {other.snapshot.workload_title}"]
    if one.plan.case != other.plan.case:
        return [f"case: {one.snapshot.case_label or one.plan.case} and {other.snapshot.case_label or other.plan.case}"]
    pairs = [*_plan_pairs(one, other), *_machine_pairs(one.machine, other.machine)]
    differences = [
        f"{name}: {'none' if a is None else a} and {'none' if b is None else b}" for name, a, b in pairs if a != b
    ]
    too_short = [f"run {run.id[:8]} has too few pairs for a ratio" for run in (one, other) if not run.comparison()]
    return differences + too_short


def _plan_pairs(one: Run, other: Run) -> Iterator[Pair]:
    yield "arms", f"{one.plan.baseline} | {one.plan.accelerated}", f"{other.plan.baseline} | {other.plan.accelerated}"
    yield "cores", one.plan.cores, other.plan.cores
    yield "batch", one.plan.batch, other.plan.batch
    yield "seed", one.plan.seed, other.plan.seed
    for name in dict.fromkeys([*one.plan.parameters, *other.plan.parameters]):
        yield name, one.plan.parameters.get(name), other.plan.parameters.get(name)


def _machine_pairs(one: Machine, other: Machine) -> Iterator[Pair]:
    # Without ids, as in runs of version 0.1.0, the parts of the description below have to tell machines apart.
    if one.identity.machine_id and other.identity.machine_id and not one.is_same_machine(other):
        yield "machine", _machine_name(one), _machine_name(other)
    yield "processor", one.processor, other.processor
    yield "hypervisor", one.hypervisor or "none", other.hypervisor or "none"
    yield "kernel", one.kernel, other.kernel
    yield "Python", one.python, other.python
    for name in sorted({*one.versions, *other.versions}):
        yield name, one.versions.get(name), other.versions.get(name)


def _machine_name(machine: Machine) -> str:
    return f"{machine.identity.host or 'unknown host'} ({machine.identity.machine_id})"
