"""pandas to Modin: the calls, equal results, and races with a real Ray: what is left of it, and what happens to it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd

from bench.workload.interface import BadInput, Settings
from tests.support.modin import MODIN, prepare_pandas_arm
from workloads.modin.arm import CALL_COLUMNS, DataFrameCalls
from workloads.modin.call_inputs import RESERVED_COLUMNS
from workloads.modin.calls import CALLS, MAX_SLOW_ROWS, select_calls
from workloads.modin.engines.base import CallExecution

# --- the calls ---


def test_calls_of_a_python_function_say_that_they_work_on_fewer_rows(tmp_path):
    rows = MAX_SLOW_ROWS + 100
    arm = prepare_pandas_arm(tmp_path, rows=rows, columns=4, case="selection", calls="map,apply,mean")
    assert arm.told["work"] == rows
    assert arm.told["step_work"] == {"map": MAX_SLOW_ROWS, "apply": MAX_SLOW_ROWS}
    assert {step.description for step in MODIN.case("all").steps if step.name in ("map", "apply")} == {
        f"a Python function of {of}, on the first 65,536 rows at most" for of in ("a value", "a row")
    }


@pytest.mark.parametrize("kind", ["mixed", "integer"])
def test_every_call_works_on_every_kind_of_table_and_agrees_with_itself(tmp_path, kind):
    arm = prepare_pandas_arm(tmp_path, kind=kind)
    assert arm.timed == [call.name for call in CALLS]
    assert arm.told["work"] == 300
    arm.conclude()
    measures, tables = arm.compare(tmp_path)
    # What Modin costs, and how it worked, is not told of pandas against itself.
    assert [measure.step for measure in measures if measure.decisive] == arm.timed
    assert {measure.value for measure in measures} == {100.0}
    assert [table.name for table in tables] == ["equality"]
    assert [row[0] for row in tables[0].rows] == [call.code for call in CALLS]


@pytest.mark.parametrize(("baseline", "told"), [("pandas", True), ("modin-ray", False)])
def test_what_modin_costs_and_how_it_worked_is_told_beside_pandas_alone(tmp_path, baseline, told):
    arm = prepare_pandas_arm(tmp_path, case="selection", calls="mean")
    arm.conclude()
    file = tmp_path / "times.json"
    # pandas' first call is 30 s dearer than the later ones.
    theirs = json.loads(file.read_text()) | {"lever": baseline, "first": {"mean": 30.0}}
    file.write_text(json.dumps(theirs))
    arm.engine.service, arm.engine.started_s = "Ray", 7.0
    measures, tables = arm.compare(tmp_path)
    assert [measure.name for measure in measures] == ["equal-mean", *["start"] * told]
    assert [table.name for table in tables] == [*["calls"] * told, "equality"]
    if told:
        assert measures[-1].value == pytest.approx(-23, abs=1), "what costs less than nothing is not 0"
        assert len(tables[0].rows[0]) == len(CALL_COLUMNS)


def test_a_file_of_the_users_is_raced_on_its_own_columns(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,city,price\n" + "".join(f"{i % 3},town {i},{i}.5\n" for i in range(50)))
    arm = prepare_pandas_arm(tmp_path, file=str(file))
    assert arm.tables.key == "id"
    assert arm.tables.value == "price"
    assert arm.told["synthetic"] == ""


def test_columns_named_as_those_that_the_calls_make_change_nothing(tmp_path):
    # They come first and repeat more than the key does: by their content each would be chosen for it.
    own = {name: [1, 2] * 25 for name in RESERVED_COLUMNS}
    table = pd.DataFrame(own | {"id": [i % 3 for i in range(50)], "x": [i + 0.5 for i in range(50)], "flag": "a"})
    plain, named = tmp_path / "plain.csv", tmp_path / "named.csv"
    table.drop(columns=own).to_csv(plain, index=False)
    table.to_csv(named, index=False)
    arms = [prepare_pandas_arm(tmp_path, file=str(file)) for file in (plain, named)]
    assert {(arm.tables.key, arm.tables.value) for arm in arms} == {("id", "x")}
    for call in ("etl", "merge_small", "merge_large"):
        found = [one.run(arm.tables) for arm in arms for one in select_calls("selection", {"calls": call})]
        pd.testing.assert_frame_equal(*found)


def test_the_key_is_not_taken_for_the_value_beside_it(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("n,id\n" + "".join(f"{i},{i % 3}\n" for i in range(50)))
    arm = prepare_pandas_arm(tmp_path, file=str(file))
    assert (arm.tables.key, arm.tables.value) == ("id", "n")


def test_text_calls_work_on_a_table_with_truth_values_with_gaps_and_no_text(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,x,b\n" + "1,2.5,true\n2,1.5,\n" * 200)
    arm = prepare_pandas_arm(tmp_path, file=str(file), case="text")
    assert arm.tables.text.name == "text"


def test_a_table_on_which_a_call_fails_is_refused_with_the_calls_name(tmp_path):
    file = tmp_path / "own.csv"
    days = ["2020-01-02"] * 200 + ["some day"]
    file.write_text("id,x,when\n" + "".join(f"{i % 3},{i}.5,{day}\n" for i, day in enumerate(days)))
    with pytest.raises(BadInput, match=r"to_datetime does not work on this table: .*some day") as error:
        prepare_pandas_arm(tmp_path, file=str(file), case="text")
    assert error.value.remedy


def test_time_to_return_is_that_of_the_race_however_often_a_call_is_made_in_a_sample(tmp_path):
    parameters = {"calls": "construct,read_csv", "columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"}
    made = DataFrameCalls(Settings("selection", "modin-ray", 1, 100, parameters, 0, tmp_path, tmp_path, tmp_path))
    made.engine = SimpleNamespace(service="Ray", storing="put into the object store", started_s=0.0)
    made.notes = {call.name: CallExecution(0.1) for call in made.calls}
    made.took = made.returned = {"construct": [9.0] * 16, "read_csv": [9.0] * 7}
    made.conclude()
    assert {told.returned_s for told in made.evidence()} == {9.0}, "those of the warm-up until there are others"
    for times in made.took.values():
        times += [1.0] * 4
    assert {told.returned_s for told in made.evidence()} == {1.0}
