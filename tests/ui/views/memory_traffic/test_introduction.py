"""The introduction of each case and its code."""

from bench.plan.validation import make_plan
from bench.values.base import Arm
from ui.views.memory_traffic import introduction


def test_the_code_is_that_of_the_versions_in_the_plan():
    plan = make_plan("memory-traffic", "tiling", cores=1, baseline="ikj")
    code = introduction.plan_code(plan)
    assert "def ikj(" in code.before and "def blocked(" in code.after
    assert code.before == introduction.version_source(plan, Arm.BASELINE)


def test_the_code_of_the_layout_uses_the_set_number_of_fields():
    plan = make_plan("memory-traffic", "layout", cores=1, parameters={"fields": "8"})
    assert "def soa_8(" in introduction.version_source(plan, Arm.ACCELERATED)
