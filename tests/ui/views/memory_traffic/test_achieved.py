"""The table of achieved bandwidth and arithmetic below a race."""

import math

from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.quality import Measure, Quality
from tests.support.memory_pages import open_with_query
from tests.support.runs import open_plan
from ui.views.memory_traffic import achieved, result


def make_finished_run(case: str) -> Run:
    """A finished race with the fields that the page reads."""
    plan = make_plan("memory-traffic", case, cores=1)
    run = Run.open(open_plan(plan))
    run.id, run.state, run.ended_at = "a" * 32, State.FINISHED, 9.0
    run.quality = Quality(baseline=[], accelerated=[], agreement=[])
    return run


def make_measures(limit: str, **values: float) -> list[Measure]:
    units = {"bandwidth": "GB/s", "ceiling": "GB/s", "rate": "Gflop/s", "peak": "Gflop/s"}
    return [
        Measure(name=name, label=f"share, {limit}" if name == "share" else name, value=value, unit=units.get(name, "%"))
        for name, value in values.items()
    ]


def test_each_version_is_compared_with_its_own_limit():
    run = make_finished_run("tiling")
    assert achieved.build_achieved_table(run).empty, "a run without these measures"
    run.quality = Quality(
        baseline=make_measures("the triad's bandwidth", bandwidth=2, ceiling=20, share=10, rate=1, peak=100),
        accelerated=make_measures(
            "the peak of float32 arithmetic", bandwidth=9, ceiling=20, share=50, rate=60, peak=120, share_of_library=70
        ),
        agreement=[],
    )
    rows = achieved.build_achieved_table(run)
    assert list(rows["version"]) == ["○ loop order ijk", "◆ register blocks"]
    assert list(rows["limit"]) == ["triad, 20.0 GB/s", "arithmetic, 120 Gflop/s"]
    assert list(rows["share of BLAS"]) == ["", "70.0 %"]


def test_the_result_of_a_race_has_both_bandwidths_and_the_triad(app):
    run = make_finished_run("transpose")
    before, after = (
        make_measures("the triad's bandwidth", bandwidth=bandwidth, ceiling=20, share=share)
        for bandwidth, share in ((5, 25), (30, 150))
    )
    run.quality = Quality(baseline=before, accelerated=after, agreement=[])
    Store().save(run)
    open_with_query(app, case="transpose", cores="1")
    (table,) = [frame.value for frame in app.dataframe if "against the limit" in frame.value]
    assert list(table.columns) == ["version", "bandwidth", "limit", "against the limit"], (
        "a transpose has no operations"
    )
    assert list(table["against the limit"]) == ["0.25x", "1.5x"]
    text = "\n".join(element.value.replace("\\", "") for element in app.markdown)
    assert "moves 5.00 GB/s → **30.0 GB/s**: 1.5x of STREAM's triad, 20.0 GB/s" in text
    open_with_query(app, size="64")
    assert not [frame for frame in app.dataframe if "against the limit" in frame.value]


def test_the_charts_show_both_versions_under_the_limit_of_the_race():
    run = make_finished_run("tiling")
    run.quality = Quality(
        baseline=make_measures("the triad's bandwidth", bandwidth=2, ceiling=20, share=10, rate=1, peak=100),
        accelerated=make_measures("the peak", bandwidth=100, ceiling=25, share=50, rate=50, peak=120),
        agreement=[],
    )
    measures = {arm: achieved.read_measures(run, arm) for arm in Arm}
    bars = result.build_bars_figure(run, measures, result.BANDWIDTH, "light")
    assert [list(trace.x) for trace in bars.data] == [[2], [100], [20, 25]]
    quantity = result.choose_quantity(measures)
    assert quantity is result.RATE, "bytes of the plain algorithm say nothing where arithmetic is the limit"
    text = result.describe_change(run, measures, quantity).replace("\\", "")
    assert "computes 1.00 Gflop/s → **50.0 Gflop/s**: 0.42x of" in text
    bars = result.build_bars_figure(run, measures, quantity, "light")
    assert [list(trace.x) for trace in bars.data] == [[1], [50], [100, 120]]
    roof, before, after = result.build_race_roofline(run, measures, "dark").data
    assert roof.x[1] == 120 / 25 and max(roof.y) == 120
    assert before.x == after.x == (0.5,) and (before.y, after.y) == ((1,), (50,))
    [arrow] = result.build_race_roofline(run, measures, "dark").layout.annotations
    assert (arrow.ay, arrow.y) == (0, math.log10(50))


def test_a_version_without_operations_has_no_place_under_the_roof():
    values = {"bandwidth": 2.0, "ceiling": 20.0, "share": 10.0, "rate": 1.0, "peak": 100.0}
    assert result.is_on_roofline({measure.name: measure for measure in make_measures("the peak", **values)})
    for name in result.ROOFLINE_MEASURES:
        measures = make_measures("the peak", **values | {name: 0.0})
        assert not result.is_on_roofline({measure.name: measure for measure in measures}), name
