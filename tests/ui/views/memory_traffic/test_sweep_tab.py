"""The tab that sweeps strides, tiles, threads or array sizes."""

import pytest

from bench.plan.validation import make_plan
from bench.workload.registry import load_workloads
from tests.support.memory_pages import CACHES
from ui.components import task_panel
from ui.views.memory_traffic import sweep_tab


def test_sizes_show_both_versions_the_triad_and_the_caches():
    points = [
        {"lever": lever, "label": lever, "bytes": size, "seconds": seconds, "gb_s": 1 / seconds, "gflop_s": 2 / seconds}
        | {"threads": 1 if lever == "before" else 2}
        for size in (2**14, 2**24)
        for lever, seconds in (("before", 0.4), ("after", 0.1), ("triad", 0.05))
    ]
    drawn = sweep_tab.build_sizes_figure(points, CACHES, ("gb_s", "GB/s"), "light")
    assert [line.name for line in drawn.data] == ["triad, 2 threads", "before, 1 thread", "after, 2 threads"]
    assert list(drawn.data[2].x) == [16, 16 * 1024]
    mark = next(note for note in drawn.layout.annotations if note.text == "L1")
    assert 10**mark.x == pytest.approx(48), "where a line stands by its number, a text stands by its logarithm"
    arithmetic = sweep_tab.build_sizes_figure(points, CACHES, ("gflop_s", "Gflop/s"), "light")
    assert [line.name for line in arithmetic.data] == ["before, 1 thread", "after, 2 threads"], (
        "the triad is no limit of arithmetic"
    )


def test_every_chart_names_the_settings_that_it_depends_on():
    plan = make_plan("memory-traffic", cores=1)
    for name in load_workloads()["memory-traffic"].parameter("transformation").choices:
        for chart in sweep_tab.list_chart_tasks(name):
            assert {"cores", "seed", "vectors"} < set(task_panel.relevant_settings(plan, chart.reads))
