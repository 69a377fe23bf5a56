"""The arm of memory traffic: its data, evidence, measures, and what it refuses."""

import pytest

from bench.plan.validation import PlanError, make_plan
from bench.values.quality import Measure
from bench.workload.interface import BadInput
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic import problem_sizes
from workloads.memory_traffic.arm import MemoryTraffic
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import peak, triad


def test_both_arms_work_on_the_same_data_and_agree(tmp_path):
    folders = [tmp_path / "columns", tmp_path / "rows"]
    arms, prepared = [], []
    for folder in folders:
        folder.mkdir()
        arm, reply = prepare_arm(folder, "unit-stride", folder.name)
        arm.repeat(0, lambda step, work: work())
        measures = {measure.name: measure.value for measure in arm.conclude()[0]}
        assert measures["right"] == 100
        assert measures["bandwidth"] > 0
        arms.append(arm)
        prepared.append(reply)
    assert prepared[0]["data"] == prepared[1]["data"]
    assert prepared[0]["work"] == prepared[1]["work"]
    assert arms[1].compare(folders[0])[0][0].value < 1e-4


def test_the_evidence_says_whether_the_loop_has_vectors(tmp_path):
    strict = prepare_arm(tmp_path, "vectorization", "strict")[0].evidence()[0]
    assert strict.words[2].startswith("not vectorized")
    reordered = prepare_arm(tmp_path, "vectorization")[0].evidence()[0]
    assert reordered.path == "accelerated"
    assert reordered.words[2].startswith("vectorized")


def test_a_version_that_promises_vectors_and_has_none_is_not_accelerated(tmp_path):
    arm, _ = prepare_arm(tmp_path, "vectorization")
    arm.kernel = numba_compile.compile_function(lambda x, y: x[0], arm.arguments, threads=1)
    evidence = arm.evidence()[0]
    assert evidence.path == "stock"
    assert "not vectorized" in evidence.reason


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"case": "layout", "side": 100}, "no matrices"),
        ({"case": "tiling", "lever": "ijk", "side": 4096}, "minutes"),
    ],
)
def test_a_race_that_is_not_possible_is_refused_with_a_remedy(tmp_path, settings, message):
    with pytest.raises(BadInput, match=message) as refusal:
        prepare_arm(tmp_path, **settings)
    assert refusal.value.remedy


def test_a_version_of_another_case_is_refused():
    with pytest.raises(PlanError, match="accelerated: 'ikj' is no value of the lever version; it has aos, soa"):
        make_plan("memory-traffic", "layout", accelerated="ikj")


def test_only_the_baselines_version_counts_as_stock(tmp_path):
    """Any two versions can race: the one of the baseline is what the other is compared with."""
    ikj = prepare_arm(tmp_path, "tiling", "ikj")[0].evidence()[0]
    assert (ikj.path, ikj.reason) == ("accelerated", "")
    ikj = prepare_arm(tmp_path, "tiling", "ikj", baseline="ikj")[0].evidence()[0]
    assert (ikj.path, ikj.reason) == ("stock", "the version of the baseline")


@pytest.mark.parametrize(
    ("size", "tile", "cores", "strip"), [(16, 512, 1, 256), (16, 512, 2, 128), (64, 65_536, 1, 1024)]
)
def test_strips_are_shortened_until_four_fit_into_a_share(tmp_path, size, tile, cores, strip):
    arm, _ = prepare_arm(tmp_path, "dependence", cores=cores, size=size, tile=tile)
    evidence = arm.evidence()[0]
    assert (evidence.path, evidence.words[-1]) == ("accelerated", f"strips of {strip:,}")
    a = arm.problem.arguments_for("strips")[0]
    assert problem_sizes.strip_length(len(a), cores, tile) == strip
    assert 4 * strip * cores <= len(a)


def test_the_evidence_says_that_no_strips_ran_if_none_fits(tmp_path, monkeypatch):
    arm, _ = prepare_arm(tmp_path, "dependence", size=1)
    monkeypatch.setattr(problem_sizes, "strip_length", lambda elements, threads, max_strip: 0)
    evidence = arm.evidence()[0]
    assert evidence.path == "stock"
    assert "no strips ran" in evidence.reason
    monkeypatch.undo()
    assert problem_sizes.strip_length(elements=64, threads=32, max_strip=512) == 0


def conclude_arm(
    tmp_path, monkeypatch, peak_gflop_s: float = 1e3, **parameters
) -> tuple[MemoryTraffic, dict[str, Measure]]:
    """A prepared arm with one sample of 1 ms per call, and its measures, with a triad of 10 GB/s."""
    monkeypatch.setattr(
        triad, "measure_triad", lambda size, threads, passes, min_duration_s: triad.Triad(10**9, threads, 0.1)
    )
    monkeypatch.setattr(peak, "measure_peak", lambda threads, passes, min_duration_s: peak.Peak(peak_gflop_s, 256))
    arm, _ = prepare_arm(tmp_path, **parameters)
    arm.sample_times_s = [1e-3 * arm.calls]
    return arm, {measure.name: measure for measure in arm.conclude()[0]}


def test_the_best_call_is_one_of_the_race(tmp_path, monkeypatch):
    arm, before = conclude_arm(tmp_path, monkeypatch, case="layout")
    arm.sample_times_s.append(arm.sample_times_s[0] / 4)
    after = {measure.name: measure for measure in arm.conclude()[0]}
    for name in ("bandwidth", "rate", "share"):
        assert after[name].value == pytest.approx(4 * before[name].value)
    assert after["ceiling"].value == before["ceiling"].value


def test_threads_on_one_core_are_not_an_acceleration(tmp_path):
    evidence = prepare_arm(tmp_path, "multithreading")[0].evidence()[0]
    assert (evidence.path, evidence.reason) == ("stock", "it ran on one thread")


def test_a_matrix_product_is_compared_with_the_arithmetic_peak_and_with_blas(tmp_path, monkeypatch):
    _, measures = conclude_arm(tmp_path, monkeypatch, case="tiling")
    assert "peak of float32 arithmetic" not in measures["share"].label, "73³ operations on little data: below the ridge"
    arm, measures = conclude_arm(tmp_path, monkeypatch, peak_gflop_s=50, case="tiling")
    assert "the peak of float32 arithmetic" in measures["share"].label
    assert measures["share"].value == pytest.approx(100 * arm.problem.flops / 1e-3 / 1e9 / 50)
    library_share = 100 * measures["rate"].value / measures["library"].value
    assert measures["share_of_library"].value == pytest.approx(library_share)
    assert "BLAS" in measures["share_of_library"].label


def test_a_kernel_that_waits_for_memory_is_compared_with_the_triad(tmp_path, monkeypatch):
    arm, measures = conclude_arm(tmp_path, monkeypatch, case="transpose")
    assert "the triad's bandwidth" in measures["share"].label
    assert measures["share"].value == pytest.approx(100 * arm.problem.bytes / 1e-3 / 1e9 / 10)
    assert "share_of_library" not in measures
    assert not measures.keys() & {"rate", "peak"}, "a transpose computes nothing"
    # The version `time` moves the grid once for all sweeps; its share is that of its own bytes.
    arm, measures = conclude_arm(tmp_path, monkeypatch, case="stencil")
    assert measures.keys() > {"rate", "peak"}
    assert measures["share"].value == pytest.approx(100 * arm.problem.traffic_bytes("time") / 1e-3 / 1e9 / 10)
