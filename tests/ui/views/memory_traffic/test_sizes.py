"""The chart of both versions over the size of their arrays."""

import pytest

from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import sizes
from workloads.memory_traffic.measurements import SizePoint


def test_the_chart_shows_both_versions_the_triad_and_the_caches():
    points = [
        SizePoint(
            version=role,
            label=role,
            role=role,
            threads=1 if role == "before" else 2,
            bytes=size,
            seconds=seconds,
            gb_s=1 / seconds,
            gflop_s=2 / seconds,
        )
        for size in (2**14, 2**24)
        for role, seconds in (("before", 0.4), ("after", 0.1), ("triad", 0.05))
    ]
    figure = sizes.build_sizes_figure(points, CACHES, sizes.BANDWIDTH, "light")
    assert [trace.name for trace in figure.data] == ["triad, 2 threads", "before, 1 thread", "after, 2 threads"]
    assert list(figure.data[2].x) == [16, 16 * 1024]
    annotation = next(note for note in figure.layout.annotations if note.text == "L1")
    assert 10**annotation.x == pytest.approx(48), "Plotly places lines by the value, texts by its logarithm"
    arithmetic = sizes.build_sizes_figure(points, CACHES, sizes.ARITHMETIC, "light")
    assert [trace.name for trace in arithmetic.data] == ["before, 1 thread", "after, 2 threads"], (
        "the triad does not limit arithmetic"
    )
