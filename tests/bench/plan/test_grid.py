"""Grids of plans: how the values of an axis are written, and which cells make no plan."""

from __future__ import annotations

import pytest

from bench.plan.grid import default_values, list_axis_names, make_cells, parse_axis
from bench.plan.validation import PlanError, find_workload, make_plan
from bench.workload.registry import load_workloads

BERT = make_plan("bert", cores=2)


@pytest.mark.parametrize(
    ("text", "values", "described"),
    [
        ("cores=2,1", (1, 2), "1 core"),
        ("batch=1..32", (1, 2, 4, 8, 16, 32), "batch 1"),
        ("batch=3..20, 100", (3, 6, 12, 20, 100), None),
        ("batch=1..8, 4", (1, 2, 4, 8), None),
        ("length=64..300", (64, 96, 128, 192, 256, 300), None),
        ("instances=1..4", (1, 2, 4), None),
        ("accelerated=bf16,int8", ("bf16", "int8"), None),
        ("batch", (2, 4, 8, 16, 32), None),
        ("cores", (1, 2, 4), None),
    ],
)
def test_values_and_ranges(text, values, described):
    axis = parse_axis(BERT, text, 4)
    assert axis.values == values
    assert axis.is_size == (axis.is_number and axis.name != "cores")
    assert described is None or axis.labels[0] == "1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense=1", "cannot vary it; it can vary cores, batch"),
        ("cores=8", "expected an integer from 1 to 4"),
        ("batch=", "expected one or more values"),
        ("batch=8..2", "the range 8..2 is empty"),
        ("batch=a..b", "no range of integers"),
        ("batch=1..1000000", "expected an integer from 1 to 128"),
        ("accelerated=fp4", "no value of the lever"),
        ("evaluation=a", "cannot vary it"),
        ("batch=0", "expected an integer from 1 to 128, got 0"),
        ("batch=-1", "expected an integer from 1 to 128, got -1"),
        ("batch=1.5", "expected an integer from 1 to 128, got '1.5'"),
        ("batch=-3..5", "expected two numbers above 0"),
        ("batch=2,1,2", "2 is named more than once"),
        ("nonsense=1,1", "cannot vary it"),
        ("batch=" + ",".join(map(str, range(1_000_000))), "1,000,000 values, and a sweep may have 200 cells"),
    ],
)
def test_wrong_axes_say_what_is_expected(text, message):
    with pytest.raises(PlanError, match=message):
        parse_axis(BERT, text, 4)


def test_the_cells_of_a_grid_are_plans_and_the_others_say_why_not():
    axes = [parse_axis(BERT, "instances=1,2", 2), parse_axis(BERT, "cores_per_instance=1,2", 2)]
    cells = make_cells(BERT, axes, 2)
    assert [cell.values for cell in cells] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    plans = [cell.plan for cell in cells]
    assert [plan and (plan.parameters["instances"], plan.cores) for plan in plans] == [(1, 1), (1, 2), (2, 2), None]
    assert "expected an integer from 1 to 2" in cells[-1].problem and "got 4" in cells[-1].problem


def test_cores_and_cores_of_each_instance_decide_the_instances():
    axes = [parse_axis(BERT, "cores=1..4", 4), parse_axis(BERT, "cores_per_instance=1..4", 4)]
    cells = {cell.values: cell for cell in make_cells(BERT, axes, 4)}
    plans = {
        values: cell.plan and (cell.plan.parameters["instances"], cell.plan.cores) for values, cell in cells.items()
    }
    assert plans == {
        **{(1, 1): (1, 1), (1, 2): None, (1, 4): None},
        **{(2, 1): (2, 2), (2, 2): (1, 2), (2, 4): None},
        **{(4, 1): (4, 4), (4, 2): (2, 4), (4, 4): (1, 4)},
    }
    assert cells[1, 2].problem == "cores_per_instance: each instance has 2 cores, and 1 core cannot be divided so"
    digests = [cell.plan.digest for cell in cells.values() if cell.plan]
    assert len(set(digests)) == len(digests)


def test_more_instances_than_cores_are_refused_before_the_race():
    axes = [parse_axis(BERT, "instances=1,2", 2), parse_axis(BERT, "cores=1,2", 2)]
    problems = {cell.values: cell.problem for cell in make_cells(BERT, axes, 2)}
    assert problems.pop((2, 1)) == "instances: 2 instances cannot share 1 core"
    assert set(problems.values()) == {""}


def test_a_grid_without_a_cell_that_can_be_raced_is_refused():
    with pytest.raises(PlanError, match=r"no cell of the grid can be raced here; .*: instances: 4 instances cannot"):
        make_cells(BERT, [parse_axis(BERT, "instances=4,8", 2)], 2)


def test_a_cell_whose_arms_are_the_same_is_not_raced():
    cells = make_cells(BERT, [parse_axis(BERT, "accelerated=fp32,int8", 2)], 2)
    assert "Both arms run the same code" in cells[0].problem and not cells[1].problem


def test_a_grid_has_one_or_two_different_axes_and_not_too_many_cells():
    cores = parse_axis(BERT, "cores=1,2", 2)
    for axes in ([], [cores, cores, cores]):
        with pytest.raises(PlanError, match="one or 2 settings, got"):
            make_cells(BERT, axes, 2)
    with pytest.raises(PlanError, match="cores is named 2 times; name it once, with all of its values"):
        make_cells(BERT, [cores, cores], 2)
    with pytest.raises(PlanError, match="one cell is no grid; name a second value"):
        make_cells(BERT, [parse_axis(BERT, "batch=1", 2)], 2)
    many = parse_axis(BERT, "batch=" + ",".join(map(str, range(1, 120))), 2)
    with pytest.raises(PlanError, match="238 cells, and a sweep may have 200"):
        make_cells(BERT, [cores, many], 2)


@pytest.mark.parametrize("name", [name for name, workload in load_workloads().items() if not workload.hidden])
def test_every_setting_of_every_workload_has_default_values_that_make_a_grid(name):
    workload = find_workload(name)
    for case in workload.cases:
        plan = make_plan(name, case.name, cores=2)
        for setting in list_axis_names(plan):
            values = default_values(plan, setting, 2)
            axis = parse_axis(plan, setting, 2)
            assert len(axis.values) == len(set(values)) == len(axis.labels)
