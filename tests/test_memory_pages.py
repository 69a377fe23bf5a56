"""What the page of memory traffic draws: the order of access, the sweep, the staircase and the roofline."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bench.machine.describe import Cache
from bench.plan.plan import make
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import Store
from bench.values import Measure, Quality, Side
from bench.workload.declaration import registry
from tests.conftest import opened as opening
from ui import services
from ui.charts import race
from ui.components import task_panel
from ui.design import theme
from ui.views.memory_traffic import access_animation, achieved, introduction, roofline, scaling, sweep_charts, sweep_tab
from ui.views.memory_traffic import tabs as memory_traffic_tabs
from ui.views.modin import break_even

TEXTS = registry()["memory-traffic"].texts
VERSIONS = [key.split("/") for key in TEXTS if key.count("/") == 1 and ":" not in key]
CACHES = [Cache(level=1, kind="Data", bytes=48 * 1024, shared_by=1)]
ONE_CORE = [{"kernel": "triad", "cores": 1, "seconds": 1.0, "speedup": 1.0, "low": 1.0, "high": 1.0}]


@pytest.mark.parametrize(("transformation", "version"), VERSIONS)
def test_every_version_but_the_librarys_has_a_picture(transformation, version):
    if version == "blas":
        with pytest.raises(KeyError):
            access_animation.walk(transformation, version)
        return
    way = access_animation.walk(transformation, version)
    cells = {cell for step in way.steps for cell in step}
    assert all(0 <= i < way.rows and 0 <= j < way.columns for i, j in cells)
    seen = access_animation.fetched(way)
    assert len(seen.states) == len(way.steps)
    assert 0 < seen.lines <= seen.accesses == sum(len(step) for step in way.steps)
    drawn = access_animation.figure(way, seen, "#0B7F75", "light")
    assert len(drawn.frames) == len(way.steps)


def lines(transformation: str, version: str, fields: int = 1) -> int:
    return access_animation.fetched(access_animation.walk(transformation, version, fields)).lines


def test_the_model_fetches_what_can_be_counted_by_hand():
    every = access_animation.SIDE**2
    assert lines("unit-stride", "rows") == every // access_animation.LINE, "each line once"
    assert lines("unit-stride", "columns") == every, "twelve rows do not fit into eight lines"
    assert lines("layout", "aos") == access_animation.SIDE, "a line a particle"
    assert lines("layout", "soa") == access_animation.SIDE // access_animation.LINE
    assert lines("layout", "aos", 2) == 2 * access_animation.SIDE, "of two fields each stands in a line of its own"
    assert lines("layout", "soa", 2) == 2 * access_animation.SIDE // access_animation.LINE
    assert lines("layout", "aos", 8) == lines("layout", "soa", 8), "who uses all fields fetches all lines"
    assert lines("tiling", "tiled") < lines("tiling", "ikj") < lines("tiling", "ijk")
    assert lines("transpose", "tiles") < lines("transpose", "rows")


@pytest.mark.parametrize("version", ["rows", "columns", "tiles", "threads"])
def test_the_walks_of_the_stencil_reach_every_inner_element(version):
    way = access_animation.walk("stencil", version)
    inner = {(i, j) for i in range(1, 11) for j in range(1, 11)}
    assert inner <= {cell for step in way.steps for cell in step}


def test_the_versions_told_are_those_that_are_raced():
    plan = make("memory-traffic", cores=1, parameters={"transformation": "tiling", "before": "ikj"})
    assert introduction.versions(plan) == {Side.BASELINE: "ikj", Side.ACCELERATED: "blocked"}


def test_a_sweep_shows_its_points_its_levels_and_the_caches():
    points = [
        {"version": "tiles", "label": "tiled", "x": x, "seconds": 1.0, "ns": 100 / x, "bytes": 8 * x * x}
        for x in (8, 64)
    ]
    level = {"version": "rows", "label": "row by row", "seconds": 2.0, "ns": 20.0}
    drawn = sweep_charts.figure("transpose", points, [level], CACHES, "light")
    assert list(drawn.data[0].x) == [8, 64]
    said = [note.text for note in drawn.layout.annotations]
    assert [shape.name for shape in drawn.layout.shapes if shape.showlegend] == ["row by row: 2e+03 ms"]
    assert not any("row by row" in text for text in said), "it would lie across the curves"
    assert any("L1" in text for text in said)
    # 48 KiB hold two tiles of float32 of this side.
    assert any(abs(shape.x0 - (48 * 1024 / 8) ** 0.5) < 1e-6 for shape in drawn.layout.shapes if shape.x0 == shape.x1)


def test_a_sweep_of_strides_marks_the_line_of_each_kind_of_elements():
    points = [
        {"version": kind, "label": kind, "x": x, "seconds": 1.0, "ns": 1.0, "bytes": 0, "line": line}
        for kind, line in (("float32", 16), ("float64", 8))
        for x in (1, 2)
    ]
    drawn = sweep_charts.figure("stride", points, [], CACHES, "light")
    assert [line.name for line in drawn.data] == ["float32", "float64"]
    assert [shape.x0 for shape in drawn.layout.shapes] == [16, 8]
    assert "From a stride of 16 float32 and 8 float64 on" in sweep_charts._words("stride", points)


def test_the_marks_of_a_sweep_are_each_versions_own():
    points = [
        {"version": version, "label": version, "x": x, "seconds": 1.0, "ns": 1.0, "bytes": held}
        for version, at in (("tiled", (256, 262144)), ("blocked", (1280, 40960)))
        for x, held in zip((8, 256), at, strict=True)
    ]
    drawn = sweep_charts.figure("tiling", points, [], CACHES, "light")
    marks = {note.text: 10**note.x for note in drawn.layout.annotations}
    assert marks == {
        "tiled fills L1": pytest.approx((48 * 1024 / 4) ** 0.5),
        "blocked fills L1": pytest.approx(48 * 1024 / 160),
    }


def test_sizes_show_both_versions_the_triad_and_the_caches():
    points = [
        {"lever": lever, "label": lever, "bytes": size, "seconds": seconds, "gb_s": 1 / seconds, "gflop_s": 2 / seconds}
        | {"threads": 1 if lever == "before" else 2}
        for size in (2**14, 2**24)
        for lever, seconds in (("before", 0.4), ("after", 0.1), ("triad", 0.05))
    ]
    drawn = sweep_tab.sizes(points, CACHES, ("gb_s", "GB/s"), "light")
    assert [line.name for line in drawn.data] == ["triad, 2 threads", "before, one thread", "after, 2 threads"]
    assert list(drawn.data[2].x) == [16, 16 * 1024]
    mark = next(note for note in drawn.layout.annotations if note.text == "L1")
    assert 10**mark.x == pytest.approx(48), "where a line stands by its number, a text stands by its logarithm"
    arithmetic = sweep_tab.sizes(points, CACHES, ("gflop_s", "Gflop/s"), "light")
    assert [line.name for line in arithmetic.data] == ["before, one thread", "after, 2 threads"], (
        "the triad is no limit of arithmetic"
    )


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.1, 48, ["0.1", "0.3", "1", "3", "10", "30"]),
        (4, 700, ["5", "10", "20", "50", "100", "200", "500"]),
        (1.9, 10.5, ["2", "3", "5", "7", "10"]),
        (900, 2100, ["1,000", "1,200", "1,400", "1,600", "1,800", "2,000", "2,200"]),
        (0.00002, 0.00009, ["0.00002", "0.00003", "0.00005", "0.00007"]),
        (1 / 64, 512, ["0.01", "0.1", "1", "10", "100"]),
        (1e-9, 1e9, ["0.000000001", "0.000001", "0.001", "1", "1,000", "1,000,000", "1,000,000,000"]),
        (3, 3, ["2.9", "2.95", "3", "3.05", "3.1", "3.15"]),
    ],
)
def test_a_logarithmic_axis_has_some_round_numbers_written_in_full(low, high, texts):
    axis = theme.log_axis([high, 0.0, low])
    assert axis["ticktext"] == texts
    assert [float(text.replace(",", "")) for text in texts] == axis["tickvals"]


@pytest.mark.parametrize("ratio", [1.0001, 1.01, 1.3, 1.75, 2, 4.99, 5, 7, 30, 1e3, 1e5, 1e20])
def test_no_logarithmic_axis_is_without_ticks_or_crowded(ratio):
    for low in (1e-7, 0.37, 1, 8.6, 100, 950):
        ticks = theme.log_ticks(low, ratio * low)
        assert 2 <= len(ticks) <= theme.MOST_TICKS, (low, ratio, ticks)


def test_ticks_of_times_have_the_unit_that_suits_them():
    assert race.log_seconds([3e-4, 0.2])["ticktext"] == ["300 µs", "1 ms", "3 ms", "10 ms", "30 ms", "100 ms"]
    assert race.log_seconds([0.6, 40])["ticktext"] == ["500 ms", "1 s", "2 s", "5 s", "10 s", "20 s"]


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
        sweep_charts.figure("tiling", swept, [], CACHES, "light"),
        sweep_tab.sizes(sized, CACHES, ("gb_s", "GB/s"), "light"),
        roofline.roofline(stairs, [peak], [], "light"),
        roofline.staircase(stairs, CACHES, "light"),
        break_even.chart(rounds, None, "light"),
    ]
    axes = [axis for one in drawn for axis in (one.layout.xaxis, one.layout.yaxis) if axis.type == "log"]
    assert len(axes) == 9
    assert all(axis.ticktext and len(axis.ticktext) == len(axis.tickvals) for axis in axes)
    assert drawn[1].layout.xaxis.ticktext[-1] == "16 GiB", "1024 MiB are one GiB"


def test_every_transformation_has_a_chart_and_a_tab():
    workload = registry()["memory-traffic"]
    tabs = memory_traffic_tabs.tabs()
    for name in workload.parameter("transformation").choices:
        part = tabs[workload.texts[f"{name}:short"]]
        assert part.covers({"transformation": name})
        for chart in sweep_tab.charts(name):
            assert chart.task in {task.name for task in workload.tasks}
    assert not tabs["Layout"].controls.hides("fields") and tabs["Stride"].controls.hides("fields")
    assert tabs["Product"].controls.choices["after"] == ["default", "ijk", "ikj", "tiled", "blocked", "blas"]


def test_scaling_is_called_a_fit_only_where_it_is_one():
    points = [
        {"kernel": "triad", "cores": cores, "seconds": 1 / cores, "speedup": cores, "low": cores, "high": cores}
        for cores in (1, 2)
    ]
    fit = {"kernel": "triad", "serial": 0.1, "low": 0.0, "high": 0.2, "counts": 2, "fits": False}
    ceiling = {"one_gb_s": 10.0, "all_gb_s": 15.0, "bytes": 2**20}
    drawn = scaling.figure(points, [fit], ceiling, CACHES, "light")
    assert any(shape.y0 == 1.5 for shape in drawn.layout.shapes)
    assert {"ideal", "Amdahl's curve, no fit"} <= {line.name for line in drawn.data}
    curve = next(line for line in drawn.data if line.name == "Amdahl's curve, no fit")
    assert curve.y[-1] == pytest.approx(1 / (0.1 + 0.9 / 2))
    assert "no fit" in scaling.said(fit)
    assert "fit over 4 counts" in scaling.said(fit | {"fits": True, "counts": 4})


def test_what_is_slower_on_more_cores_has_no_serial_share():
    points = [
        {"kernel": "triad", "cores": cores, "seconds": cores, "speedup": 1 / cores, "low": 0.4, "high": 1.0}
        for cores in (1, 2)
    ]
    fit = {"kernel": "triad", "serial": 5.691, "low": 0.9, "high": 6.0, "counts": 2, "fits": False}
    ceiling = {"one_gb_s": 103.8, "all_gb_s": 103.8, "bytes": 64 * 1024}
    drawn = scaling.figure(points, [fit], ceiling, CACHES, "light")
    assert [line.name for line in drawn.data] == ["ideal", "triad", "arithmetic: in registers"], "no curve of a law"
    assert scaling.said(fit) == "**Triad**: slower on more cores: Amdahl's law does not apply."
    gained = fit | {"serial": 0.01, "low": -0.2, "high": 0.2}
    assert "(0.0 % to 20.0 %" in scaling.said(gained)
    assert "to more than 100 %" in scaling.said(gained | {"high": 3.9})
    band = scaling.figure(points, [gained], ceiling, CACHES, "light").data[1]
    assert max(band.y) == pytest.approx(2), "no more than ideal"


def test_only_what_is_well_beyond_the_caches_has_a_ceiling_of_memory():
    caches = [*CACHES, Cache(level=3, kind="Unified", bytes=32 * 2**20, shared_by=2)]

    def said(size: int, caches: list[Cache]) -> str:
        ceiling = {"one_gb_s": 10.0, "all_gb_s": 15.0, "bytes": size}
        label = "ceiling of memory, 15.0 GB/s"
        notes = [note.text for note in scaling.figure(ONE_CORE, [], ceiling, caches, "light").layout.annotations]
        text = scaling.ceiling_said(ceiling, 2, caches)
        assert (label in notes) == text.startswith("**The ceiling of memory**")
        return text

    assert "gains **1.50x** and no more on 1 to 2 cores." in said(256 * 2**20, caches)
    assert "fit into L1" in said(48 * 1024, caches) and "starting threads" in said(48 * 1024, caches)
    assert "not well beyond L3 (32 MiB)" in said(2**20, caches)
    assert "from 128 MiB on" in said(100 * 2**20, caches)
    assert "does not tell its caches" in said(256 * 2**20, [])


def test_the_roof_is_the_lower_of_both_limits():
    stairs = [{"threads": 1, "bytes": size, "gb_s": gb_s} for size, gb_s in ((1e4, 100.0), (1e9, 10.0))]
    peaks = [{"threads": 1, "gflop_s": 50.0, "bits": 256}]
    kernel = {
        "transformation": "Tiling", "version": "ikj", "label": "permuted", "threads": 1, "bytes": 1, "seconds": 1e-3,
        "intensity": 2.0, "gflop_s": 5.0, "gb_s": 2.5, "limit_gb_s": 10.0, "share": 0.25, "words": "vectorized",
    }  # fmt: skip
    drawn = roofline.roofline(stairs, peaks, [kernel, kernel | {"gflop_s": 0.0}], "light")
    memory, near, points = drawn.data
    assert memory.x[1] == 5.0 and memory.y[1] == 50.0, "the ridge"
    assert near.x[1] == 0.5
    assert list(points.text) == ["ikj"], "what has no arithmetic is only in the table"
    assert len(roofline.table([kernel, kernel])) == 2
    assert list(roofline.staircase(stairs, CACHES, "light").data[0].y) == [100.0, 10.0]


@pytest.fixture
def app():
    app = AppTest.from_file(str(services.ROOT / "ui" / "navigation.py"), default_timeout=20)
    app.run()
    app.switch_page(services.page("memory-traffic"))
    return app


def opened(app: AppTest, **query: str) -> AppTest:
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    if app.warning:
        pytest.skip(app.warning[0].value)
    return app


def test_the_tab_follows_the_transformation_of_the_address(app):
    opened(app, transformation="tiling")
    assert app.session_state["memory-traffic:tab"] == "Product"
    shown = "\n".join(code.value for code in app.code)
    assert "def ijk(" in shown and "def blocked(" in shown
    assert "lines fetched" in "\n".join(text.value for text in app.caption)


def test_what_was_measured_at_other_settings_is_not_shown_as_these(app, monkeypatch):
    asked = []
    monkeypatch.setattr(
        services.tasks(), "last", lambda workload, task, given=None, settings=None: asked.append((task, settings))
    )
    opened(app, transformation="layout", fields="8", cores="1", size="64")
    assert ("sizes", dict.fromkeys(("before", "after"), "default") | {"fields": "8", "tile": 0}) in [
        (task, {name: settings[name] for name in ("before", "after", "fields", "tile")}) for task, settings in asked
    ]
    assert all(settings["cores"] == 1 for _, settings in asked)
    assert "all eight fields are read" in "\n".join(text.value for text in app.caption).lower()


def test_every_chart_names_the_settings_that_it_depends_on():
    plan = make("memory-traffic", cores=1)
    for name in registry()["memory-traffic"].parameter("transformation").choices:
        for chart in sweep_tab.charts(name):
            assert {"cores", "seed", "vectors"} < set(task_panel.settings(plan, chart.reads))


def test_the_transformation_follows_the_tab(app):
    opened(app, tab="Layout", transformation="tiling", fields="8", before="ikj")
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


def raced(**parameters) -> Run:
    """A finished race, as little as the page needs of one."""
    plan = make("memory-traffic", cores=1, parameters=parameters)
    run = Run.open(opening().model_copy(update={"plan": plan}))
    run.id, run.state, run.ended_at = "a" * 32, State.FINISHED, 9.0
    run.quality = Quality(baseline=[], accelerated=[], agreement=[])
    return run


def measures(limit: str, **values: float) -> list[Measure]:
    units = {"bandwidth": "GB/s", "ceiling": "GB/s", "rate": "Gflop/s", "peak": "Gflop/s"}
    return [
        Measure(name=name, label=f"share, {limit}" if name == "share" else name, value=value, unit=units.get(name, "%"))
        for name, value in values.items()
    ]


def test_what_a_race_reached_stands_beside_the_limit_that_is_its_own():
    run = raced(transformation="tiling")
    assert achieved.rows(run).empty, "a run that was kept before such things were told"
    run.quality = Quality(
        baseline=measures("the triad's bandwidth", bandwidth=2, ceiling=20, share=10, rate=1, peak=100),
        accelerated=measures(
            "the peak of float32 arithmetic", bandwidth=9, ceiling=20, share=50, rate=60, peak=120, share_of_library=70
        ),
        agreement=[],
    )
    rows = achieved.rows(run)
    assert list(rows["version"]) == ["○ as defined (ijk)", "◆ tiled and blocked in registers"]
    assert list(rows["limit"]) == ["triad, 20.00 GB/s", "arithmetic, 120.00 Gflop/s"]
    assert list(rows["share of BLAS"]) == ["", "70.00 %"]


def test_the_newest_race_of_the_plan_tells_what_it_reached(app):
    run = raced(transformation="transpose")
    told = measures("the triad's bandwidth", bandwidth=5, ceiling=20, share=25)
    run.quality = Quality(baseline=told, accelerated=told, agreement=[])
    Store().save(run)
    opened(app, transformation="transpose", cores="1")
    (table,) = [one.value for one in app.dataframe if "share of the limit" in one.value]
    assert list(table.columns) == ["version", "bandwidth", "limit", "share of the limit"], "nothing is computed"
    opened(app, size="64")
    assert not [one for one in app.dataframe if "share of the limit" in one.value]
