"""The introduction of each transformation and its code."""

from bench.plan.validation import make_plan
from bench.values import Arm
from ui.views.memory_traffic import introduction


def test_the_versions_told_are_those_that_are_raced():
    plan = make_plan("memory-traffic", cores=1, parameters={"transformation": "tiling", "before": "ikj"})
    assert introduction.version_names(plan) == {Arm.BASELINE: "ikj", Arm.ACCELERATED: "blocked"}
