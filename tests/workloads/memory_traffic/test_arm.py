"""TODO: tests.workloads.memory_traffic.test_arm."""

import pytest

from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic import problems
from workloads.memory_traffic.arm import MemoryTraffic
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import triad


def test_both_arms_work_on_the_same_data_and_agree(tmp_path):
    folders = [tmp_path / "before", tmp_path / "after"]
    made = []
    for folder in folders:
        folder.mkdir()
        made.append(prepare_arm(folder, folder.name, transformation="unit-stride"))
        made[-1].repeat(0, lambda step, work: work())
        measures = {measure.name: measure.value for measure in made[-1].conclude()[0]}
        assert measures["right"] == 100
        assert measures["bandwidth"] > 0
    assert made[0].told["data"] == made[1].told["data"]
    assert made[0].told["work"] == made[1].told["work"]
    assert made[1].compare(folders[0])[0][0].value < 1e-4


def test_the_evidence_says_whether_the_loop_has_vectors(tmp_path):
    strict = prepare_arm(tmp_path, "after", transformation="vectorization", after="strict").evidence()[0]
    assert strict.words[2].startswith("not vectorized")
    reordered = prepare_arm(tmp_path, "after", transformation="vectorization").evidence()[0]
    assert reordered.path == "accelerated"
    assert reordered.words[2].startswith("vectorized")


def test_a_promise_of_vectors_that_is_not_kept_is_no_acceleration(tmp_path):
    made = prepare_arm(tmp_path, "after", transformation="vectorization")
    scalar = numba_compile.compile_function(lambda x, y: x[0], made.arguments, threads=1)
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
        prepare_arm(tmp_path, "after", **parameters)
    assert refused.value.remedy


@pytest.mark.parametrize(("size", "tile", "cores", "strip"), [(16, 0, 1, 256), (16, 0, 2, 128), (64, 65_536, 1, 1024)])
def test_strips_are_shortened_until_four_fit_into_a_share(tmp_path, size, tile, cores, strip):
    made = prepare_arm(tmp_path, "after", cores, transformation="dependence", size=size, tile=tile)
    told = made.evidence()[0]
    assert (told.path, told.words[-1]) == ("accelerated", f"strips of {strip:,}")
    a = made.problem.given("strips")[0]
    assert problems.strip_length(len(a), cores, tile or 512) == strip
    assert 4 * strip * cores <= len(a)


def test_where_no_strip_fits_the_evidence_says_that_none_ran(tmp_path, monkeypatch):
    made = prepare_arm(tmp_path, "after", transformation="dependence", size=1)
    monkeypatch.setattr(problems, "strip_length", lambda elements, threads, longest: 0)
    told = made.evidence()[0]
    assert told.path == "stock"
    assert "no strips ran" in told.reason
    monkeypatch.undo()
    assert problems.strip_length(elements=64, threads=32, longest=512) == 0


def conclude_arm(tmp_path, monkeypatch, peak: float = 1e3, **parameters) -> tuple[MemoryTraffic, dict]:
    monkeypatch.setattr(
        triad, "measure_triad", lambda size, threads, passes, lasting_s: triad.Triad(10**9, threads, 0.1, passes)
    )
    monkeypatch.setattr(triad, "measure_peak", lambda threads, passes, lasting_s: triad.Peak(threads, peak, 256))
    made = prepare_arm(tmp_path, **parameters)
    made.seconds = [1e-3 * made.calls]
    return made, {measure.name: measure for measure in made.conclude()[0]}


def test_the_best_call_is_one_of_the_race(tmp_path, monkeypatch):
    assert load_workloads()["memory-traffic"].policy.quality_after_race
    made, before = conclude_arm(tmp_path, monkeypatch, transformation="layout")
    made.seconds.append(made.seconds[0] / 4)
    after = {measure.name: measure for measure in made.conclude()[0]}
    for name in ("bandwidth", "rate", "share"):
        assert after[name].value == pytest.approx(4 * before[name].value)
    assert after["ceiling"].value == before["ceiling"].value


def test_threads_on_one_core_accelerate_nothing(tmp_path):
    told = prepare_arm(tmp_path, "after", transformation="multithreading").evidence()[0]
    assert (told.path, told.reason) == ("stock", "it ran on one thread")


def test_a_product_is_held_against_the_peak_of_arithmetic_and_blas(tmp_path, monkeypatch):
    made, told = conclude_arm(tmp_path, monkeypatch, transformation="tiling")
    assert "peak of float32 arithmetic" not in told["share"].label, "73³ operations on so little are below the ridge"
    made, told = conclude_arm(tmp_path, monkeypatch, peak=50, transformation="tiling")
    assert "the peak of float32 arithmetic" in told["share"].label
    assert told["share"].value == pytest.approx(100 * made.problem.flops / 1e-3 / 1e9 / 50)
    assert told["share_of_library"].value == pytest.approx(100 * told["rate"].value / told["library"].value)
    assert "BLAS" in told["share_of_library"].label


def test_what_waits_for_memory_is_held_against_the_triad(tmp_path, monkeypatch):
    made, told = conclude_arm(tmp_path, monkeypatch, transformation="transpose")
    assert "the triad's bandwidth" in told["share"].label
    assert told["share"].value == pytest.approx(100 * made.problem.bytes / 1e-3 / 1e9 / 10)
    assert "share_of_library" not in told
    assert not told.keys() & {"rate", "peak"}, "nothing is computed"
    # By the bytes of its own algorithm: one pass for all sweeps.
    made, told = conclude_arm(tmp_path, monkeypatch, transformation="stencil")
    assert told.keys() > {"rate", "peak"}
    assert told["share"].value == pytest.approx(100 * made.problem.traffic("time") / 1e-3 / 1e9 / 10)
