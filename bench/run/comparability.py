"""TODO: bench.run.comparability."""

from __future__ import annotations

from bench.run.record import Run


def find_differences(one: Run, other: Run) -> list[str]:
    """Why the two may not be compared, a sentence each; empty where they may.

    What matters is what would move the times by itself: the work, the arms' cores and the machine with its software.
    Budget, target and the limit of accuracy do not.
    """
    if one.plan.workload != other.plan.workload:
        return [f"workload: {one.snapshot.workload_title} and {other.snapshot.workload_title}"]
    plans = [
        ("arms", f"{one.plan.baseline} | {one.plan.accelerated}", f"{other.plan.baseline} | {other.plan.accelerated}"),
        ("cores", one.plan.cores, other.plan.cores),
        ("batch", one.plan.batch, other.plan.batch),
        ("seed", one.plan.seed, other.plan.seed),
    ]
    machines = [
        ("processor", one.machine.processor, other.machine.processor),
        ("hypervisor", one.machine.hypervisor or "none", other.machine.hypervisor or "none"),
        ("kernel", one.machine.kernel, other.machine.kernel),
        ("Python", one.machine.python, other.machine.python),
    ]
    names = [*dict.fromkeys([*one.plan.parameters, *other.plan.parameters])]
    parameters = [(name, one.plan.parameters.get(name), other.plan.parameters.get(name)) for name in names]
    libraries = sorted({*one.machine.versions, *other.machine.versions})
    versions = [(name, one.machine.versions.get(name), other.machine.versions.get(name)) for name in libraries]
    return [
        f"{name}: {'none' if a is None else a} and {'none' if b is None else b}"
        for name, a, b in [*plans, *parameters, *machines, *versions]
        if a != b
    ] + [f"run {run.id[:8]} has too few pairs for a ratio" for run in (one, other) if not run.comparison()]
