"""The charts and the table of the roofline."""

from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import roofline
from workloads.memory_traffic.measurements import PeakRate, RooflinePoint, TriadPoint


def test_the_roof_is_the_lower_of_both_limits():
    stairs = [
        TriadPoint(threads=1, bytes=10_000, gb_s=100.0),
        TriadPoint(threads=1, bytes=1_000_000_000, gb_s=10.0),
    ]
    peaks = [PeakRate(threads=1, gflop_s=50.0, bits=256)]
    kernel = RooflinePoint(
        transformation="Tiling",
        version="ikj",
        label="permuted",
        threads=1,
        bytes=1,
        seconds=1e-3,
        intensity=2.0,
        gflop_s=5.0,
        gb_s=2.5,
        limit_gb_s=10.0,
        share=0.25,
        machine_code="vectorized",
        counted={"cycles": 1200},
    )
    without_arithmetic = kernel.model_copy(update={"gflop_s": 0.0})
    figure = roofline.build_roofline_figure(stairs, peaks, [kernel, without_arithmetic], "light")
    memory, near, points = figure.data
    assert memory.x[1] == 5.0 and memory.y[1] == 50.0, "the ridge"
    assert near.x[1] == 0.5
    assert list(points.text) == ["ikj"], "a kernel without arithmetic is only in the table"
    table = roofline.build_kernel_table([kernel, kernel])
    assert len(table) == 2 and list(table["cycles per call"]) == ["1,200", "1,200"]
    assert list(roofline.build_staircase_figure(stairs, CACHES, "light").data[0].y) == [100.0, 10.0]
