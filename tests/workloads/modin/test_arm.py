"""The arm of pandas to Modin: its calls, its inputs, and what it compares."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd

from bench.workload.interface import BadInput
from tests.support.modin import MODIN, RecordingClock, prepare_pandas_arm
from workloads.modin import arm as arm_module
from workloads.modin import call_report
from workloads.modin.call_inputs import RESERVED_COLUMNS
from workloads.modin.calls import CALLS, MAX_SLOW_ROWS, select_calls


def test_calls_with_a_python_function_work_on_fewer_rows_and_say_so(tmp_path):
    rows = MAX_SLOW_ROWS + 100
    prepared = prepare_pandas_arm(tmp_path, rows=rows, columns=4, case="selection", calls="map,apply,mean")
    assert prepared.reply["work"] == rows
    assert prepared.reply["step_work"] == {"map": MAX_SLOW_ROWS, "apply": MAX_SLOW_ROWS}
    assert {step.description for step in MODIN.case("all").steps if step.name in ("map", "apply")} == {
        f"a Python function of {argument}, on the first 65,536 rows at most" for argument in ("a value", "a row")
    }


@pytest.mark.parametrize("kind", ["mixed", "integer"])
def test_every_call_works_on_every_kind_of_table_and_agrees_with_itself(tmp_path, kind):
    prepared = prepare_pandas_arm(tmp_path, kind=kind)
    assert prepared.timed_calls == [call.name for call in CALLS]
    assert prepared.reply["work"] == 300
    prepared.arm.conclude()
    measures, tables = prepared.arm.compare(tmp_path)
    # What Modin costs, and how it executed the calls, is not reported for pandas against itself.
    assert [measure.step for measure in measures if measure.decisive] == prepared.timed_calls
    assert {measure.value for measure in measures} == {100.0}
    assert [table.name for table in tables] == ["equality"]
    assert [row[0] for row in tables[0].rows] == [call.code for call in CALLS]


@pytest.mark.parametrize(("baseline", "is_reported"), [("pandas", True), ("modin-ray", False)])
def test_the_cost_of_modin_is_reported_only_if_pandas_is_the_baseline(tmp_path, baseline, is_reported):
    arm = prepare_pandas_arm(tmp_path, case="selection", calls="mean").arm
    arm.conclude()
    file = tmp_path / arm_module.TIMES_FILE
    # The first call of pandas takes 30 s longer than the later ones.
    times = json.loads(file.read_text()) | {"engine": baseline, "first_s": {"mean": 30.0}}
    file.write_text(json.dumps(times))
    arm.engine.service, arm.engine.start_s = "Ray", 7.0
    measures, tables = arm.compare(tmp_path)
    assert [measure.name for measure in measures] == ["equal-mean", *["start"] * is_reported]
    assert [table.name for table in tables] == [*["calls"] * is_reported, "equality"]
    if is_reported:
        assert measures[-1].value == pytest.approx(-23, abs=1), "a negative cost is not reported as 0"
        assert len(tables[0].rows[0]) == len(call_report.COLUMNS)


def test_the_calls_use_the_columns_of_a_users_file(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,city,price\n" + "".join(f"{i % 3},town {i},{i}.5\n" for i in range(50)))
    prepared = prepare_pandas_arm(tmp_path, file=str(file))
    assert prepared.arm.inputs.key == "id"
    assert prepared.arm.inputs.value == "price"
    assert prepared.reply["synthetic"] == ""


def test_columns_with_names_that_the_calls_use_themselves_change_nothing(tmp_path):
    # By content each of them would be chosen as the key: they come first, and have fewer different values.
    reserved = {name: [1, 2] * 25 for name in RESERVED_COLUMNS}
    table = pd.DataFrame(reserved | {"id": [i % 3 for i in range(50)], "x": [i + 0.5 for i in range(50)], "flag": "a"})
    without, with_reserved = tmp_path / "without.csv", tmp_path / "with.csv"
    table.drop(columns=list(reserved)).to_csv(without, index=False)
    table.to_csv(with_reserved, index=False)
    inputs = [prepare_pandas_arm(tmp_path, file=str(file)).arm.inputs for file in (without, with_reserved)]
    assert {(arm_inputs.key, arm_inputs.value) for arm_inputs in inputs} == {("id", "x")}
    for name in ("etl", "merge_small", "merge_large"):
        first, second = (
            call.run(arm_inputs) for arm_inputs in inputs for call in select_calls("selection", {"calls": name})
        )
        pd.testing.assert_frame_equal(first, second)


def test_the_key_is_not_also_the_value(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("n,id\n" + "".join(f"{i},{i % 3}\n" for i in range(50)))
    inputs = prepare_pandas_arm(tmp_path, file=str(file)).arm.inputs
    assert (inputs.key, inputs.value) == ("id", "n")


def test_text_calls_work_on_a_table_without_text_and_with_missing_booleans(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,x,b\n" + "1,2.5,true\n2,1.5,\n" * 200)
    assert prepare_pandas_arm(tmp_path, file=str(file), case="text").arm.inputs.text.name == "text"


def test_a_table_on_which_a_call_fails_is_refused_with_the_name_of_the_call(tmp_path):
    file = tmp_path / "own.csv"
    days = ["2020-01-02"] * 200 + ["some day"]
    file.write_text("id,x,when\n" + "".join(f"{i % 3},{i}.5,{day}\n" for i, day in enumerate(days)))
    with pytest.raises(BadInput, match=r"to_datetime does not work on this table: .*some day") as refusal:
        prepare_pandas_arm(tmp_path, file=str(file), case="text")
    assert refusal.value.remedy


def test_only_executions_in_the_race_count_for_the_time_to_return(tmp_path):
    arm = prepare_pandas_arm(tmp_path, case="files").arm
    counts = {evidence.step: evidence.calls for evidence in arm.evidence()}
    assert set(counts.values()) == {1}
    clock = RecordingClock()
    clock.in_race = False
    arm.repeat(1, clock)
    assert clock.timed_calls == list(counts), "the warm-up does the same work"
    assert {evidence.step: evidence.calls for evidence in arm.evidence()} == counts
    assert all(len(arm.return_times_s[name]) == len(arm.result_times_s[name]) == 1 for name in counts)
