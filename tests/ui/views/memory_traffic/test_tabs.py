"""The page of memory traffic: its tabs, and their charts and settings."""

from __future__ import annotations

from bench.plan.validation import make_plan
from bench.workload.registry import load_workloads
from bench.workload.tasks import NoResult
from tests.support.measurements import store_measurement
from tests.support.memory_pages import CACHES, open_with_query
from ui.views.memory_traffic import roofline, sizes, sweep_charts, sweep_tab
from ui.views.memory_traffic.tabs import build_tabs
from ui.views.modin import break_even
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.measurements import PeakRate, SizePoint, SweepPoint, TriadPoint
from workloads.modin.measurements import BreakEvenPoint


def test_every_logarithmic_axis_has_explicit_ticks():
    stairs = [TriadPoint(threads=1, bytes=size, gb_s=gb_s) for size, gb_s in ((2**14, 100.0), (2**30, 10.0))]
    sweep_points = [
        SweepPoint(version="tiles", label="tiles", x=x, seconds=1.0, ns=ns, bytes=x * x) for x, ns in ((8, 1), (64, 40))
    ]
    size_points = [
        SizePoint(version=role, label=role, role=role, threads=1, bytes=size, seconds=1.0, gb_s=2.0, gflop_s=3.0)
        for role in ("before", "after", "triad")
        for size in (2**14, 2**32)
    ]
    peak = PeakRate(threads=1, gflop_s=50.0, bits=256)
    rounds = [BreakEvenPoint(rows=rows, pandas=[0.001, 0.002, 0.003], modin=[0.1, 0.2, 0.3]) for rows in (10, 1000)]
    figures = [
        sweep_charts.build_sweep_figure("tiling", sweep_points, [], CACHES, "light"),
        sizes.build_sizes_figure(size_points, CACHES, sizes.BANDWIDTH, "light"),
        roofline.build_roofline_figure(stairs, [peak], [], "light"),
        roofline.build_staircase_figure(stairs, CACHES, "light"),
        break_even.build_break_even_figure(rounds, None, "light"),
    ]
    axes = [axis for figure in figures for axis in (figure.layout.xaxis, figure.layout.yaxis) if axis.type == "log"]
    assert len(axes) == 9
    assert all(axis.ticktext and len(axis.ticktext) == len(axis.tickvals) for axis in axes)
    assert figures[1].layout.xaxis.ticktext[-1] == "16 GiB", "the unit is GiB from 1024 MiB on"


def test_every_transformation_has_a_chart_and_a_tab():
    workload = load_workloads()["memory-traffic"]
    tabs = build_tabs()
    for name, transformation in TRANSFORMATIONS.items():
        tab = tabs[transformation.short]
        assert tab.controls.covers(make_plan("memory-traffic", name))
        for chart in sweep_tab.list_chart_tasks(name):
            assert chart.task in {task.name for task in workload.tasks.entries}
    names = {case.name: {p.name for p in workload.parameters_of(case)} for case in workload.cases}
    assert "fields" in names["layout"] and "fields" not in names["unit-stride"]
    versions = [value.name for value in workload.lever_of(workload.case("tiling")).values]
    assert versions == ["ijk", "ikj", "tiled", "blocked", "blas"]


def test_the_tab_follows_the_case_of_the_address(app):
    open_with_query(app, case="tiling", baseline="ikj")
    assert app.session_state["memory-traffic:tab"] == "Product"
    shown = "\n".join(code.value for code in app.code)
    assert "def ikj(" in shown and "def blocked(" in shown


def test_an_address_of_version_0_1_0_opens_its_case_and_versions(app):
    open_with_query(app, transformation="tiling", before="ikj", cores="1")
    assert not app.error
    assert app.session_state["memory-traffic:tab"] == "Product"
    assert (app.query_params["case"], app.query_params["baseline"]) == ("tiling", "ikj")
    assert not {"transformation", "before"} & {*app.query_params}


def test_the_tab_of_a_case_shows_its_code_and_its_order_of_access(app):
    open_with_query(app, case="tiling")
    assert app.session_state["memory-traffic:tab"] == "Product"
    shown = "\n".join(code.value for code in app.code)
    assert "def ijk(" in shown and "def blocked(" in shown
    assert "lines fetched" in "\n".join(text.value for text in app.caption)


def store_sizes(**parameters):
    points = [
        SizePoint(version=role, label=role, role=role, threads=1, bytes=2**14, seconds=seconds, gb_s=2.0, gflop_s=3.0)
        for role, seconds in (("before", 0.5), ("after", 0.125), ("triad", 0.1))
    ]
    return store_measurement(
        "memory-traffic",
        "sizes",
        reports=[("point", point) for point in points],
        result=NoResult(),
        plan={"case": "layout", "parameters": parameters},
    )


def test_the_last_stored_result_of_these_settings_is_shown(app):
    store_sizes(fields="8")
    open_with_query(app, case="layout", fields="8", cores="1", size="64")
    text = "\n".join(text.value for text in app.caption)
    assert "16 KiB: **4.00x**" in text and "Measured" in text
    assert "all eight fields are read" in text.lower()


def test_results_of_other_settings_are_not_shown(app):
    store_sizes(fields="2")
    store_sizes(fields="8", vectors="512")
    open_with_query(app, case="layout", fields="8", cores="1", size="64")
    text = "\n".join(text.value for text in app.caption)
    assert "4.00x" not in text and "Measured" not in text


def test_the_case_follows_the_tab(app):
    open_with_query(app, tab="Layout", case="tiling", baseline="ikj")
    assert app.query_params["case"] == "layout"
    assert "baseline" not in app.query_params, "the other case does not have this version"
    app.query_params.clear()
    open_with_query(app, tab="Layout", case="layout", fields="8")
    shown = "\n".join(code.value for code in app.code)
    assert "def aos_8(" in shown, "the code uses the set number of fields"
    app.session_state["memory-traffic:tab"] = "Stencil"
    app.run()
    assert not app.exception
    shown = "\n".join(code.value for code in app.code)
    assert "def columns(start" in shown and "+def time(start" in shown, "the diff is that of the tab"
    app.session_state["memory-traffic:tab"] = "Roofline"
    app.run()
    assert not app.exception
    assert app.button(key="memory-traffic:roofline-button")
    assert "memory-traffic:run" not in {button.key for button in app.button}
