"""`compare` and `history` on the command line."""

from datetime import timedelta

import pytest

from bench.cli.main import main
from bench.run.run_comparison import DIFFERENT_MACHINES, NotComparableError, compare_runs
from bench.stats.step_changes import MIN_RUNS
from bench.storage.plan_history import build_history, filter_history
from bench.storage.store import Store
from bench.values.base import Arm
from tests.support.stored_runs import store_run


def move(run, hours: int, **changes):
    return run.model_copy(deep=True, update={"started": run.started + timedelta(hours=hours)} | changes)


def change_machine(run, **changes):
    return run.machine.model_copy(update=changes)


def make_elsewhere(run):
    identity = run.machine.identity.model_copy(update={"machine_id": "f" * 16, "host": "vm-b"})
    return change_machine(run, identity=identity)


def scale_times(run, arm: Arm, factor: float) -> dict:
    """The samples of `run` with the times of one arm multiplied, and the statistics that follow."""
    from bench.stats.comparison import compare_samples
    from bench.values.samples import Phase

    samples = []
    for sample in run.samples:
        if sample.arm is arm:
            steps = [step.model_copy(update={"seconds": step.seconds * factor}) for step in sample.repetition.steps]
            repetition = sample.repetition.model_copy(update={"steps": steps})
            sample = sample.model_copy(update={"repetition": repetition})
        samples.append(sample)
    race = [sample for sample in samples if sample.phase is Phase.RACE]
    return {"samples": samples, "statistics": compare_samples(race, work=1)}


def test_differences_come_first_and_only_those(finished):
    versions = finished.machine.versions | {"numpy": "0.0"}
    runs = [finished, move(finished, 1), move(finished, 2, machine=change_machine(finished, versions=versions))]
    comparison = compare_runs(list(reversed(runs)))
    assert not comparison.warnings
    assert comparison.differences.rows == [["numpy", *[finished.machine.versions["numpy"]] * 2, "0.0"]]
    assert len(comparison.differences.columns) == 4


def test_the_time_of_the_same_arm_is_compared_with_its_interval(finished):
    slower = move(finished, 1, **scale_times(finished, Arm.ACCELERATED, 100.0))
    rows = {
        tuple(row[:2])[1].partition(":")[0]: row
        for row in compare_runs([finished, slower]).arms.rows
        if row[0] == "total"
    }
    assert "not distinguishable" in rows["baseline"][3] and "not distinguishable" not in rows["accelerated"][3]


def test_a_change_of_both_arms_is_attributed_to_the_machine(finished):
    one_arm = scale_times(finished, Arm.ACCELERATED, 100.0)
    assert not compare_runs([finished, move(finished, 1, **one_arm)]).warnings
    slower = move(finished, 1, **scale_times(move(finished, 1, **one_arm), Arm.BASELINE, 100.0))
    for runs, word in (([finished, slower], "slower"), ([slower, move(finished, 2)], "faster")):
        (warning,) = compare_runs(runs).warnings
        assert warning.startswith(f"Both arms got {word} in run {runs[1].id[:8]}")


def test_the_same_path_with_another_content_is_not_compared(finished):
    prepared = [one.model_copy(update={"data": "f" * 64}) for one in finished.prepared]
    with pytest.raises(NotComparableError, match="input data: none and ffffffffffff") as refused:
        compare_runs([finished, move(finished, 1, prepared=prepared)], different_machines=True)
    assert not refused.value.only_machines


def test_other_plans_are_refused_and_other_machines_are_asked_for(finished):
    other_plan = move(finished, 1, plan=finished.plan.model_copy(update={"cores": 2}))
    with pytest.raises(NotComparableError, match="cores") as refused:
        compare_runs([finished, other_plan], different_machines=True)
    assert not refused.value.only_machines
    elsewhere = move(finished, 1, machine=make_elsewhere(finished))
    with pytest.raises(NotComparableError, match="machine") as refused:
        compare_runs([finished, elsewhere])
    assert refused.value.only_machines
    assert compare_runs([finished, elsewhere], different_machines=True).warnings == (DIFFERENT_MACHINES,)
    for count in (1, 21):
        with pytest.raises(NotComparableError, match=f"got {count}"):
            compare_runs([finished] * count)


def test_the_command_prints_the_refusal_and_the_explicit_comparison(finished, capsys):
    store_run(finished, "a" * 32)
    store_run(move(finished, 1, machine=make_elsewhere(finished)), "b" * 32)
    assert main(["compare", "aaaa", "bbbb"]) == 2
    assert "--different-machines" in capsys.readouterr().err
    assert main(["compare", "aaaa", "bbbb", "--different-machines"]) == 0
    output = capsys.readouterr().out
    assert DIFFERENT_MACHINES in output and "vm-b" in output and "not distinguishable" in output


def store_history(finished, *, changed_from: int | None, count: int = 12, factor: float = 3.0):
    """Runs of one plan, of which those from a position on have another version and a slower accelerated arm."""
    machine = change_machine(finished, versions=finished.machine.versions | {"numpy": "9.9"})
    for number in range(count):
        run = move(finished, number, **scale_times(finished, Arm.ACCELERATED, 1 + 0.01 * (number % 3)))
        if changed_from is not None and number >= changed_from:
            run = move(run, 0, machine=machine, **scale_times(run, Arm.ACCELERATED, factor))
        store_run(run, f"{number:032x}")


def test_a_planted_step_is_found_with_the_version_that_changed(finished, capsys):
    store_history(finished, changed_from=7)
    store = Store()
    history = build_history(store.rows(**filter_history(finished.digest)), store.load)
    steps = {step.series: step for step in history.steps}
    assert steps.keys() == {"accelerated time", "ratio"}
    assert all(step.position == 7 and step.first.id == f"{7:032x}" for step in steps.values())
    assert [(cause.name, cause.second) for cause in steps["ratio"].causes] == [("numpy", "9.9")]
    # The time between the steps is not changed.
    assert 2 < steps["accelerated time"].factor < 3.1
    assert main(["history", f"{7:032x}"]) == 0
    output = capsys.readouterr().out
    assert "2 step changes in 12 runs on this machine." in output and "numpy 9.9, before" in output


def test_a_history_without_a_step_has_none_and_a_short_one_says_so(finished, capsys):
    store_history(finished, changed_from=None)
    assert main(["history", f"{0:032x}"]) == 0
    assert "No step change in 12 runs on this machine." in capsys.readouterr().out
    rows = Store().rows(**filter_history(finished.digest))[: MIN_RUNS - 1]
    assert f"at least {MIN_RUNS} runs" in build_history(rows, Store().load).summary


def test_runs_of_other_machines_and_edited_runs_are_left_out(finished):
    store_run(move(finished, 0, machine=make_elsewhere(finished)), "a" * 32)
    store_run(move(finished, 1), "b" * 32)
    history = build_history(Store().rows(**filter_history(finished.digest)), Store().load)
    assert [row.id for row in history.rows] == ["b" * 32]
