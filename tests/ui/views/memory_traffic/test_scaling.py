"""The chart of scaling, and the descriptions of its values."""

import pytest

from bench.machine.model import Cache
from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import scaling
from workloads.memory_traffic.measurements import BandwidthCeiling, ScalingFit, ScalingPoint

ONE_CORE_POINTS = [ScalingPoint(kernel="triad", cores=1, seconds=1.0, speedup=1.0, low=1.0, high=1.0)]


def test_two_core_counts_are_not_called_a_fit():
    points = [
        ScalingPoint(kernel="triad", cores=cores, seconds=1 / cores, speedup=cores, low=cores, high=cores)
        for cores in (1, 2)
    ]
    fit = ScalingFit(kernel="triad", serial=0.1, low=0.0, high=0.2, counts=2, fits=False)
    ceiling = BandwidthCeiling(one_gb_s=10.0, all_gb_s=15.0, bytes=2**20)
    figure = scaling.build_speedup_figure(points, [fit], ceiling, CACHES, "light")
    assert any(shape.y0 == 1.5 for shape in figure.layout.shapes)
    assert {"ideal", "Amdahl's curve, no fit"} <= {trace.name for trace in figure.data}
    curve = next(trace for trace in figure.data if trace.name == "Amdahl's curve, no fit")
    assert curve.y[-1] == pytest.approx(1 / (0.1 + 0.9 / 2))
    assert "do not allow a fit" in scaling.describe_fit(fit)
    assert "fit over 4 core counts" in scaling.describe_fit(fit.model_copy(update={"fits": True, "counts": 4}))


def test_a_slowdown_on_more_cores_has_no_serial_share():
    points = [
        ScalingPoint(kernel="triad", cores=cores, seconds=cores, speedup=1 / cores, low=0.4, high=1.0)
        for cores in (1, 2)
    ]
    fit = ScalingFit(kernel="triad", serial=5.691, low=0.9, high=6.0, counts=2, fits=False)
    ceiling = BandwidthCeiling(one_gb_s=103.8, all_gb_s=103.8, bytes=64 * 1024)
    figure = scaling.build_speedup_figure(points, [fit], ceiling, CACHES, "light")
    assert [trace.name for trace in figure.data] == ["ideal", "triad", "arithmetic: in registers"], (
        "no curve of Amdahl's law"
    )
    assert scaling.describe_fit(fit) == "**Triad**: slower on more cores: Amdahl's law does not apply."
    speedup_fit = fit.model_copy(update={"serial": 0.01, "low": -0.2, "high": 0.2})
    assert "(0.0 % to 20.0 %" in scaling.describe_fit(speedup_fit)
    assert "to more than 100 %" in scaling.describe_fit(speedup_fit.model_copy(update={"high": 3.9}))
    band = scaling.build_speedup_figure(points, [speedup_fit], ceiling, CACHES, "light").data[1]
    assert max(band.y) == pytest.approx(2), "not above ideal"


def test_only_arrays_much_larger_than_the_caches_have_a_memory_limit():
    caches = [*CACHES, Cache(level=3, kind="Unified", bytes=32 * 2**20, shared_by=2)]

    def describe(size: int, caches: list[Cache]) -> str:
        ceiling = BandwidthCeiling(one_gb_s=10.0, all_gb_s=15.0, bytes=size)
        label = "memory limit, 15.0 GB/s"
        notes = [
            note.text
            for note in scaling.build_speedup_figure(ONE_CORE_POINTS, [], ceiling, caches, "light").layout.annotations
        ]
        text = scaling.describe_ceiling(ceiling, 2, caches)
        assert (label in notes) == text.startswith("**Memory limit**")
        return text

    assert "gains at most **1.50x** on 1 to 2 cores." in describe(256 * 2**20, caches)
    assert "fit into L1" in describe(48 * 1024, caches) and "starting threads" in describe(48 * 1024, caches)
    assert "not well beyond L3 (32 MiB)" in describe(2**20, caches)
    assert "from 128 MiB on" in describe(100 * 2**20, caches)
    assert "does not report its caches" in describe(256 * 2**20, [])
