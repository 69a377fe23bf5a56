"""TODO: tests.workloads.memory_traffic.measure.test_sweeps."""

import dataclasses

import numpy as np
import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic import catalogue, problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import sweeps, triad
from workloads.memory_traffic.tasks import MemoryTrafficTasks


def test_a_sum_of_strides_that_is_wrong_is_refused_however_many_elements_it_has(tmp_path, monkeypatch):
    """Of float32 at a stride of 1: ten million numbers, more than it has room for where they all have its digits."""
    monkeypatch.setattr(triad, "measure_best_s", lambda *_: pytest.fail("it was timed"))
    for wrong in (lambda a, stride: 0.0, lambda a, stride: float(a[:-1:stride].sum(dtype=np.float64))):
        kernel = numba_compile.Kernel(wrong, wrong, 0.0, None)
        monkeypatch.setattr(numba_compile, "compile_function", lambda *_, kernel=kernel, **__: kernel)
        with pytest.raises(RuntimeError, match="the sum of float32 at stride 1 is wrong"):
            sweeps.sweep_strides(make_settings(tmp_path, size=40 * 1024), EventRecorder())


def test_the_sums_of_strides_are_exact_where_float32_has_no_room_for_the_number_of_their_elements():
    a = problems.make_spaced_numbers(np.random.default_rng(0), (3 << 24,), np.dtype(np.float32), 16, -7.5)
    assert set(np.unique(a[:4096])) == {place - 7.5 for place in range(16)}
    kernel = numba_compile.compile_function(sweeps.unit_stride.strided, (a, 1), threads=1)
    for stride in (1, 2, 7):
        assert kernel.call(a, stride) == a[::stride].sum(dtype=np.float64)


def test_a_tile_sweep_is_refused_where_a_kernel_leaves_out_what_an_earlier_one_has_done(tmp_path, monkeypatch):
    right = numba_compile.build_kernel

    def inside(a, out, tile):
        out[1:-1] = a.T[1:-1]

    def faulty(one, version, arguments, **given):
        kernel = right(one, version, arguments, **given)
        return kernel if version.name == "rows" else dataclasses.replace(kernel, call=inside)

    monkeypatch.setattr(numba_compile, "build_kernel", faulty)
    with pytest.raises(BadInput, match="differs from NumPy"):
        sweeps.sweep_tiles(TRANSFORMATIONS["transpose"], make_settings(tmp_path), EventRecorder())


def test_a_sweep_of_tiles_tells_every_tile_and_what_stands_beside(tmp_path):
    tell = EventRecorder()
    result = MemoryTrafficTasks().sweep(make_settings(tmp_path), {"what": "transpose"}, tell)
    points = [value for name, value in tell.events if name == "point"]
    assert [point["x"] for point in points] == [4, 8, 16, 32, 64]
    assert points[0]["bytes"] == 2 * 16 * 4
    assert result["shape"] == "89 × 89 float32", "it has no one tile"
    assert [value["version"] for name, value in tell.events if name == "level"] == ["rows"]
    assert result["what"] == "transpose"


def test_no_tile_is_told_at_which_threads_idle(tmp_path):
    tell = EventRecorder()
    MemoryTrafficTasks().sweep(make_settings(tmp_path, cores=2, side=64), {"what": "tiling"}, tell)
    points = [value for name, value in tell.events if name == "point"]
    tiled, blocked = ([p["x"] for p in points if p["version"] == version] for version in ("tiled", "blocked"))
    assert tiled == [4, 8, 16, 32], "one tile of 64 is work for one thread"
    assert blocked == [4, 8, 16, 32, 64]
    assert [p["bytes"] for p in points if p["x"] == 8] == [4 * 8 * 8, 160 * 8]


def test_a_sweep_of_strides_tells_all_of_them(tmp_path):
    tell = EventRecorder()
    MemoryTrafficTasks().sweep(make_settings(tmp_path), {"what": "stride"}, tell)
    for kind, line in (("float32", 16), ("float64", 8)):
        own = [value for _, value in tell.events if value["version"] == kind]
        assert [value["x"] for value in own] == list(range(1, sweeps.MAX_STRIDE + 1))
        assert all(value["ns"] > 0 and value["line"] == line for value in own)
    with pytest.raises(BadInput, match="nothing to sweep"):
        MemoryTrafficTasks().sweep(make_settings(tmp_path), {"what": "layout"}, tell)


def test_a_sweep_of_sizes_tells_both_versions_and_the_triad(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SIZES", (16 * 1024, 64 * 1024))
    tell = EventRecorder()
    result = MemoryTrafficTasks().sizes(make_settings(tmp_path, transformation="layout", fields="2"), {}, tell)
    points = [value for _, value in tell.events]
    assert [point["lever"] for point in points] == ["before", "after", "triad"] * 2
    assert [point["bytes"] for point in points if point["lever"] == "after"] == [16 * 1024, 64 * 1024]
    assert all(point["gb_s"] > 0 for point in points)
    assert result["transformation"] == "layout"


@pytest.mark.parametrize(
    ("name", "threads"), [("vectorization", (1, 1, 1)), ("multithreading", (1, 2, 2)), ("dependence", (1, 2, 2))]
)
def test_the_triad_has_as_many_threads_as_the_versions_beside_it(tmp_path, monkeypatch, name, threads):
    monkeypatch.setattr(sweeps, "SIZES", (64 * 1024,))
    tell = EventRecorder()
    result = MemoryTrafficTasks().sizes(make_settings(tmp_path, cores=2, transformation=name), {}, tell)
    assert tuple(value["threads"] for _, value in tell.events) == threads
    assert result["threads"] == max(threads)


def test_a_version_that_takes_minutes_has_no_points_at_large_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SIZES", (16 * 1024, 64 * 1024))
    monkeypatch.setattr(catalogue, "MAX_SLOW_SIDE", 50)
    tell = EventRecorder()
    MemoryTrafficTasks().sizes(make_settings(tmp_path, transformation="tiling"), {}, tell)
    assert [value["bytes"] for _, value in tell.events if value["lever"] == "before"] == [3 * 4 * 35**2]
    assert sum(value["lever"] == "after" for _, value in tell.events) == 2


@pytest.mark.parametrize(("cores", "longest"), [(1, 1024), (2, 512)])
def test_a_sweep_of_strips_ends_where_four_do_not_fit_into_a_share(tmp_path, cores, longest):
    tell = EventRecorder()
    MemoryTrafficTasks().sweep(make_settings(tmp_path, cores=cores, size=64), {"what": "dependence"}, tell)
    assert [value["x"] for name, value in tell.events if name == "point"][-1] == longest
    with pytest.raises(BadInput, match="too few to sweep"):
        MemoryTrafficTasks().sweep(make_settings(tmp_path, cores=2, size=1), {"what": "dependence"}, EventRecorder())
