"""The roofline chart and its labels."""

from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import roofline


def test_the_roof_is_the_lower_of_both_limits():
    stairs = [{"threads": 1, "bytes": size, "gb_s": gb_s} for size, gb_s in ((1e4, 100.0), (1e9, 10.0))]
    peaks = [{"threads": 1, "gflop_s": 50.0, "bits": 256}]
    kernel = {
        "transformation": "Tiling", "version": "ikj", "label": "permuted", "threads": 1, "bytes": 1, "seconds": 1e-3,
        "intensity": 2.0, "gflop_s": 5.0, "gb_s": 2.5, "limit_gb_s": 10.0, "share": 0.25, "words": "vectorized",
    }  # fmt: skip
    drawn = roofline.build_roofline_figure(stairs, peaks, [kernel, kernel | {"gflop_s": 0.0}], "light")
    memory, near, points = drawn.data
    assert memory.x[1] == 5.0 and memory.y[1] == 50.0, "the ridge"
    assert near.x[1] == 0.5
    assert list(points.text) == ["ikj"], "what has no arithmetic is only in the table"
    assert len(roofline.build_kernel_table([kernel, kernel])) == 2
    assert list(roofline.build_staircase_figure(stairs, CACHES, "light").data[0].y) == [100.0, 10.0]
