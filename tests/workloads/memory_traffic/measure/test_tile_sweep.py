"""The sweep of tiles and strips: results are checked, and only lengths that use all threads are reported."""

import dataclasses

import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import make_settings
from tests.support.task_calls import ReportRecorder, call_task
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import tile_sweep


def test_a_kernel_that_leaves_out_what_an_earlier_one_has_written_is_refused(tmp_path, monkeypatch):
    build_kernel = numba_compile.build_kernel

    def leave_out_the_border(a, out, tile):
        out[1:-1] = a.T[1:-1]

    def build_faulty_kernel(transformation, version, arguments, **options):
        kernel = build_kernel(transformation, version, arguments, **options)
        return kernel if version.name == "rows" else dataclasses.replace(kernel, call=leave_out_the_border)

    monkeypatch.setattr(numba_compile, "build_kernel", build_faulty_kernel)
    with pytest.raises(BadInput, match="differs from NumPy"):
        tile_sweep.sweep_tiles(TRANSFORMATIONS["transpose"], make_settings(tmp_path, "transpose"), ReportRecorder())


def test_every_tile_and_the_reference_versions_are_reported(tmp_path):
    result, reporter = call_task("memory-traffic", "sweep", make_settings(tmp_path, "transpose"))
    points = reporter.values("point")
    assert [point.x for point in points] == [4, 8, 16, 32, 64]
    assert points[0].bytes == 2 * 16 * 4
    assert result.shape == "89 × 89 float32", "without a tile, because there are several"
    assert [level.version for level in reporter.values("level")] == ["rows"]


def test_tiles_with_which_threads_would_idle_are_left_out(tmp_path):
    _, reporter = call_task("memory-traffic", "sweep", make_settings(tmp_path, "tiling", cores=2, side=64))
    points = reporter.values("point")
    tiled, blocked = ([p.x for p in points if p.version == version] for version in ("tiled", "blocked"))
    assert tiled == [4, 8, 16, 32], "one tile of 64 is work for one thread"
    assert blocked == [4, 8, 16, 32, 64]
    assert [p.bytes for p in points if p.x == 8] == [4 * 8 * 8, 160 * 8]


@pytest.mark.parametrize(("cores", "max_strip"), [(1, 1024), (2, 512)])
def test_a_sweep_of_strips_ends_where_four_no_longer_fit_into_a_share(tmp_path, cores, max_strip):
    _, reporter = call_task("memory-traffic", "sweep", make_settings(tmp_path, "dependence", cores=cores, size=64))
    assert reporter.values("point")[-1].x == max_strip
    with pytest.raises(BadInput, match="too small for a sweep"):
        call_task("memory-traffic", "sweep", make_settings(tmp_path, "dependence", cores=2, size=1))
