"""The charts of sweeps over strides and tiles."""

import pytest

from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import sweep_charts
from workloads.memory_traffic.measurements import SweepLevel, SweepPoint


def test_a_sweep_shows_points_levels_and_caches():
    points = [
        SweepPoint(version="tiles", label="tiled", x=x, seconds=1.0, ns=100 / x, bytes=8 * x * x) for x in (8, 64)
    ]
    level = SweepLevel(version="rows", label="row by row", seconds=2.0, ns=20.0)
    figure = sweep_charts.build_sweep_figure("transpose", points, [level], CACHES, "light")
    assert list(figure.data[0].x) == [8, 64]
    texts = [note.text for note in figure.layout.annotations]
    assert [shape.name for shape in figure.layout.shapes if shape.showlegend] == ["row by row: 2e+03 ms"]
    assert not any("row by row" in text for text in texts), "it would cover the curves"
    assert any("L1" in text for text in texts)
    # 48 KiB hold two tiles of float32 with this side.
    assert any(abs(shape.x0 - (48 * 1024 / 8) ** 0.5) < 1e-6 for shape in figure.layout.shapes if shape.x0 == shape.x1)


def test_a_sweep_of_strides_marks_the_cache_line_of_each_element_type():
    points = [
        SweepPoint(version=kind, label=kind, x=x, seconds=1.0, ns=1.0, bytes=0, line=line)
        for kind, line in (("float32", 16), ("float64", 8))
        for x in (1, 2)
    ]
    figure = sweep_charts.build_sweep_figure("unit-stride", points, [], CACHES, "light")
    assert [trace.name for trace in figure.data] == ["float32", "float64"]
    assert [shape.x0 for shape in figure.layout.shapes] == [16, 8]
    assert "From a stride of 16 float32 and 8 float64 on" in sweep_charts.describe_points("unit-stride", points)


def test_each_version_has_its_own_cache_marks():
    points = [
        SweepPoint(version=version, label=version, x=x, seconds=1.0, ns=1.0, bytes=size)
        for version, sizes in (("tiled", (256, 262144)), ("blocked", (1280, 40960)))
        for x, size in zip((8, 256), sizes, strict=True)
    ]
    figure = sweep_charts.build_sweep_figure("tiling", points, [], CACHES, "light")
    marks = {note.text: 10**note.x for note in figure.layout.annotations}
    assert marks == {
        "tiled fills L1": pytest.approx((48 * 1024 / 4) ** 0.5),
        "blocked fills L1": pytest.approx(48 * 1024 / 160),
    }
