"""The charts and the table of the roofline."""

from itertools import pairwise

import pytest

from bench.values.base import Arm
from tests.support.memory_pages import CACHES
from ui.design.theme import arm_style
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
        machine_code="vectorized, 256 bits; 3 innermost loops",
        counted={"cycles": 1200},
    )
    without_arithmetic = kernel.model_copy(update={"gflop_s": 0.0})
    figure = roofline.build_roofline_figure(stairs, peaks, [kernel, without_arithmetic], "light")
    memory, near, points = figure.data
    assert memory.x[1] == 5.0 and memory.y[1] == 50.0, "the ridge"
    assert near.x[1] == 0.5
    assert list(points.text) == ["ikj"], "a kernel without arithmetic is only in the table"
    assert [note.text for note in figure.layout.annotations] == ["ikj"]
    table = roofline.build_kernel_table([kernel, kernel], peaks)
    assert list(table["against its limit"]) == ["0.25x of 10.0 GB/s"] * 2
    assert list(table["vectors"]) == ["256 bits"] * 2
    assert len(table) == 2 and list(table["cycles per call"]) == ["1,200", "1,200"]
    slow = kernel.model_copy(update={"seconds": 1.308448, "gb_s": 2.5678, "gflop_s": 51.234, "intensity": 0.12345})
    row = roofline.build_kernel_table([slow], peaks).iloc[0]
    assert [row[name] for name in ("ms", "GB/s", "Gflop/s", "op/byte")] == [1310, 2.57, 51.2, 0.123]
    assert list(roofline.build_staircase_figure(stairs, CACHES, "light").data[0].y) == [100.0, 10.0]


@pytest.mark.parametrize(
    ("machine_code", "text"),
    [
        ("vectorized, 512 bits; 17 innermost loops", "512 bits"),
        ("partly vectorized, 256 bits; 4 innermost loops; 2 more", "256 bits, partly"),
        ("vectorized moves, 256 bits; 1 innermost loops", "256 bits, moves only"),
        ("not vectorized; 3 innermost loops", "none"),
        ("the library's", "the library's"),
    ],
)
def test_the_vectors_of_a_kernel_fit_their_column(machine_code, text):
    assert roofline.describe_vectors(machine_code) == text


def test_names_of_kernels_that_are_close_are_spread_and_others_stay_at_their_marks():
    places = [(0.1, 50.0), (0.12, 55.0), (0.15, 52.0), (0.9, 52.0), (0.14, 200.0)]
    heights = roofline.spread_names(places)
    close = sorted(heights[:3])
    assert all(above - below >= roofline.NAME_HEIGHT_PX for below, above in pairwise(close))
    assert (heights[3], heights[4]) == (52.0, 200.0)
    assert all(height >= place[1] for height, place in zip(heights, places, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_number_of_threads_has_the_colour_of_an_arm(theme):
    stairs = [TriadPoint(threads=threads, bytes=10_000, gb_s=10.0) for threads in (1, 2)]
    peaks = [PeakRate(threads=threads, gflop_s=50.0, bits=256) for threads in (1, 2)]
    arms = {arm_style(arm, theme).colour for arm in Arm}
    for figure in (
        roofline.build_staircase_figure(stairs, CACHES, theme),
        roofline.build_roofline_figure(stairs, peaks, [], theme),
    ):
        colours = {trace.line.color for trace in figure.data if trace.line.color}
        assert len(colours) == 2 and not colours & arms


def make_kernel(**changes) -> RooflinePoint:
    fields = {"transformation": "Tiling", "version": "tiled", "label": "tiled", "threads": 1, "bytes": 1}
    rates = {"seconds": 1e-3, "intensity": 10.0, "gflop_s": 25.0, "gb_s": 2.5, "limit_gb_s": 10.0, "share": 0.5}
    return RooflinePoint(**(fields | rates | {"machine_code": ""} | changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "0.5x of 50 Gflop/s"),
        ({"share": 18.5, "intensity": 1.0}, "18x of 10.0 GB/s"),
        ({"gflop_s": 0.0, "share": 1.71}, "1.7x of 10.0 GB/s"),
        ({"threads": 4}, "0.5x of 10.0 GB/s"),
    ],
)
def test_a_kernel_is_compared_with_its_limit_by_a_factor(changes, text):
    peaks = [PeakRate(threads=1, gflop_s=50.0, bits=256)]
    assert roofline.describe_limit(make_kernel(**changes), peaks) == text


def test_limits_that_other_programs_slowed_down_are_reported():
    peaks = [PeakRate(threads=1, gflop_s=50.0, bits=256)]

    def find(*gb_s: float, gflop_s: float = 25.0, threads: int = 1) -> str:
        stairs = [TriadPoint(threads=threads, bytes=10 ** (place + 4), gb_s=rate) for place, rate in enumerate(gb_s)]
        return roofline.find_disturbance(stairs, peaks, [make_kernel(gflop_s=gflop_s)])

    assert find(100.0, 40.0, 10.0) == ""
    assert "40.0 GB/s on larger arrays" in find(10.0, 40.0, 10.0)
    assert find(10.0, 40.0, 10.0, threads=2) == "", "starting threads takes longer than small arrays"
    assert "a kernel reached 60 Gflop/s" in find(100.0, 40.0, gflop_s=60.0)
