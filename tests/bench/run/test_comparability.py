"""Which differences between two runs forbid a comparison."""

import pytest

from bench.machine.model import Cache
from bench.run import comparability
from bench.run.record import Run
from bench.system.limits import Limits
from bench.values.arms import EnvironmentVariable, ThreadPool, VariableOrigin
from bench.values.base import Arm
from tests.support.machines import change_machine


def list_differences(one: Run, other: Run) -> list[str]:
    return [difference.text for difference in comparability.find_differences(one, other)]


def change_version(run: Run, name: str, version: str) -> Run:
    changed = run.machine.model_copy(update={"versions": run.machine.versions | {name: version}})
    return run.model_copy(update={"machine": changed})


def test_what_moves_the_times_forbids_a_comparison(finished):
    plan, about = finished.plan, finished.machine
    assert list_differences(finished, finished) == comparability.find_obstacles(finished, finished) == []
    other = plan.model_copy(update={"budget_s": 99.0, "target": 0.1})
    assert list_differences(finished, finished.model_copy(update={"plan": other})) == []
    for changed, reason in (
        (finished.model_copy(update={"plan": plan.model_copy(update={"cores": 9})}), "cores: 1 and 9"),
        (finished.model_copy(update={"plan": plan.model_copy(update={"batch": 9})}), "batch: 1 and 9"),
        (
            finished.model_copy(
                update={"plan": plan.model_copy(update={"parameters": plan.parameters | {"loops": 9}})}
            ),
            "loops: 2000 and 9",
        ),
        (
            finished.model_copy(update={"machine": about.model_copy(update={"processor": "Z80"})}),
            f"processor: {about.processor} and Z80",
        ),
        (
            finished.model_copy(update={"plan": plan.model_copy(update={"case": "another"})}),
            f"case: {plan.case} and another",
        ),
        (finished.model_copy(update={"statistics": []}), "has too few pairs"),
    ):
        reasons = comparability.find_obstacles(finished, changed)
        assert len(reasons) == 1 and reason in reasons[0]


def test_other_software_is_a_difference_of_the_environment_and_no_obstacle(finished):
    for name in ("numpy", "daal"):
        changed = change_version(finished, name, "0")
        assert comparability.find_obstacles(finished, changed) == []
        (found,) = comparability.find_differences(finished, changed)
        assert found.is_environment
        assert (found.name, found.first, found.second) == (name, finished.machine.versions.get(name, "none"), "0")


def test_two_equal_machines_are_two_and_a_kernel_update_is_a_difference_of_software(finished):
    def on(**changes) -> Run:
        return finished.model_copy(update={"machine": change_machine(finished.machine, **changes)})

    here = on(identity={"machine_id": "a" * 16, "host": "node1"})
    twin = on(identity={"machine_id": "b" * 16, "host": "node2"})
    assert list_differences(here, twin) == [f"machine: node1 ({'a' * 16}) and node2 ({'b' * 16})"]
    updated = on(identity={"machine_id": "a" * 16, "host": "node1"}, kernel="99.9.9")
    assert list_differences(here, updated) == [f"kernel: {finished.machine.kernel} and 99.9.9"]
    old = on(identity={"machine_id": None})
    assert list_differences(old, twin) == [], "without an id the description decides"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"logical_threads": 64}, "logical processors: "),
        ({"sockets": 7}, "sockets: "),
        ({"memory_bytes": 3 << 40}, "memory: "),
        ({"caches": [Cache(level=1, kind="Data", bytes=1 << 15, shared_by=9)]}, "caches: "),
        ({"governor": "powersave"}, "frequency governor: performance and powersave"),
        ({"turbo": False}, "turbo: on and off"),
        ({"hypervisor": "another"}, "hypervisor: "),
        ({"limits": Limits(cpu_quota=1.5)}, "CPU quota: none and 1.5"),
        ({"isa": {"avx2": True, "amx_int8": True}}, "instruction sets: "),
    ],
)
def test_hardware_and_its_settings_are_differences_unless_they_are_unknown(finished, changes, reason):
    known = {"sockets": 1, "governor": "performance", "turbo": True, "limits": Limits()}
    known["caches"] = [Cache(level=1, kind="Data", bytes=1 << 15, shared_by=1)]
    one = finished.model_copy(update={"machine": finished.machine.model_copy(update=known)})
    other = one.model_copy(update={"machine": one.machine.model_copy(update=changes)})
    (found,) = list_differences(one, other)
    assert found.startswith(reason)
    unknown = {"sockets": None, "governor": None, "turbo": None, "caches": [], "isa": {}, "memory_bytes": 0}
    machine = one.machine.model_copy(update={name: unknown[name] for name in changes if name in unknown})
    assert list_differences(one, one.model_copy(update={"machine": machine})) == []


def test_thread_pools_and_environments_of_the_arms_are_differences(finished):
    pool = ThreadPool(api="blas", library="openblas", version="0.3", threads=1, file="/x.so")
    one = finished.model_copy(update={"thread_pools": {Arm.BASELINE: [pool]}})
    other = finished.model_copy(update={"thread_pools": {Arm.BASELINE: [pool.model_copy(update={"threads": 8})]}})
    assert list_differences(one, other) == ["thread pools of the baseline arm: openblas 0.3: 1 and openblas 0.3: 8"]
    assert list_differences(one, finished.model_copy(update={"thread_pools": {}})) == []
    (prepared, *others) = finished.prepared
    slow = EnvironmentVariable(name="OMP_WAIT_POLICY", value="passive", origin=VariableOrigin.INHERITED)
    changed = prepared.model_copy(update={"environment": [*prepared.environment, slow]})
    (found,) = list_differences(finished, finished.model_copy(update={"prepared": [changed, *others]}))
    before = {variable.name: variable.value for variable in prepared.environment}.get("OMP_WAIT_POLICY", "none")
    assert found == f"OMP_WAIT_POLICY of the {prepared.arm} arm: {before} and passive"
