"""Plans: checked at the boundary with messages that name the field, its bounds and the value given."""

from __future__ import annotations

import shlex

import pytest

from bench.plan.change import change_plan
from bench.plan.command import format_command
from bench.plan.plan import Plan
from bench.plan.query import from_query, to_query
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, make_plan


def list_problems(**fields) -> list[str]:
    with pytest.raises(PlanError) as error:
        make_plan("colour-quantization", core_limit=2, **fields)
    return error.value.problems


def test_defaults_come_from_the_declaration():
    plan = make_plan("colour-quantization", core_limit=2)
    assert (plan.baseline, plan.accelerated, plan.cores, plan.batch) == ("stock", "sklearnex", 2, 1)
    assert plan.parameters == {"image": "china", "colours": 64, "sample": 1000, "start": "own"}
    assert (plan.budget_s, plan.target, plan.seed, plan.accuracy_limit) == (20.0, 0.03, 0, 0.99)


def test_a_case_has_a_time_budget_of_its_own_and_another_case_keeps_only_a_changed_one():
    etl, common = make_plan("modin", "etl", cores=2), make_plan("modin", "common", cores=2)
    assert etl.budget_s < common.budget_s and "budget_s" not in to_query(common)
    assert from_query("modin", to_query(common)) == common
    assert change_plan(etl, {"case": "common"}) == common
    longer = etl.model_copy(update={"budget_s": 300.0})
    assert change_plan(longer, {"case": "common"}).budget_s == 300


def test_a_case_has_a_batch_of_its_own_and_another_case_keeps_only_a_changed_one():
    forest = make_plan("estimators", "random-forest-classifier", cores=2)
    distances = make_plan("estimators", "pairwise-distances", cores=2)
    assert distances.batch < forest.batch and "batch" not in to_query(distances)
    assert from_query("estimators", to_query(distances)) == distances
    assert change_plan(forest, {"case": "pairwise-distances"}) == distances
    assert change_plan(distances, {"case": "random-forest-classifier"}) == forest
    larger = forest.model_copy(update={"batch": 5_000})
    assert change_plan(larger, {"case": "pairwise-distances"}).batch == 5_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"cores": 9}, ["cores", "9", "from 1 to 2", "may use"]),
        ({"cores": 0}, ["cores", "0", "from 1 to 2"]),
        ({"cores": "many"}, ["cores", "'many'", "an integer"]),
        ({"cores": True}, ["cores", "True", "an integer"]),
        ({"batch": 1.5}, ["batch", "1.5", "an integer", "from 1 to 32"]),
        ({"batch": float("nan")}, ["batch", "nan"]),
        ({"batch": 10**400}, ["batch", "an integer"]),
        ({"budget_s": 1}, ["budget_s", "1", "from 2 to 3,600 seconds"]),
        ({"target": -1}, ["target", "-1", "from 0 to 0.5"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"accuracy_limit": 2}, ["accuracy_limit", "2", "from 0 to 1"]),
        ({"baseline": "fast"}, ["baseline", "'fast'", "stock, sklearnex"]),
        ({"parameters": {"colours": 257}}, ["colours", "257", "from 2 to 256"]),
        ({"parameters": {"image": "../../etc/passwd"}}, ["image", "china, flower"]),
        ({"parameters": {"image": "upload:abc"}}, ["image", "no uploaded file"]),
        ({"parameters": {"colour": 3}}, ["colour", "no such parameter", "colours"]),
        ({"parameters": 3}, ["parameters", "mapping"]),
        ({"bugdet": 3}, ["bugdet", "no such field"]),
    ],
)
def test_a_mistake_names_field_value_and_bounds(fields, words):
    found = list_problems(**fields)
    assert len(found) == 1
    assert all(word in found[0] for word in words), found


def test_every_mistake_is_told_at_once():
    assert len(list_problems(cores=9, batch=0, parameters={"colours": 1})) == 3


def test_an_unknown_workload_is_told_with_those_there_are():
    with pytest.raises(PlanError, match="colour-quantization"):
        make_plan("colour")


def test_the_digest_is_the_same_for_the_same_plan_and_stands_for_ever():
    one = make_plan("colour-quantization", cores=2, budget_s=20, parameters={"colours": "32"})
    other = make_plan("colour-quantization", parameters={"colours": 32.0}, budget_s="20", cores="2")
    assert one.digest == other.digest == "81bb77e5b5711bc1"
    assert one.digest != make_plan("colour-quantization", cores=2, parameters={"colours": 33}).digest


def test_a_plan_round_trips_through_a_url_and_through_json():
    plan = make_plan(
        "colour-quantization", cores=1, batch=4, target=0.05, parameters={"colours": 16, "start": "shared"}
    )
    query = to_query(plan)
    assert query == {"cores": "1", "batch": "4", "target": "0.05", "colours": "16", "start": "shared"}
    assert from_query("colour-quantization", query) == plan
    assert Plan.model_validate_json(plan.canonical()) == plan


def test_a_stored_plan_of_a_larger_machine_is_read():
    assert make_plan("colour-quantization", cores=64).cores == 64


def test_the_command_line_names_what_differs_from_the_defaults():
    plan = make_plan("colour-quantization", cores=2, budget_s=5, parameters={"colours": 16})
    expected = "python -m bench run colour-quantization --cores 2 --batch 1 --set colours=16 --budget 5"
    assert format_command(plan) == expected


def test_the_command_line_may_be_copied_where_a_path_has_blanks():
    plan = make_plan("modin", cores=1, parameters={"file": "/tmp/it's a table.csv"})
    words = shlex.split(format_command(plan))
    assert words[words.index("--set") + 1] == "file=/tmp/it's a table.csv"


def test_several_are_named_with_commas_and_stand_in_the_order_of_the_choices():
    plan = make_plan("modin", "selection", cores=1, parameters={"calls": "map, read_csv,map"})
    assert plan.parameters["calls"] == "read_csv,map"
    assert [step.name for step in resolve(plan).steps] == ["read_csv", "map"]
    assert list(resolve(plan).labels()) == ["total", "read_csv", "map"]
    again = from_query("modin", to_query(plan))
    other = make_plan("modin", "selection", cores=1, parameters={"calls": "read_csv,map"})
    assert again == plan and again.digest == other.digest


def test_bounds_are_told_with_all_their_digits():
    with pytest.raises(PlanError, match=r"an integer from 16 to 16,777,216, got 33,554,432"):
        make_plan("modin", cores=1, batch=1 << 25)


@pytest.mark.parametrize(("given", "words"), [("", "one or more of"), ("map,nap", "'nap' is none of")])
def test_several_that_name_nothing_are_refused(given, words):
    with pytest.raises(PlanError, match=words):
        make_plan("modin", "selection", cores=1, parameters={"calls": given})


def test_the_accuracy_limit_of_a_workload_is_its_default():
    assert make_plan("colour-quantization").accuracy_limit == 0.99
    plan = make_plan("bert")
    assert plan.accuracy_limit == 0.94
    assert "accuracy" not in format_command(plan)
    assert "--accuracy-limit 0.99" in format_command(make_plan("bert", accuracy_limit=0.99))
