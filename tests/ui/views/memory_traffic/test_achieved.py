"""The table of achieved bandwidth and arithmetic below a race."""

from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import Store
from bench.values import Measure, Quality
from tests.support.memory_pages import open_with_query
from tests.support.runs import open_plan
from ui.views.memory_traffic import achieved


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
    assert list(rows["version"]) == ["○ loop order ijk", "◆ tiled, register blocks"]
    assert list(rows["limit"]) == ["triad, 20.00 GB/s", "arithmetic, 120.00 Gflop/s"]
    assert list(rows["share of BLAS"]) == ["", "70.00 %"]


def test_the_page_shows_the_table_of_the_newest_race_of_the_plan(app):
    run = make_finished_run("transpose")
    measures = make_measures("the triad's bandwidth", bandwidth=5, ceiling=20, share=25)
    run.quality = Quality(baseline=measures, accelerated=measures, agreement=[])
    Store().save(run)
    open_with_query(app, case="transpose", cores="1")
    (table,) = [frame.value for frame in app.dataframe if "share of the limit" in frame.value]
    assert list(table.columns) == ["version", "bandwidth", "limit", "share of the limit"], (
        "a transpose has no operations"
    )
    open_with_query(app, size="64")
    assert not [frame for frame in app.dataframe if "share of the limit" in frame.value]
