"""What the page of memory traffic draws: the order of access, the sweep, the staircase and the roofline."""

from __future__ import annotations

from bench.plan.validation import make_plan
from bench.workload.registry import load_workloads
from tests.support.memory_pages import CACHES, open_with_query
from ui import services
from ui.views.memory_traffic import roofline, sweep_charts, sweep_tab
from ui.views.memory_traffic.tabs import build_tabs
from ui.views.modin import break_even
from workloads.memory_traffic.catalogue import TRANSFORMATIONS


def test_every_logarithmic_axis_of_the_charts_has_ticks_of_its_own():
    stairs = [{"threads": 1, "bytes": size, "gb_s": gb_s} for size, gb_s in ((2**14, 100.0), (2**30, 10.0))]
    swept = [
        {"version": "tiles", "label": "tiles", "x": x, "seconds": 1.0, "ns": ns, "bytes": x * x}
        for x, ns in ((8, 1), (64, 40))
    ]
    sized = [
        {"lever": lever, "label": lever, "bytes": size, "seconds": 1.0, "gb_s": 2.0, "gflop_s": 3.0, "threads": 1}
        for lever in ("before", "after", "triad")
        for size in (2**14, 2**32)
    ]
    peak = {"threads": 1, "gflop_s": 50.0, "bits": 256}
    rounds = [{"rows": rows, "pandas": [0.001, 0.002, 0.003], "modin": [0.1, 0.2, 0.3]} for rows in (10, 1000)]
    drawn = [
        sweep_charts.build_sweep_figure("tiling", swept, [], CACHES, "light"),
        sweep_tab.build_sizes_figure(sized, CACHES, ("gb_s", "GB/s"), "light"),
        roofline.build_roofline_figure(stairs, [peak], [], "light"),
        roofline.build_staircase_figure(stairs, CACHES, "light"),
        break_even.build_break_even_figure(rounds, None, "light"),
    ]
    axes = [axis for one in drawn for axis in (one.layout.xaxis, one.layout.yaxis) if axis.type == "log"]
    assert len(axes) == 9
    assert all(axis.ticktext and len(axis.ticktext) == len(axis.tickvals) for axis in axes)
    assert drawn[1].layout.xaxis.ticktext[-1] == "16 GiB", "1024 MiB are one GiB"


def test_every_transformation_has_a_chart_and_a_tab():
    workload = load_workloads()["memory-traffic"]
    tabs = build_tabs()
    for name, transformation in TRANSFORMATIONS.items():
        part = tabs[transformation.short]
        assert part.controls.covers(make_plan("memory-traffic", parameters={"transformation": name}))
        for chart in sweep_tab.list_chart_tasks(name):
            assert chart.task in {task.name for task in workload.tasks.entries}
    assert not tabs["Layout"].controls.hides("fields") and tabs["Stride"].controls.hides("fields")
    assert tabs["Product"].controls.choices["after"] == ["default", "ijk", "ikj", "tiled", "blocked", "blas"]


def test_the_tab_follows_the_transformation_of_the_address(app):
    open_with_query(app, transformation="tiling")
    assert app.session_state["memory-traffic:tab"] == "Product"
    shown = "\n".join(code.value for code in app.code)
    assert "def ijk(" in shown and "def blocked(" in shown
    assert "lines fetched" in "\n".join(text.value for text in app.caption)


def test_what_was_measured_at_other_settings_is_not_shown_as_these(app, monkeypatch):
    asked = []
    monkeypatch.setattr(
        services.get_tasks(), "last", lambda workload, task, given=None, settings=None: asked.append((task, settings))
    )
    open_with_query(app, transformation="layout", fields="8", cores="1", size="64")
    assert ("sizes", dict.fromkeys(("before", "after"), "default") | {"fields": "8", "tile": 0}) in [
        (task, {name: settings[name] for name in ("before", "after", "fields", "tile")}) for task, settings in asked
    ]
    assert all(settings["cores"] == 1 for _, settings in asked)
    assert "all eight fields are read" in "\n".join(text.value for text in app.caption).lower()


def test_the_transformation_follows_the_tab(app):
    open_with_query(app, tab="Layout", transformation="tiling", fields="8", before="ikj")
    shown = "\n".join(code.value for code in app.code)
    assert "def aos_8(" in shown, "the code is that of as many fields as are set"
    assert app.query_params["transformation"] == "layout"
    assert "before" not in app.query_params, "a version of another transformation has no say here"
    app.session_state["memory-traffic:tab"] = "Stencil"
    app.run()
    assert not app.exception
    shown = "\n".join(code.value for code in app.code)
    assert "def columns(start" in shown and "+def time(start" in shown, "the lines that change are those of the tab"
    app.session_state["memory-traffic:tab"] = "Roofline"
    app.run()
    assert not app.exception
    assert app.button(key="memory-traffic:roofline-button")
    assert "memory-traffic:run" not in {button.key for button in app.button}
