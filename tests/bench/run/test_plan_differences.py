"""What a plan sets differently from another one: units, cases, and stored values that no longer exist."""

from bench.plan.validation import make_plan
from bench.run.plan_differences import UNKNOWN, describe_differences, list_differences


def test_equal_plans_do_not_differ():
    plan = make_plan("colour-quantization", cores=1)
    assert describe_differences(plan, plan) == ""


def test_every_setting_that_differs_is_named_with_its_unit():
    one = make_plan("colour-quantization", cores=1, budget_s=8, batch=2, parameters={"colours": 16})
    other = make_plan("colour-quantization", cores=1, budget_s=20, batch=1, parameters={"colours": 64})
    assert list_differences(one, other) == [
        "time budget 8 s instead of 20 s",
        "batch 2 instead of 1",
        "colours 16 instead of 64",
    ]


def test_parameters_of_different_cases_are_not_compared():
    one = make_plan("memory-traffic", "tiling", cores=1)
    [case, *others] = list_differences(one, make_plan("memory-traffic", "stencil", cores=1))
    assert "instead of" in case
    assert not any("size" in other for other in others)


def test_a_value_that_no_longer_exists_is_not_compared():
    plan = make_plan("colour-quantization", cores=1)
    old = plan.model_copy(update={"baseline": "a lever value of long ago"})
    assert list_differences(old, plan) == [UNKNOWN]
