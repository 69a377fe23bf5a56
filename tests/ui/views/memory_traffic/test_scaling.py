"""The chart of scaling, and what its figures allow to say."""

import pytest

from bench.machine.model import Cache
from tests.support.memory_pages import CACHES
from ui.views.memory_traffic import scaling
from workloads.memory_traffic.measurements import BandwidthCeiling, ScalingFit, ScalingPoint

ONE_CORE_POINTS = [ScalingPoint(kernel="triad", cores=1, seconds=1.0, speedup=1.0, low=1.0, high=1.0)]


def test_scaling_is_called_a_fit_only_where_it_is_one():
    points = [
        ScalingPoint(kernel="triad", cores=cores, seconds=1 / cores, speedup=cores, low=cores, high=cores)
        for cores in (1, 2)
    ]
    fit = ScalingFit(kernel="triad", serial=0.1, low=0.0, high=0.2, counts=2, fits=False)
    ceiling = BandwidthCeiling(one_gb_s=10.0, all_gb_s=15.0, bytes=2**20)
    drawn = scaling.build_speedup_figure(points, [fit], ceiling, CACHES, "light")
    assert any(shape.y0 == 1.5 for shape in drawn.layout.shapes)
    assert {"ideal", "Amdahl's curve, no fit"} <= {line.name for line in drawn.data}
    curve = next(line for line in drawn.data if line.name == "Amdahl's curve, no fit")
    assert curve.y[-1] == pytest.approx(1 / (0.1 + 0.9 / 2))
    assert "do not allow a fit" in scaling.describe_fit(fit)
    assert "fit over 4 core counts" in scaling.describe_fit(fit.model_copy(update={"fits": True, "counts": 4}))


def test_what_is_slower_on_more_cores_has_no_serial_share():
    points = [
        ScalingPoint(kernel="triad", cores=cores, seconds=cores, speedup=1 / cores, low=0.4, high=1.0)
        for cores in (1, 2)
    ]
    fit = ScalingFit(kernel="triad", serial=5.691, low=0.9, high=6.0, counts=2, fits=False)
    ceiling = BandwidthCeiling(one_gb_s=103.8, all_gb_s=103.8, bytes=64 * 1024)
    drawn = scaling.build_speedup_figure(points, [fit], ceiling, CACHES, "light")
    assert [line.name for line in drawn.data] == ["ideal", "triad", "arithmetic: in registers"], "no curve of a law"
    assert scaling.describe_fit(fit) == "**Triad**: slower on more cores: Amdahl's law does not apply."
    gained = fit.model_copy(update={"serial": 0.01, "low": -0.2, "high": 0.2})
    assert "(0.0 % to 20.0 %" in scaling.describe_fit(gained)
    assert "to more than 100 %" in scaling.describe_fit(gained.model_copy(update={"high": 3.9}))
    band = scaling.build_speedup_figure(points, [gained], ceiling, CACHES, "light").data[1]
    assert max(band.y) == pytest.approx(2), "no more than ideal"


def test_only_what_is_well_beyond_the_caches_has_a_ceiling_of_memory():
    caches = [*CACHES, Cache(level=3, kind="Unified", bytes=32 * 2**20, shared_by=2)]

    def said(size: int, caches: list[Cache]) -> str:
        ceiling = BandwidthCeiling(one_gb_s=10.0, all_gb_s=15.0, bytes=size)
        label = "memory limit, 15.0 GB/s"
        notes = [
            note.text
            for note in scaling.build_speedup_figure(ONE_CORE_POINTS, [], ceiling, caches, "light").layout.annotations
        ]
        text = scaling.describe_ceiling(ceiling, 2, caches)
        assert (label in notes) == text.startswith("**Memory limit**")
        return text

    assert "gains at most **1.50x** on 1 to 2 cores." in said(256 * 2**20, caches)
    assert "fit into L1" in said(48 * 1024, caches) and "starting threads" in said(48 * 1024, caches)
    assert "not well beyond L3 (32 MiB)" in said(2**20, caches)
    assert "from 128 MiB on" in said(100 * 2**20, caches)
    assert "does not report its caches" in said(256 * 2**20, [])
