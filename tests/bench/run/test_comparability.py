"""Which differences between two runs forbid a comparison."""

from bench.run import comparability
from bench.run.record import Run
from tests.support.machines import change_machine


def change_version(run: Run, name: str, version: str) -> Run:
    changed = run.machine.model_copy(update={"versions": run.machine.versions | {name: version}})
    return run.model_copy(update={"machine": changed})


def test_what_moves_the_times_forbids_a_comparison(finished):
    plan, about = finished.plan, finished.machine
    assert comparability.find_differences(finished, finished) == []
    other = plan.model_copy(update={"budget_s": 99.0, "target": 0.1})
    assert comparability.find_differences(finished, finished.model_copy(update={"plan": other})) == []
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
        (change_version(finished, "numpy", "0"), f"numpy: {about.versions['numpy']} and 0"),
        (
            finished.model_copy(update={"plan": plan.model_copy(update={"case": "another"})}),
            f"case: {plan.case} and another",
        ),
        (change_version(finished, "daal", "0"), f"daal: {about.versions.get('daal', 'none')} and 0"),
        (finished.model_copy(update={"statistics": []}), "has too few pairs"),
    ):
        reasons = comparability.find_differences(finished, changed)
        assert len(reasons) == 1 and reason in reasons[0]


def test_two_equal_machines_are_two_and_a_kernel_update_is_a_difference_of_software(finished):
    def on(**changes) -> Run:
        return finished.model_copy(update={"machine": change_machine(finished.machine, **changes)})

    here = on(identity={"machine_id": "a" * 16, "host": "node1"})
    twin = on(identity={"machine_id": "b" * 16, "host": "node2"})
    assert comparability.find_differences(here, twin) == [f"machine: node1 ({'a' * 16}) and node2 ({'b' * 16})"]
    updated = on(identity={"machine_id": "a" * 16, "host": "node1"}, kernel="99.9.9")
    assert comparability.find_differences(here, updated) == [f"kernel: {finished.machine.kernel} and 99.9.9"]
    old = on(identity={"machine_id": None})
    assert comparability.find_differences(old, twin) == [], "without an id the description decides"
