"""Addresses and command lines of the release without cases select the same versions and sizes."""

import pytest

from bench.cli.arguments import plan_from_options
from bench.cli.main import make_parser
from bench.plan.query import from_query, to_query
from bench.plan.validation import PlanError, make_plan
from workloads.memory_traffic.settings_0_1_0 import upgrade_settings


def open_query(**query: str):
    return from_query("memory-traffic", {"cores": "1"} | query)


@pytest.mark.parametrize(
    ("query", "case", "arms"),
    [
        ({"transformation": "tiling"}, "tiling", ("ijk", "blocked")),
        ({"transformation": "tiling", "before": "ikj"}, "tiling", ("ikj", "blocked")),
        ({"transformation": "tiling", "after": "blas", "before": "default"}, "tiling", ("ijk", "blas")),
        ({"transformation": "stencil", "accelerated": "before"}, "stencil", ("columns", "columns")),
        ({"baseline": "after", "accelerated": "before"}, "unit-stride", ("rows", "columns")),
        ({"after": "columns"}, "unit-stride", ("columns", "columns")),
        ({"transformation": "tiling", "before": "tiled", "accelerated": "before"}, "tiling", ("tiled", "tiled")),
    ],
)
def test_transformation_and_versions_become_case_and_lever(query, case, arms):
    plan = open_query(**query)
    assert (plan.case, plan.baseline, plan.accelerated) == (case, *arms)
    assert from_query("memory-traffic", to_query(plan)) == plan
    assert not {"transformation", "before", "after"} & to_query(plan).keys()


def test_zero_was_the_default_and_other_sizes_stay():
    assert open_query(transformation="tiling", size="0", tile="0") == make_plan("memory-traffic", "tiling", cores=1)
    plan = open_query(transformation="tiling", size="1024", tile="64", side="100", vectors="512")
    assert plan.parameters == {"size": 1024, "side": 100, "tile": 64, "vectors": "512"}


def test_settings_that_had_no_effect_are_dropped():
    plan = open_query(transformation="vectorization", tile="64", side="9", fields="8")
    assert plan == make_plan("memory-traffic", "vectorization", cores=1)


def test_what_does_not_exist_is_named_in_the_message():
    with pytest.raises(PlanError, match="has no case 'nonsense'; it has unit-stride"):
        open_query(transformation="nonsense")
    with pytest.raises(PlanError, match="accelerated: 'tiled' is no value of the lever version; it has aos, soa"):
        open_query(transformation="layout", after="tiled")


def test_current_settings_are_not_changed():
    settings = {"case": "tiling", "baseline": "ikj", "accelerated": "blas", "tile": "64"}
    assert upgrade_settings(dict(settings)) == settings


def test_the_command_line_knows_the_old_and_the_new_form():
    old = ["run", "memory-traffic", "--cores", "1", "--set", "transformation=tiling", "--set", "after=blas"]
    new = ["run", "memory-traffic", "--cores", "1", "--case", "tiling", "--accelerated", "blas"]
    assert plan_from_options(make_parser().parse_args(old)) == plan_from_options(make_parser().parse_args(new))
    lever = ["run", "memory-traffic", "--cores", "1", "--case", "tiling", "--set", "version=blas"]
    assert plan_from_options(make_parser().parse_args(lever)) == plan_from_options(make_parser().parse_args(new))


def test_contradictions_and_sizes_that_are_too_small_are_refused():
    with pytest.raises(PlanError, match="transformation"):
        open_query(case="stencil", transformation="tiling")
    with pytest.raises(PlanError, match="size: expected an integer from 1"):
        open_query(size="0")
