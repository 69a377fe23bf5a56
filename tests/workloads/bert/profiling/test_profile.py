"""Profiles: kernels summed up from oneDNN's log, and tiny graphs that really run in a process of their own."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.workload.registry import load_workloads
from tests.support.onednn_logs import (
    EIGEN_LINE,
    GELU_LINE,
    HEADER_LINES,
    INT8_LINE,
    PLAIN_LINE,
    QUANTIZE_LINE,
    SCORES_LINE,
    VERSION_1_LINES,
    VERSION_2_LINE,
    make_profile,
    read_only_call,
)
from workloads.bert.profiling import instruction_sets, kernels, onednn_verbose, profile, profiled_process

ONEDNN_ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "1"}


def test_calls_of_the_same_kernel_are_summed_up():
    calls = onednn_verbose.parse_verbose(GELU_LINE + INT8_LINE * 3 + INT8_LINE.replace("0.935059", "2.0")).calls
    first, second = kernels.sum_kernels(calls, passes=2)
    assert (first.primitive, first.precision, first.calls) == ("inner_product", "int8", 2)
    assert first.ms == pytest.approx((3 * 0.935059 + 2) / 2)
    assert first.median_ms == 0.935059
    assert second.fused == "eltwise_gelu_erf"
    assert first.share + second.share == pytest.approx(1)
    assert second.share == pytest.approx(4.14893 / (4.14893 + 3 * 0.935059 + 2))


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        (INT8_LINE, 2 * 512 * 384 * 1536),
        (SCORES_LINE, 2 * 4 * 2 * 64 * 64 * 16),
        (SCORES_LINE.replace("4x2x16x64,", "1x2x16x64,"), 2 * 4 * 2 * 64 * 64 * 16),
        (EIGEN_LINE, 2 * 256 * 384 * 288),
        (VERSION_1_LINES, 2 * 256 * 6 * 6 * 4096),
        (VERSION_2_LINE, 2 * 30522 * 768),
        (VERSION_2_LINE.replace("1x30522:30522x768:1x768", "b8m128n64k32"), 2 * 8 * 128 * 64 * 32),
        (VERSION_2_LINE.replace("30522x768", "5x768"), 0),
        (VERSION_2_LINE.replace("1x30522:30522x768:1x768", "?"), 0),
        (QUANTIZE_LINE, 0),
    ],
)
def test_operations_come_from_the_shape(line, operations):
    [kernel] = kernels.sum_kernels([read_only_call(line)], 1)
    assert kernel.operations == operations
    assert kernel.gops == pytest.approx(operations / kernel.ms / 1e6)


def test_a_kernel_too_short_for_the_clock_has_no_speed():
    [kernel] = kernels.sum_kernels([read_only_call(INT8_LINE.replace("0.935059", "0"))], 1)
    assert (kernel.gops, kernel.share) == (0.0, 0.0)


def test_kernels_are_sorted_by_time_and_have_a_precision():
    int8, scores, quantize = make_profile(INT8_LINE * 2 + SCORES_LINE + QUANTIZE_LINE).kernels
    assert (int8.precision, int8.calls, int8.operations) == ("int8", 2, 2 * 512 * 384 * 1536)
    assert int8.gops == pytest.approx(2 * 512 * 384 * 1536 / 0.935059e6)
    assert (scores.precision, scores.calls) == ("fp32", 1)
    assert (quantize.primitive, quantize.operations) == ("binary", 0)


def test_a_profile_notes_its_restrictions():
    assert "ran no kernel" in make_profile("").note
    assert "Eigen" in make_profile(EIGEN_LINE).note
    assert make_profile(PLAIN_LINE + EIGEN_LINE).note == ""


def test_overlapping_calls_have_no_share():
    assert make_profile(EIGEN_LINE).onednn_share == pytest.approx(0.338867 / 20)
    assert make_profile(EIGEN_LINE, threads=2).onednn_share is None
    assert make_profile(PLAIN_LINE, threads=2).onednn_share == pytest.approx(1.2 / 20)
    assert make_profile(EIGEN_LINE, threads=2).pass_times == (profile.PassTimes(2, 20, None, 1.0),)
    assert make_profile(PLAIN_LINE, threads=2).pass_times[0].kernels_ms == pytest.approx(1.2)


def test_several_threads_are_compared_with_one(tiny):
    alone, together = profile_graph(tiny, "int8.pb", threads=2).pass_times
    assert (alone.threads, together.threads) == (1, 2)
    for times in (alone, together):
        assert times.kernels_ms is not None and 0 < times.kernels_ms < times.wall_ms
    # One thread computes. Little else in the process uses a processor meanwhile.
    assert 0 < alone.used_cores < 1.5


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Graphs of a tiny model in FP32 and INT8, and windows."""
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    pytest.importorskip("neural_compressor", reason="neural_compressor is not installed")
    from tests.support import tiny_bert
    from workloads.bert.model import forward
    from workloads.bert.quantization import config, convert

    folder = tmp_path_factory.mktemp("kernels")
    made = tiny_bert.make_checkpoint(folder / "model")
    windows = tiny_bert.make_windows(made, count=5)
    (folder / "fp32.pb").write_bytes(forward.build_frozen_graph(made).SerializeToString())
    quantized = convert.quantize_graph(made, config.QuantizationConfig(), windows, tiny_bert.ProgressRecorder())
    (folder / "int8.pb").write_bytes(quantized.SerializeToString())
    return SimpleNamespace(folder=folder, windows=windows, length=windows.input_ids.shape[1])


def profile_graph(tiny: SimpleNamespace, name: str, **options) -> profile.Profile:
    settings = {"threads": 1, "batch": 4, "repeats": 3, "environment": ONEDNN_ENVIRONMENT} | options
    return profile.profile_graph(tiny.folder / name, tiny.windows, **settings)


def count_product_operations(length: int) -> int:
    """Return the operations of the tiny model, by hand: hidden size 32, intermediate size 64, 2 layers, batch 4."""
    rows, hidden, wide = 4 * length, 32, 64
    projections = 2 * (4 * rows * hidden * hidden + 2 * rows * hidden * wide) + rows * hidden * 2
    return 2 * (projections + 2 * 2 * 4 * length * length * hidden)


def test_fp32_really_profiled(tiny):
    found = profile_graph(tiny, "fp32.pb")
    assert (found.batch, found.length, found.threads, found.passes) == (4, tiny.length, 1, 3)
    assert (found.skipped, found.note) == (0, "")
    assert found.version and found.instructions
    products = [kernel for kernel in found.kernels if kernel.primitive in onednn_verbose.PRODUCT_PRIMITIVES]
    # Every pass does the same work. The warm-up, which reorders the weights, does not count.
    assert {kernel.precision for kernel in products} == {"fp32"}
    assert sum(kernel.calls for kernel in products) == 17
    assert sum(kernel.calls * kernel.operations for kernel in products) == count_product_operations(tiny.length)
    assert all(kernel.calls == int(kernel.calls) for kernel in found.kernels)
    assert sum(kernel.share for kernel in found.kernels) == pytest.approx(1)
    assert 0 < found.onednn_share <= 1
    assert instruction_sets.find_int8_instructions(found.kernels).fast_calls == 0
    calls = {(operator.kind, operator.type): operator.calls for operator in found.operators}
    assert sum(count for (kind, _), count in calls.items() if kind == "MatMul") == 13
    assert sum(count for (kind, _), count in calls.items() if kind == "BatchMatMul") == 4
    assert sum(count for (kind, _), count in calls.items() if kind == "Softmax") == 2
    assert any(kind == "LayerNorm" for kind, _ in calls)
    assert found.wall_ms > 0 and sum(operator.ms for operator in found.operators) > 0


def test_int8_really_ran_on_the_instructions_that_the_processor_has(tiny):
    found = profile_graph(tiny, "int8.pb")
    verdict = instruction_sets.find_int8_instructions(found.kernels)
    assert (verdict.int8_calls, verdict.products) == (13, 17)
    flags = Path("/proc/cpuinfo").read_text().split()
    assert verdict.fast_calls == (13 if "avx512_vnni" in flags or "avx_vnni" in flags else 0)
    assert any(operator.kind == "Quantize" for operator in found.operators)
    # GELU, which FP32's kernels fuse, is a TensorFlow operator again.
    assert any((operator.kind, operator.type) == ("Gelu", "Erfc") for operator in found.operators)


def test_without_onednn_its_kernels_are_eigens(tiny):
    found = profile_graph(tiny, "fp32.pb", environment={"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert "Eigen" in found.note
    assert {kernel.primitive for kernel in found.kernels} <= {onednn_verbose.GEMM}
    assert not any(operator.type.startswith("_Mkl") for operator in found.operators)


def test_the_own_environment_has_no_effect_on_the_log(monkeypatch):
    monkeypatch.setenv("ONEDNN_VERBOSE_TIMESTAMP", "1")
    monkeypatch.setenv("DNNL_VERBOSE", "2")
    monkeypatch.setenv("OTHER_VARIABLE", "unchanged")
    environment = profile._build_environment(ONEDNN_ENVIRONMENT, 3, "profile_exec")
    assert not {"ONEDNN_VERBOSE_TIMESTAMP", "DNNL_VERBOSE"} & environment.keys()
    assert environment["ONEDNN_VERBOSE"] == "profile_exec"
    assert (
        environment["TF_ENABLE_ONEDNN_OPTS"],
        environment["OMP_NUM_THREADS"],
        environment["TF_NUM_INTRAOP_THREADS"],
    ) == ("1", "3", "3")
    assert environment["OTHER_VARIABLE"] == "unchanged"


def test_the_error_of_a_failed_process_is_reported(tiny):
    (tiny.folder / "broken.pb").write_bytes(b"no graph")
    with pytest.raises(profile.ProfileError, match="could not be profiled: DecodeError"):
        profile_graph(tiny, "broken.pb")


def test_a_process_that_takes_too_long_is_stopped(tiny):
    with pytest.raises(profile.ProfileError, match=r"longer than 0\.2 s"):
        profile_graph(tiny, "fp32.pb", limit_s=0.2)


def test_an_incomplete_output_is_refused():
    with pytest.raises(profile.ProfileError, match="not complete"):
        profile._select_timed_output(f"{HEADER_LINES}{profiled_process.PASSES_BEGIN}\n{INT8_LINE}")


def test_the_output_of_the_warm_up_is_dropped_except_for_the_header():
    output = profile._select_timed_output(
        f"{HEADER_LINES}{GELU_LINE}\n{profiled_process.PASSES_BEGIN}\n{INT8_LINE}{profiled_process.PASSES_END}\n"
    )
    found = onednn_verbose.parse_verbose(output)
    assert [call.precision for call in found.calls] == ["int8"]
    assert found.version == "3.7.3"


@pytest.mark.parametrize("changes", [{"threads": 0}, {"batch": 0}, {"repeats": 0}])
def test_nothing_to_run_is_refused(tiny, changes):
    with pytest.raises(ValueError, match="at least one"):
        profile_graph(tiny, "fp32.pb", **changes)


def test_a_slow_pass_ends_before_a_race_takes_its_arm_for_hung():
    assert load_workloads()["bert"].limits.sample_s > profile.ONE_PASS_LIMIT_S
