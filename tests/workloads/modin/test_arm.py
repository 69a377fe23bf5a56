"""The arm of pandas to Modin: its calls, its inputs, and what it compares."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd

from bench.workload.interface import BadInput
from tests.support.modin import MODIN, RecordingClock, needs_ray, prepare_pandas_arm, run_modin_race
from workloads.modin import arm as arm_module
from workloads.modin import call_report
from workloads.modin.call_inputs import RESERVED_COLUMNS
from workloads.modin.calls import CALLS, MAX_SLOW_ROWS, Call, select_calls
from workloads.modin.engines.ray_engine import MAX_PAUSE_MS


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
    assert list(prepared.reply["call_s"]) == prepared.timed_calls
    assert all(
        0 < prepared.reply["call_s"][name] <= first.first_s for name, first in prepared.arm.first_executions.items()
    )
    prepared.arm.conclude()
    measures, tables = prepared.arm.compare(tmp_path)
    # What Modin costs, and how it executed the calls, is not reported for pandas against itself.
    assert [measure.step for measure in measures if measure.decisive] == prepared.timed_calls
    assert {measure.value for measure in measures} == {100.0}
    assert [table.name for table in tables] == ["equality"]
    assert [row[0] for row in tables[0].rows] == [call.code for call in CALLS]


def test_short_calls_of_pandas_are_timed_without_waiting_for_a_core(tmp_path, monkeypatch):
    in_process = []

    def time_call(call, first_s, check, *, works_in_process):
        in_process.append(works_in_process)
        return first_s

    monkeypatch.setattr(arm_module, "time_warm_call", time_call)
    prepare_pandas_arm(tmp_path, case="selection", calls="mean,fillna")
    assert in_process == [True, True]


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


def test_a_table_on_which_a_call_fails_is_refused_with_the_name_of_the_call(tmp_path, monkeypatch):
    failing = Call("failing", "frame[name]", ("all",), lambda t: t.frame["no such column"])
    monkeypatch.setattr("workloads.modin.arm.select_calls", lambda *_: [failing])
    with pytest.raises(BadInput, match=r"frame\[name\] does not work on this table: .*no such column") as refusal:
        prepare_pandas_arm(tmp_path)
    assert refusal.value.remedy


def compare_with_itself(arm: arm_module.DataFrameCalls, folder) -> tuple[dict[str, float], dict[str, str]]:
    """The equality of each call that was compared, and what the table says of every call."""
    measures, [table] = arm.compare(folder)
    return {measure.step: measure.value for measure in measures}, {row[0]: row[2] for row in table.rows}


def test_a_result_that_cannot_be_fetched_is_not_compared_and_the_table_is_not_blamed(tmp_path, monkeypatch):
    arm = prepare_pandas_arm(tmp_path, case="selection", calls="mean,groupby_sum").arm
    failing = iter((True, False))

    def fetch(result):
        if next(failing):
            raise ValueError("cannot concatenate")
        return result

    monkeypatch.setattr(arm.engine, "to_pandas", fetch)
    arm.conclude()
    equality, found = compare_with_itself(arm, tmp_path)
    first, second = arm.calls
    assert equality == {second.name: 100.0}
    assert found == {
        first.code: "not compared: baseline arm: its result cannot be fetched and stored: cannot concatenate",
        second.code: "equal",
    }


def test_results_are_stored_for_less_time_than_ray_may_be_stopped(tmp_path, monkeypatch):
    assert arm_module.MAX_STORING_S + MODIN.limits.sample_s < MAX_PAUSE_MS / 1000
    arm = prepare_pandas_arm(tmp_path, case="selection", calls="mean").arm
    monkeypatch.setattr(arm_module, "MAX_STORING_S", -1.0)
    arm.conclude()
    equality, found = compare_with_itself(arm, tmp_path)
    assert not equality
    assert found[arm.calls[0].code].startswith(
        "not compared: baseline arm: storing the results of other calls took more"
    )


def test_an_arm_says_which_table_it_works_on_and_what_was_converted(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id;a;a\n" + "".join(f"A{i};{i},5;{i}\n" for i in range(40)) + "0123;1,5;1\n")
    inputs = {raced.label: raced.text for raced in prepare_pandas_arm(tmp_path, file=str(file)).reply["inputs"]}
    assert inputs["Table"].startswith(
        "own.csv (separator semicolon, decimal comma, UTF-8), all of its rows: 41 rows, 3 columns, "
    )
    assert inputs["Renamed"] == "the second column a: a.1, as pandas names it"
    assert inputs["read_csv in both arms"] == "dtype={id: str}"
    synthetic = prepare_pandas_arm(tmp_path).reply["inputs"]
    assert [raced.label for raced in synthetic] == ["Table"]
    assert synthetic[0].text.startswith("generated from seed 0: 300 rows, 8 columns, ")


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


@needs_ray
def test_a_call_that_only_modin_cannot_execute_is_blamed_on_modin(tmp_path, home):
    """No value is above the mean of equal ones, and Modin cannot execute the ETL script's aggregation without rows."""
    file = tmp_path / "own.csv"
    file.write_text("id,v\n" + "1001,3.5\n" * 600)
    record = run_modin_race(tmp_path, rows=600, case="selection", calls="etl", file=str(file))
    assert record.failure is not None
    assert record.failure.what.startswith(
        "The input cannot be used: ETL script works on this table in pandas and fails in Modin on Ray: "
    )
    assert prepare_pandas_arm(tmp_path, case="selection", calls="etl", file=str(file)).timed_calls == ["etl"]
