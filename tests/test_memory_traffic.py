"""Memory traffic: every kernel against NumPy at awkward sizes, what is refused, the machine code, the roofline."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench.paths import ROOT
from bench.workload.declaration import BadInput, Settings, registry
from workloads.memory_traffic import catalogue, problems
from workloads.memory_traffic.arm import MemoryTraffic
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import assembly, llvm_ir, numba_compile
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import memory_check, roofline, scaling
from workloads.memory_traffic.measure import sweeps as measure_sweeps
from workloads.memory_traffic.measure import triad as measure_triad
from workloads.memory_traffic.tasks import Desk

pytest.importorskip("numba", reason="Numba is not installed")


@pytest.fixture(autouse=True)
def free_threads(monkeypatch):
    """Kernels that run in the tests' own process must not tie its main thread to a core, as in a worker's."""
    monkeypatch.setattr(numba_compile, "THREADS", {})


PAIRS = [(one, version) for one in TRANSFORMATIONS.values() for version in one.versions]


def settings(tmp_path: Path, lever: str = "after", cores: int = 1, **parameters) -> Settings:
    declared = {parameter.name: parameter.default for parameter in registry()["memory-traffic"].parameters}
    return Settings(lever, cores, 1, declared | {"size": 64} | parameters, 0, tmp_path, tmp_path, tmp_path)


def prepared(tmp_path: Path, *args, **parameters) -> MemoryTraffic:
    made = MemoryTraffic(settings(tmp_path, *args, **parameters))
    made.told = made.prepare(lambda text, share=None: None)
    return made


class Tell:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict]] = []

    def progress(self, text: str, share: float | None = None) -> None:
        assert share is None or 0 <= share <= 1

    def event(self, name: str, value: dict) -> None:
        self.events.append((name, value))


@pytest.mark.parametrize(("one", "version"), PAIRS, ids=lambda value: value.name)
def test_every_kernel_is_right_where_nothing_divides(one, version):
    """As plain Python, without a compiler: sizes that no tile, strip or block divides, with several shares of work."""
    plain = numba_compile.function(one, version, 8)
    for size_kib, tile in ((1, 5), (3, 4), (7, 8)):
        problem = problems.make(one, size_kib=size_kib, side=0, tile=tile, fields=8, seed=1)
        returned = plain(*problem.given(version.name))
        assert problem.check(returned, version.name) <= problem.tolerance


@pytest.mark.parametrize("name", ["dependence", "stencil", "tiling"])
def test_threads_do_not_change_the_result(name):
    one = TRANSFORMATIONS[name]
    problem = problems.make(one, size_kib=40, side=0, tile=8, fields=1, seed=2)
    kernel = numba_compile.kernel(one, one.version(one.after), problem.given(one.after), cores=2)
    problem.check(kernel.call(*problem.given(one.after)), name)


def test_a_wrong_kernel_is_refused_before_it_is_timed():
    problem = problems.make(TRANSFORMATIONS["transpose"], size_kib=4, side=0, tile=4, fields=1, seed=0)
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.check(None, "a kernel that does nothing")
    problem.out[:] = np.nan
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.check(None, "a kernel that computes no numbers")


def test_what_an_earlier_kernel_left_does_not_pass_for_a_later_ones():
    for name in ("transpose", "stencil", "tiling", "dependence", "multithreading"):
        one = TRANSFORMATIONS[name]
        problem = problems.make(one, size_kib=4, side=0, tile=4, fields=1, seed=0)
        arguments = problem.given(one.after)
        problem.checked(numba_compile.function(one, one.version(one.after)), arguments, "right")
        left = problem.out.copy()

        def all_but_the_first_row(*given, problem=problem, left=left):
            first = problem.border
            problem.out[first + 1 :] = left[first + 1 :]

        with pytest.raises(BadInput, match="differs from NumPy"):
            problem.checked(all_but_the_first_row, arguments, "a kernel that leaves out a row")


def test_what_an_earlier_stencil_left_on_its_way_does_not_help_a_later_one():
    one = TRANSFORMATIONS["stencil"]
    problem = problems.make(one, size_kib=4, side=0, tile=4, fields=1, seed=0)
    arguments = problem.given("rows")
    rows = numba_compile.function(one, one.version("rows"))
    problem.checked(rows, arguments, "right")

    def lazy(start, between, other, out, sweeps, tile):
        rows(between, between, other, out, 1, tile)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.checked(lazy, arguments, "a kernel that does the last sweep alone")


@pytest.mark.parametrize("side", [3, 127, 4095])
def test_a_sum_that_lacks_a_row_or_a_column_is_refused_at_any_side(side):
    one = TRANSFORMATIONS["unit-stride"]
    problem = problems.make(one, size_kib=0, side=side, tile=0, fields=1, seed=0)
    (a,) = problem.given("")
    for cores in (1, 2):
        kernels = {version.name: numba_compile.kernel(one, version, (a,), cores=cores) for version in one.versions}
        for name, kernel in kernels.items():
            assert problem.checked(kernel.call, (a,), name) == 0
            for part in (a[1:], a[:, :-1]):
                with pytest.raises(BadInput, match="differs from NumPy"):
                    # As an array of rows that follow one another, for which the kernel is compiled.
                    problem.check(kernel.call(np.ascontiguousarray(part)), "a kernel that leaves out a part")


def test_a_product_is_right_to_the_last_digit_or_refused():
    one = TRANSFORMATIONS["tiling"]
    problem = problems.make(one, size_kib=0, side=1023, tile=64, fields=1, seed=0)
    a, b, out, _ = problem.given("ikj")
    for version in ("ikj", "tiled", "blocked", "blas"):
        arguments = problem.given(version)
        kernel = numba_compile.kernel(one, one.version(version), arguments, cores=2)
        assert problem.checked(kernel.call, arguments, version) == 0

    def lazy(*_):
        np.subtract(a @ b, np.outer(a[:, 7], b[7]), out=out)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.checked(lazy, (), "a product that leaves out one column of the first matrix, and one row of the other")


def test_a_sum_of_strides_that_is_wrong_is_refused_however_many_elements_it_has(tmp_path, monkeypatch):
    """Of float32 at a stride of 1: ten million numbers, more than it has room for where they all have its digits."""
    monkeypatch.setattr(measure_triad, "best", lambda *_: pytest.fail("it was timed"))
    for wrong in (lambda a, stride: 0.0, lambda a, stride: float(a[:-1:stride].sum(dtype=np.float64))):
        kernel = numba_compile.Kernel(wrong, wrong, 0.0, None)
        monkeypatch.setattr(numba_compile, "compiled", lambda *_, kernel=kernel, **__: kernel)
        with pytest.raises(RuntimeError, match="the sum of float32 at stride 1 is wrong"):
            measure_sweeps.strides(settings(tmp_path, size=40 * 1024), Tell())


def test_the_sums_of_strides_are_exact_where_float32_has_no_room_for_the_number_of_their_elements():
    a = problems.spaced(np.random.default_rng(0), (3 << 24,), np.dtype(np.float32), 16, -7.5)
    assert set(np.unique(a[:4096])) == {place - 7.5 for place in range(16)}
    kernel = numba_compile.compiled(measure_sweeps.unit_stride.strided, (a, 1), threads=1)
    for stride in (1, 2, 7):
        assert kernel.call(a, stride) == a[::stride].sum(dtype=np.float64)


@pytest.mark.parametrize("name", ["triad", "horner"])
@pytest.mark.parametrize("task", ["scaling", "beside"])
def test_a_wrong_triad_or_polynomial_is_refused_before_it_is_timed(tmp_path, monkeypatch, name, task):
    monkeypatch.setattr(measure_triad, "best", lambda *_: pytest.fail("it was timed"))
    monkeypatch.setattr(measure_triad, "_kernels", {})

    def triad(b, c, scalar, out):
        out[:-1] = 5.0

    def horner(x, out):
        out[:] = x

    monkeypatch.setattr(measure_triad.multithreading, name, {"triad": triad, "horner": horner}[name])
    with pytest.raises(RuntimeError, match="wrong"):
        if task == "scaling":
            scaling.measure(settings(tmp_path), Tell())
        elif name == "triad":
            measure_triad.triad(1 << 16, 1, 1)
        else:
            measure_triad.peak(1, 1)


def test_a_tile_sweep_is_refused_where_a_kernel_leaves_out_what_an_earlier_one_has_done(tmp_path, monkeypatch):
    right = numba_compile.kernel

    def inside(a, out, tile):
        out[1:-1] = a.T[1:-1]

    def faulty(one, version, arguments, **given):
        kernel = right(one, version, arguments, **given)
        return kernel if version.name == "rows" else dataclasses.replace(kernel, call=inside)

    monkeypatch.setattr(numba_compile, "kernel", faulty)
    with pytest.raises(BadInput, match="differs from NumPy"):
        measure_sweeps.tiles(TRANSFORMATIONS["transpose"], settings(tmp_path), Tell())


def test_sides_are_odd_and_fit():
    for kib in (1, 12, 256, 4096):
        side = problems.odd_side(kib * 1024, 3)
        assert side % 2 == 1
        assert side == 3 or 12 * side * side <= kib * 1024


def test_both_arms_work_on_the_same_data_and_agree(tmp_path):
    folders = [tmp_path / "before", tmp_path / "after"]
    made = []
    for folder in folders:
        folder.mkdir()
        made.append(prepared(folder, folder.name, transformation="unit-stride"))
        made[-1].repeat(0, lambda step, work: work())
        measures = {measure.name: measure.value for measure in made[-1].conclude()[0]}
        assert measures["right"] == 100
        assert measures["bandwidth"] > 0
    assert made[0].told["data"] == made[1].told["data"]
    assert made[0].told["work"] == made[1].told["work"]
    assert made[1].compare(folders[0])[0][0].value < 1e-4


def test_the_evidence_says_whether_the_loop_has_vectors(tmp_path):
    strict = prepared(tmp_path, "after", transformation="vectorization", after="strict").evidence()[0]
    assert strict.words[2].startswith("not vectorized")
    reordered = prepared(tmp_path, "after", transformation="vectorization").evidence()[0]
    assert reordered.path == "accelerated"
    assert reordered.words[2].startswith("vectorized")


def test_a_promise_of_vectors_that_is_not_kept_is_no_acceleration(tmp_path):
    made = prepared(tmp_path, "after", transformation="vectorization")
    scalar = numba_compile.compiled(lambda x, y: x[0], made.arguments, threads=1)
    made.kernel = scalar
    told = made.evidence()[0]
    assert told.path == "stock"
    assert "not vectorized" in told.reason


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"transformation": "layout", "side": 100}, "no matrix"),
        ({"transformation": "layout", "after": "ikj"}, "no version ikj"),
        ({"transformation": "tiling", "after": "ijk", "side": 4096}, "minutes"),
    ],
)
def test_what_cannot_be_raced_is_refused_with_a_remedy(tmp_path, parameters, words):
    with pytest.raises(BadInput, match=words) as refused:
        prepared(tmp_path, "after", **parameters)
    assert refused.value.remedy


# Of 64 KiB, counted by hand: sides 127, 73, 89 and 63; 1,024 particles; vectors of 4,096 and 2,730.
COUNTED = {
    ("unit-stride", 1): (4 * 127**2, 127**2),
    ("layout", 1): (8 * 1024, 1024),
    ("layout", 2): (2 * 8 * 1024, 2 * 1024),
    ("layout", 8): (8 * 8 * 1024, 12 * 1024),
    ("vectorization", 1): (2 * 8 * 4096, 2 * 4096),
    ("dependence", 1): (2 * 8 * 4096, 4096),
    ("multithreading", 1): (3 * 8 * 2730, 2 * 2730),
    ("tiling", 1): (3 * 4 * 73**2, 2 * 73**3),
    ("transpose", 1): (2 * 4 * 89**2, 0),
    ("stencil", 1): (8 * 2 * 4 * 63**2, 8 * 4 * 61**2),
}


@pytest.mark.parametrize(("name", "fields"), COUNTED)
def test_bytes_and_operations_are_those_of_the_plain_algorithm(name, fields):
    one = TRANSFORMATIONS[name]
    problem = problems.make(one, size_kib=64, side=0, tile=0, fields=fields, seed=0)
    assert (problem.bytes, problem.flops) == COUNTED[name, fields]
    others = {version.name: problem.traffic(version.name) for version in one.versions}
    # Tiles in time go over the grid once for all sweeps; whatever else is done to a loop, it must move as much.
    expected = {"time": 2 * 4 * 63**2} if name == "stencil" else {}
    assert others == dict.fromkeys(others, problem.bytes) | expected


class Counted:
    """A number that counts what is done with it."""

    done = 0

    def _next(self, other=None):
        Counted.done += 1
        return Counted()

    __add__ = __mul__ = __neg__ = _next


def test_the_peak_counts_every_operation_of_its_polynomials():
    Counted.done = 0
    multithreading.horner(np.array([Counted()], object), np.empty(1, object))
    assert Counted.done == measure_triad.HORNER_OPERATIONS


def test_a_call_of_the_peak_is_so_much_work_that_starting_its_threads_is_next_to_nothing(tmp_path, monkeypatch):
    done = []

    def best(kernel, arguments, passes, lasting_s=0.0):
        done.append(arguments[-1])
        return 1.0

    monkeypatch.setattr(measure_triad, "best", best)
    peak = measure_triad.peak(2, 1)
    # A tenth of a millisecond where a core does 160 Gflop/s; threads start in a microsecond or two.
    assert peak.gflop_s * 1e9 == measure_triad.HORNER_OPERATIONS * len(done[0]) >= 2 * 16e6
    scaling.measure(settings(tmp_path, cores=2), Tell())
    assert {len(out) for out in done[1:] if out.dtype == np.float32} == {len(done[0])}, "as much as scaling has"


def test_a_librarys_threads_are_timed_on_all_cores_and_the_process_is_tied_again(tmp_path):
    if len(numba_compile.CORES) < 2:
        pytest.skip("there is one core, or it is not told")
    first = {min(numba_compile.CORES)}
    seen = []

    def repeated(times):
        seen.append(os.sched_getaffinity(0))
        time.sleep(0.001)

    library = numba_compile.Kernel(repeated, repeated, 0.0, None)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, first)
    try:
        measure_triad.best(library, (), 1)
        after = os.sched_getaffinity(0)
    finally:
        os.sched_setaffinity(0, before)
    assert set(map(frozenset, seen)) == {frozenset(numba_compile.CORES)}
    assert after == first
    assert len(seen) == 2 + measure_triad.LIBRARY_PASSES, "more often than ours, whose threads keep their cores"


PEAKS = """
import gc, sys
from pathlib import Path
from tests.test_memory_traffic import prepared
from workloads.memory_traffic import build, problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

build.THREADS.clear()  # As in the tests' own process: its main thread is not tied to a core.

def told(key):
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1])

def work(name, **size):
    arm = prepared(Path(sys.argv[1]), "after", transformation=name, fields="8", **size)
    arm.repeat(0, lambda step, work: work())
    arm.conclude()

for name, one in TRANSFORMATIONS.items():
    if one.version(one.after).promise == "threads":
        continue
    # Twice: the compiler's own memory is there when it counts.
    work(name, size=64)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # The peak begins anew.
    before = told("VmRSS")
    size = {"side": 1535} if name == "tiling" else {"size": 48 * 1024}
    work(name, **size)
    needed = problems.needed(one, size_kib=size.get("size", 0), side=size.get("side", 0))
    print(name, told("VmHWM") - before, needed)
"""


def test_no_arm_takes_more_memory_than_is_looked_for(tmp_path):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux forgets the peak of a process's memory")
    command = [sys.executable, "-c", PEAKS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    rows = [line.split() for line in ran.stdout.splitlines()]
    assert len(rows) == len(TRANSFORMATIONS) - 1, ran.stdout
    for name, took, needed in rows:
        assert int(took) <= int(needed), f"{name} took {took} bytes and {needed} were looked for"


def test_sizes_are_spelled_in_the_unit_that_suits_them(tmp_path, monkeypatch):
    spelled = {
        catalogue.size_text(size)
        for size in (24, 1024, 1023 * 1024, 1 << 20, 100.4 * 2**20, 1020 << 20, 1 << 30, 3 << 29, 32 << 30)
    }
    assert spelled == {
        "24 bytes", "1 KiB", "1023 KiB", "1 MiB", "100 MiB", "1020 MiB", "1 GiB", "1.5 GiB", "32 GiB",
    }  # fmt: skip
    monkeypatch.setattr(measure_triad, "best", lambda *_: 1.0)
    monkeypatch.setattr(scaling, "ROUNDS", 1)
    assert measure_sweeps.strides(settings(tmp_path, size=512), Tell())["shape"].endswith("512 KiB each")
    assert scaling.measure(settings(tmp_path, size=100), Tell())["shape"].endswith("100 KiB")
    monkeypatch.setattr(memory_check, "free", lambda: 100 * 1024)
    with pytest.raises(BadInput, match=r"^it needs 1.5 GiB, and 100 KiB are free$"):
        memory_check.refuse(3 << 29)
    labels = registry()["memory-traffic"].parameter("size").stop_labels
    assert (labels[16], labels[1024], labels[1 << 25]) == ("16 KiB", "1 MiB", "32 GiB")


def test_a_side_is_looked_for_as_the_same_size_is():
    for name, matrices in problems.MATRICES.items():
        one = TRANSFORMATIONS[name]
        by_side = problems.needed(one, size_kib=0, side=1024)
        assert by_side == problems.needed(one, size_kib=4 * matrices * 1024, side=0)


def test_more_than_the_free_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_check, "free", lambda: 100 * 1024)
    with pytest.raises(BadInput, match="are free"):
        prepared(tmp_path, "after", transformation="transpose")


LISTING = """\
_ZN3mod3dotB2v1:
\tmovq\t%rdi, %rax
.LBB0_1:
\tvmulpd\t%ymm0, %ymm1, %ymm2
.LBB0_2:
\tvfmadd231pd\t(%rax), %zmm0, %zmm1
\tvaddpd\t%zmm1, %zmm2, %zmm2
\tjne\t.LBB0_2
\tjne\t.LBB0_1
.LBB0_3:
\tvaddsd\t%xmm1, %xmm2, %xmm2
\tjb\t.LBB0_3
\tvaddpd\t%ymm1, %ymm2, %ymm2
\tretq
.Lfunc_end0:
_ZN7cpython3mod3dotB2v1:
.LBB1_1:
\tvaddpd\t%ymm1, %ymm2, %ymm2
\tjne\t.LBB1_1
.Lfunc_end1:
"""


def test_only_the_innermost_loops_of_the_kernel_are_counted():
    loops = assembly.read(LISTING, "dot")
    assert dict(loops.packed) == {512: 2}
    assert loops.scalar == 1
    assert loops.loops == 2
    assert loops.bits == 512
    assert "vectorized, 512 bits" in loops.words()[0]
    scalar = assembly.read(LISTING.replace("pd\t", "sd\t").replace("zmm", "xmm"), "dot")
    assert not scalar.vectorized
    assert scalar.words()[0].startswith("not vectorized")


MOVES = """\
_ZN3mod4copyB2v1:
.LBB0_1:
\tvmovups\t(%rdi,%rax,4), %ymm0
\tvmovups\t%ymm0, (%rsi,%rax,4)
\tjne\t.LBB0_1
.LBB0_2:
\tvmovss\t(%rdi), %xmm0
\tvmovss\t%xmm0, (%rsi)
\tjne\t.LBB0_2
.LBB0_3:
\tvmovups\t%xmm0, 104(%rsp)
\tjne\t.LBB0_3
.Lfunc_end0:
"""


def test_a_loop_that_only_moves_is_told_by_its_moves():
    copies = assembly.read(MOVES, "copy")
    assert copies.vectorized
    assert copies.words() == [
        "vectorized moves, 256 bits; in 3 innermost loops",
        "no arithmetic; vector moves: 2 on 256 bits (ymm); moves of one element: 2",
    ]
    singles = assembly.read(MOVES.replace("vmovups\t(%rdi,%rax,4), %ymm0", "vmovss\t(%rdi,%rax,4), %xmm0"), "copy")
    assert not singles.vectorized, "vectors do not do the work of a loop that also moves single elements"
    assert singles.words()[0].startswith("not vectorized")
    stack = assembly.read(MOVES.replace("(%rdi,%rax,4)", "(%rsp)").replace("(%rsi,%rax,4)", "8(%rsp)"), "copy")
    assert stack.words()[1] == "no arithmetic; vector moves: none; moves of one element: 2", "the stack is no array"


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", ["transpose/rows", "transpose/tiles"])
def test_a_transpose_moves_its_elements_one_by_one_and_says_so(name, cores):
    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("another machine code")
    loops = loops_of(name, cores)
    assert not loops.vectorized and loops.single_moves
    assert loops.words()[1] == f"no arithmetic; vector moves: none; moves of one element: {loops.single_moves}"
    assert ("run at unit stride alone" in loops.words()[0]) == (name == "transpose/rows")


def test_the_loop_that_threads_run_is_read_too():
    problem = problems.make(TRANSFORMATIONS["multithreading"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    one = TRANSFORMATIONS["multithreading"]
    assert numba_compile.kernel(one, one.version("all"), problem.given("all"), cores=2).loops.vectorized


def test_vectors_of_512_bits_on_demand():
    """In a process of its own, since Numba is told before its first import."""
    code = (
        "import sys; from workloads.memory_traffic import build; build.set_up('512');"
        "from workloads.memory_traffic import stream; print(stream.peak(1, 1).bits)"
    )
    from llvmlite import binding

    if not binding.get_host_cpu_features().get("avx512f"):
        pytest.skip("no vectors of 512 bits here")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "512"


def test_the_texts_show_every_version_as_it_is_compiled():
    texts = registry()["memory-traffic"].texts
    for one, version in PAIRS:
        text = texts[f"{one.name}/{version.name}"]
        assert text.startswith("@njit(") == version.compiled
        assert "def " in text
        compile(text, version.name, "exec")
    assert "reassoc" not in texts["vectorization/strict"]
    assert "reassoc" in texts["vectorization/reordered"]
    assert catalogue.source("tiling", "ijk") in texts["tiling/ijk"]


def test_a_sweep_of_tiles_tells_every_tile_and_what_stands_beside(tmp_path):
    tell = Tell()
    result = Desk().sweep(settings(tmp_path), {"what": "transpose"}, tell)
    points = [value for name, value in tell.events if name == "point"]
    assert [point["x"] for point in points] == [4, 8, 16, 32, 64]
    assert points[0]["bytes"] == 2 * 16 * 4
    assert result["shape"] == "89 × 89 float32", "it has no one tile"
    assert [value["version"] for name, value in tell.events if name == "level"] == ["rows"]
    assert result["what"] == "transpose"


def test_no_tile_is_told_at_which_threads_idle(tmp_path):
    tell = Tell()
    Desk().sweep(settings(tmp_path, cores=2, side=64), {"what": "tiling"}, tell)
    points = [value for name, value in tell.events if name == "point"]
    tiled, blocked = ([p["x"] for p in points if p["version"] == version] for version in ("tiled", "blocked"))
    assert tiled == [4, 8, 16, 32], "one tile of 64 is work for one thread"
    assert blocked == [4, 8, 16, 32, 64]
    assert [p["bytes"] for p in points if p["x"] == 8] == [4 * 8 * 8, 160 * 8]


def test_a_sweep_of_strides_tells_all_of_them(tmp_path):
    tell = Tell()
    Desk().sweep(settings(tmp_path), {"what": "stride"}, tell)
    for kind, line in (("float32", 16), ("float64", 8)):
        own = [value for _, value in tell.events if value["version"] == kind]
        assert [value["x"] for value in own] == list(range(1, measure_sweeps.LONGEST_STRIDE + 1))
        assert all(value["ns"] > 0 and value["line"] == line for value in own)
    with pytest.raises(BadInput, match="nothing to sweep"):
        Desk().sweep(settings(tmp_path), {"what": "layout"}, tell)


@pytest.mark.parametrize("wrong", [None, True, 1.5, float("nan"), "", "nonsense", [], ["tiling"], {"tiling": 1}])
def test_what_a_desk_is_asked_may_be_anything_and_is_refused_with_a_remedy(tmp_path, wrong):
    with pytest.raises(BadInput, match="what is not named" if wrong is None else "nothing to sweep") as refused:
        Desk().sweep(settings(tmp_path), {"what": wrong}, Tell())
    assert refused.value.remedy
    with pytest.raises(BadInput, match="there is no") as refused:
        Desk().roofline(settings(tmp_path), {"kernels": ["tiling", wrong]}, Tell())
    assert refused.value.remedy
    if wrong != ["tiling"]:
        with pytest.raises(BadInput, match="no kernels are named"):
            Desk().roofline(settings(tmp_path), {"kernels": wrong}, Tell())


def test_a_roofline_has_stairs_a_peak_and_points(tmp_path, monkeypatch):
    monkeypatch.setattr(roofline, "LARGEST", 64 * 1024)
    small = {"size_kib": 16}
    monkeypatch.setattr(
        roofline.problems, "make", lambda one, make=problems.make, **given: make(one, **(given | small))
    )
    tell = Tell()
    Desk().roofline(settings(tmp_path), {"kernels": ["transpose", "vectorization"]}, tell)
    named = [name for name, _ in tell.events]
    assert named.count("peak") == 1
    assert named.count("triad") == len(roofline.sizes(64 * 1024))
    assert named.count("kernel") == 4
    assert all(value["share"] > 0 for name, value in tell.events if name == "kernel")
    with pytest.raises(BadInput, match="there is no nonsense"):
        Desk().roofline(settings(tmp_path), {"kernels": ["nonsense"]}, tell)


def test_where_a_kernel_stands_under_the_roof():
    slope = roofline.standing(moved=100, flops=50, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000)
    assert slope["intensity"] == 0.5
    assert slope["share"] == pytest.approx(0.5)
    flat = roofline.standing(moved=1, flops=500, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000)
    assert flat["share"] == pytest.approx(0.5)
    assert roofline.standing(moved=100, flops=0, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1)["share"] == 0.5
    stairs = [measure_triad.Triad(1 << 10, 1, 1e-9, 1), measure_triad.Triad(1 << 20, 1, 1e-3, 1)]
    assert roofline.bandwidth(stairs, 1 << 11) == stairs[0].gb_s
    assert roofline.thread_counts(6) == [1, 2, 4, 6]


def test_a_sweep_of_sizes_tells_both_versions_and_the_triad(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_sweeps, "SIZES", (16 * 1024, 64 * 1024))
    tell = Tell()
    result = Desk().sizes(settings(tmp_path, transformation="layout", fields="2"), {}, tell)
    points = [value for _, value in tell.events]
    assert [point["lever"] for point in points] == ["before", "after", "triad"] * 2
    assert [point["bytes"] for point in points if point["lever"] == "after"] == [16 * 1024, 64 * 1024]
    assert all(point["gb_s"] > 0 for point in points)
    assert result["transformation"] == "layout"


@pytest.mark.parametrize(
    ("name", "threads"), [("vectorization", (1, 1, 1)), ("multithreading", (1, 2, 2)), ("dependence", (1, 2, 2))]
)
def test_the_triad_has_as_many_threads_as_the_versions_beside_it(tmp_path, monkeypatch, name, threads):
    monkeypatch.setattr(measure_sweeps, "SIZES", (64 * 1024,))
    tell = Tell()
    result = Desk().sizes(settings(tmp_path, cores=2, transformation=name), {}, tell)
    assert tuple(value["threads"] for _, value in tell.events) == threads
    assert result["threads"] == max(threads)


def test_a_version_that_takes_minutes_has_no_points_at_large_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_sweeps, "SIZES", (16 * 1024, 64 * 1024))
    monkeypatch.setattr(catalogue, "SLOW_SIDE", 50)
    tell = Tell()
    Desk().sizes(settings(tmp_path, transformation="tiling"), {}, tell)
    assert [value["bytes"] for _, value in tell.events if value["lever"] == "before"] == [3 * 4 * 35**2]
    assert sum(value["lever"] == "after" for _, value in tell.events) == 2


def test_scaling_tells_every_count_its_ceiling_and_amdahls_share(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "ROUNDS", 3)
    tell = Tell()
    result = Desk().scaling(settings(tmp_path, cores=2), {}, tell)
    points = [value for name, value in tell.events if name == "point"]
    assert [(point["kernel"], point["cores"]) for point in points] == [
        (kernel, cores) for kernel in ("triad", "arithmetic") for cores in (1, 2)
    ]
    assert all(point["speedup"] == 1 for point in points if point["cores"] == 1)
    fits = [value for name, value in tell.events if name == "amdahl"]
    assert [fit["fits"] for fit in fits] == [False, False], "two counts of cores are no fit"
    assert all(fit["low"] <= fit["serial"] <= fit["high"] for fit in fits)
    assert result["cores"] == [1, 2]


def test_of_very_many_counts_of_cores_some_are_measured():
    assert scaling.counts(3) == [1, 2, 3]
    assert scaling.counts(128)[0] == 1 and scaling.counts(128)[-1] == 128 and len(scaling.counts(128)) == 12


def test_repeated_calls_are_all_made(tmp_path):
    """A call whose result is thrown away must not be left out."""
    one = TRANSFORMATIONS["dependence"]
    problem = problems.make(one, size_kib=64, side=0, tile=0, fields=1, seed=0)

    def counting(a, out, strip):
        out[0] += 1

    problem.out[:] = 0
    numba_compile.compiled(counting, problem.given(""), threads=1).repeated(7, *problem.given(""))
    assert problem.out[0] == 7


@pytest.mark.parametrize(("size_kib", "name"), [(16, "layout"), (64, "tiling"), (256 * 1024, "multithreading")])
def test_small_work_is_called_often_and_large_once(size_kib, name):
    problem = problems.make(TRANSFORMATIONS[name], size_kib=size_kib, side=0, tile=0, fields=1, seed=0)
    calls = problem.calls
    assert calls == 1 or calls * problem.bytes <= problems.SAMPLE_BYTES
    assert calls * max(1, problem.flops) <= max(problems.SAMPLE_FLOPS, problem.flops)
    assert (calls > 100) == (size_kib == 16)


def test_the_tiniest_work_is_not_called_millions_of_times():
    for name, size in (
        ("unit-stride", {"side": 1}),
        ("layout", {"size_kib": 1}),
        ("tiling", {"side": 1}),
        ("transpose", {"side": 2}),
        ("stencil", {"side": 3}),
    ):
        given = {"size_kib": 0, "side": 0} | size
        problem = problems.make(TRANSFORMATIONS[name], tile=0, fields=1, seed=0, **given)
        assert problem.calls == problems.MOST_CALLS <= 10_000, name


def test_a_loop_whose_additions_are_one_by_one_is_only_partly_vectorized():
    mixed = LISTING.replace("\tvaddpd\t%zmm1, %zmm2, %zmm2\n", "\tvaddsd\t%xmm1, %xmm2, %xmm2\n")
    loops = assembly.read(mixed, "dot")
    assert not loops.vectorized
    assert loops.words()[0].startswith("partly vectorized")


SCALAR = ["unit-stride/columns", "tiling/ijk", "stencil/columns"]
VECTORS = ["unit-stride/rows", "tiling/ikj", "stencil/rows", "stencil/threads"]


def loops_of(name: str, cores: int) -> assembly.Loops:
    one, version = (TRANSFORMATIONS[part] if not place else part for place, part in enumerate(name.split("/")))
    problem = problems.make(one, size_kib=64, side=0, tile=0, fields=1, seed=0)
    return numba_compile.kernel(one, one.version(version), problem.given(version), cores=cores).loops


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", SCALAR + VECTORS)
def test_a_walk_down_columns_is_not_called_vectorized_and_one_along_rows_is(name, cores):
    """LLVM writes vectors for both, and runs those of a column on a matrix of one column alone."""
    loops = loops_of(name, cores)
    assert loops.vectorized == (name in VECTORS)
    assert loops.words()[0].startswith("vectorized" if name in VECTORS else "not vectorized")
    assert ("run at unit stride alone" in loops.words()[0]) == bool(loops.narrow) == (name in SCALAR)


def test_columns_are_not_vectorized_with_wider_vectors_either():
    """Compiled for a processor with AVX-512 and not run, in a process of its own."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("another machine code")
    code = (
        "from tests import test_memory_traffic as it\n"
        "for name in it.SCALAR + it.VECTORS: print(it.loops_of(name, 1).words()[0].split(',')[0].split(';')[0])"
    )
    features = "+avx2,+fma,+avx512f,+avx512cd,+avx512bw,+avx512dq,+avx512vl"
    environment = os.environ | {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": features}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    assert ran.stdout.split("\n")[:-1] == ["not vectorized"] * len(SCALAR) + ["vectorized"] * len(VECTORS)


def test_a_matrix_of_one_column_keeps_its_vectors(tmp_path):
    a = np.ones((4096, 1), np.float32)
    one = TRANSFORMATIONS["unit-stride"]
    assert numba_compile.kernel(one, one.version("columns"), (a,), cores=1).loops.vectorized


CODE = """\
define i32 @f(i64 %arg.a.5.1, i64 %arg.tile, ptr %dims, ptr %data) {
  %1 = icmp eq i64 %arg.a.5.1, 1
  %2 = icmp ne i64 %arg.tile, 1
  %.10 = getelementptr i8, ptr %dims, i64 24
  %.11 = load i64, ptr %.10, align 8
  %3 = icmp ne i64 %.11, 1
  %x = phi i64 [ %arg.a.5.1, %B1 ], [ %.11, %B2 ]
  %y = phi i64 [ %arg.a.5.1, %B1 ], [ 1, %B2 ]
  %4 = icmp eq i64 %x, 1
  %5 = icmp eq i64 %y, 1
  %6 = icmp eq i64 %arg.a.5.1, 16
}
"""


def test_only_questions_of_an_arrays_extent_are_answered():
    changed = [
        before.split(" = ")[0].strip()
        for before, after in zip(CODE.splitlines(), llvm_ir.without(CODE).splitlines(), strict=True)
        if before != after
    ]
    assert changed == ["%1", "%3", "%4"]
    assert "%3 = icmp ne i64 0, 1" in llvm_ir.without(CODE)


def test_what_threads_run_is_read_without_the_function_that_adds_up_their_parts():
    threads = LISTING.replace("_ZN7cpython3mod3dotB2v1", "__gufunc__._ZN3mod20__numba_parfor_gufunc")
    loops = assembly.read(threads, "dot")
    assert (loops.loops, dict(loops.packed)) == (1, {256: 1})


@pytest.mark.parametrize(("size", "tile", "cores", "strip"), [(16, 0, 1, 256), (16, 0, 2, 128), (64, 65_536, 1, 1024)])
def test_strips_are_shortened_until_four_fit_into_a_share(tmp_path, size, tile, cores, strip):
    made = prepared(tmp_path, "after", cores, transformation="dependence", size=size, tile=tile)
    told = made.evidence()[0]
    assert (told.path, told.words[-1]) == ("accelerated", f"strips of {strip:,}")
    a = made.problem.given("strips")[0]
    assert problems.strip(len(a), cores, tile or 512) == strip
    assert 4 * strip * cores <= len(a)


def test_where_no_strip_fits_the_evidence_says_that_none_ran(tmp_path, monkeypatch):
    made = prepared(tmp_path, "after", transformation="dependence", size=1)
    monkeypatch.setattr(problems, "strip", lambda elements, threads, longest: 0)
    told = made.evidence()[0]
    assert told.path == "stock"
    assert "no strips ran" in told.reason
    monkeypatch.undo()
    assert problems.strip(elements=64, threads=32, longest=512) == 0


@pytest.mark.parametrize(("cores", "longest"), [(1, 1024), (2, 512)])
def test_a_sweep_of_strips_ends_where_four_do_not_fit_into_a_share(tmp_path, cores, longest):
    tell = Tell()
    Desk().sweep(settings(tmp_path, cores=cores, size=64), {"what": "dependence"}, tell)
    assert [value["x"] for name, value in tell.events if name == "point"][-1] == longest
    with pytest.raises(BadInput, match="too few to sweep"):
        Desk().sweep(settings(tmp_path, cores=2, size=1), {"what": "dependence"}, Tell())


def concluded(tmp_path, monkeypatch, peak: float = 1e3, **parameters) -> tuple[MemoryTraffic, dict]:
    monkeypatch.setattr(
        measure_triad,
        "triad",
        lambda size, threads, passes, lasting_s: measure_triad.Triad(10**9, threads, 0.1, passes),
    )
    monkeypatch.setattr(
        measure_triad, "peak", lambda threads, passes, lasting_s: measure_triad.Peak(threads, peak, 256)
    )
    made = prepared(tmp_path, **parameters)
    made.seconds = [1e-3 * made.calls]
    return made, {measure.name: measure for measure in made.conclude()[0]}


def test_the_roofs_level_is_that_of_what_a_version_touches():
    layout = problems.make(TRANSFORMATIONS["layout"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert (layout.touched("aos"), layout.touched("soa")) == (64 * 1024, 8 * 1024)
    assert layout.resident("soa") == 64 * 1024
    stencil = problems.make(TRANSFORMATIONS["stencil"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert stencil.touched("time") == stencil.resident("time")


def test_the_best_call_is_one_of_the_race(tmp_path, monkeypatch):
    assert registry()["memory-traffic"].judged_twice
    made, before = concluded(tmp_path, monkeypatch, transformation="layout")
    made.seconds.append(made.seconds[0] / 4)
    after = {measure.name: measure for measure in made.conclude()[0]}
    for name in ("bandwidth", "rate", "share"):
        assert after[name].value == pytest.approx(4 * before[name].value)
    assert after["ceiling"].value == before["ceiling"].value


def test_threads_on_one_core_accelerate_nothing(tmp_path):
    told = prepared(tmp_path, "after", transformation="multithreading").evidence()[0]
    assert (told.path, told.reason) == ("stock", "it ran on one thread")


def test_a_product_is_held_against_the_peak_of_arithmetic_and_blas(tmp_path, monkeypatch):
    made, told = concluded(tmp_path, monkeypatch, transformation="tiling")
    assert "peak of float32 arithmetic" not in told["share"].label, "73³ operations on so little are below the ridge"
    made, told = concluded(tmp_path, monkeypatch, peak=50, transformation="tiling")
    assert "the peak of float32 arithmetic" in told["share"].label
    assert told["share"].value == pytest.approx(100 * made.problem.flops / 1e-3 / 1e9 / 50)
    assert told["share_of_library"].value == pytest.approx(100 * told["rate"].value / told["library"].value)
    assert "BLAS" in told["share_of_library"].label


def test_what_waits_for_memory_is_held_against_the_triad(tmp_path, monkeypatch):
    made, told = concluded(tmp_path, monkeypatch, transformation="transpose")
    assert "the triad's bandwidth" in told["share"].label
    assert told["share"].value == pytest.approx(100 * made.problem.bytes / 1e-3 / 1e9 / 10)
    assert "share_of_library" not in told
    assert not told.keys() & {"rate", "peak"}, "nothing is computed"
    # By the bytes of its own algorithm: one pass for all sweeps.
    made, told = concluded(tmp_path, monkeypatch, transformation="stencil")
    assert told.keys() > {"rate", "peak"}
    assert told["share"].value == pytest.approx(100 * made.problem.traffic("time") / 1e-3 / 1e9 / 10)
