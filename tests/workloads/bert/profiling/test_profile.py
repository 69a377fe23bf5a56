"""TODO: tests.workloads.bert.profiling.test_profile."""

from pathlib import Path
from types import SimpleNamespace

import pytest

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
from workloads.bert.profiling import instruction_sets, onednn_verbose, profile, profiled_process

ONEDNN_ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "1"}


def test_calls_are_summed_up_by_what_they_do():
    calls = onednn_verbose.parse_verbose(GELU_LINE + INT8_LINE * 3 + INT8_LINE.replace("0.935059", "2.0")).calls
    first, second = profile.sum_kernels(calls, passes=2)
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
    [kernel] = profile.sum_kernels([read_only_call(line)], 1)
    assert kernel.operations == operations
    assert kernel.gops == pytest.approx(operations / kernel.ms / 1e6)


def test_a_kernel_too_short_for_the_clock_has_no_speed():
    [kernel] = profile.sum_kernels([read_only_call(INT8_LINE.replace("0.935059", "0"))], 1)
    assert (kernel.gops, kernel.share) == (0.0, 0.0)


def test_products_by_precision():
    int8, fp32 = profile.sum_products(make_profile(INT8_LINE * 2 + SCORES_LINE + QUANTIZE_LINE))
    assert (int8.precision, int8.calls, int8.operations) == ("int8", 2, 4 * 512 * 384 * 1536)
    assert int8.gops == pytest.approx(2 * 512 * 384 * 1536 / 0.935059e6)
    assert (fp32.precision, fp32.calls) == ("fp32", 1)


def test_a_profile_says_what_it_cannot_tell():
    assert "ran no kernel" in make_profile("").note
    assert "Eigen" in make_profile(EIGEN_LINE).note
    assert make_profile(PLAIN_LINE + EIGEN_LINE).note == ""


def test_overlapping_calls_have_no_share():
    assert make_profile(EIGEN_LINE).onednn_share == pytest.approx(0.338867 / 20)
    assert make_profile(EIGEN_LINE, threads=2).onednn_share is None
    assert make_profile(PLAIN_LINE, threads=2).onednn_share == pytest.approx(1.2 / 20)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny model's graphs in FP32 and INT8, and windows; a process that has imported TensorFlow made them."""
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
    """Operations of the tiny model, by hand: 32 wide, 64 in the middle, 2 layers, batches of 4."""
    rows, hidden, wide = 4 * length, 32, 64
    projections = 2 * (4 * rows * hidden * hidden + 2 * rows * hidden * wide) + rows * hidden * 2
    return 2 * (projections + 2 * 2 * 4 * length * length * hidden)


def test_fp32_really_profiled(tiny):
    found = profile_graph(tiny, "fp32.pb")
    assert (found.batch, found.length, found.threads, found.passes) == (4, tiny.length, 1, 3)
    assert (found.skipped, found.note) == (0, "")
    assert found.version and found.instructions
    [products] = profile.sum_products(found)
    # The same work in every pass, and nothing of the warm-up: weights are reordered in it alone.
    assert (products.precision, products.calls) == ("fp32", 17)
    assert products.operations == count_product_operations(tiny.length)
    assert all(kernel.calls == int(kernel.calls) for kernel in found.kernels)
    assert sum(kernel.share for kernel in found.kernels) == pytest.approx(1)
    assert 0 < found.onednn_share <= 1
    assert instruction_sets.find_int8_instructions(found.kernels).fast_calls == 0
    calls = {(operator.kind, operator.type): operator.calls for operator in found.operators}
    assert sum(count for (kind, _), count in calls.items() if kind == "MatMul") == 13
    assert sum(count for (kind, _), count in calls.items() if kind == "BatchMatMul") == 4
    assert sum(count for (kind, _), count in calls.items() if kind == "Softmax") == 2
    assert any(kind == "LayerNorm" for kind, _ in calls)
    assert sum(operator.share for operator in found.operators) == pytest.approx(1)
    assert found.wall_ms > 0 and found.operators_ms > 0


def test_int8_really_ran_on_the_instructions_that_the_processor_has(tiny):
    found = profile_graph(tiny, "int8.pb")
    verdict = instruction_sets.find_int8_instructions(found.kernels)
    assert (verdict.int8_calls, verdict.products) == (13, 17)
    flags = Path("/proc/cpuinfo").read_text().split()
    assert verdict.fast_calls == (13 if "avx512_vnni" in flags or "avx_vnni" in flags else 0)
    assert any(operator.kind == "Quantize" for operator in found.operators)
    # GELU, which FP32's kernels take in, is TensorFlow's own again.
    assert any((operator.kind, operator.type) == ("Gelu", "Erfc") for operator in found.operators)


def test_without_onednn_its_kernels_are_eigens(tiny):
    found = profile_graph(tiny, "fp32.pb", environment={"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert "Eigen" in found.note
    assert {kernel.primitive for kernel in found.kernels} <= {onednn_verbose.GEMM}
    assert not any(operator.type.startswith("_Mkl") for operator in found.operators)


def test_our_own_environment_does_not_disturb_it(monkeypatch):
    monkeypatch.setenv("ONEDNN_VERBOSE_TIMESTAMP", "1")
    monkeypatch.setenv("DNNL_VERBOSE", "2")
    monkeypatch.setenv("HOME_OF_ANOTHER", "kept")
    made = profile._build_environment(ONEDNN_ENVIRONMENT, 3, "profile_exec")
    assert not {"ONEDNN_VERBOSE_TIMESTAMP", "DNNL_VERBOSE"} & made.keys()
    assert made["ONEDNN_VERBOSE"] == "profile_exec"
    assert (made["TF_ENABLE_ONEDNN_OPTS"], made["OMP_NUM_THREADS"], made["TF_NUM_INTRAOP_THREADS"]) == ("1", "3", "3")
    assert made["HOME_OF_ANOTHER"] == "kept"


def test_a_child_that_fails_is_heard(tiny):
    (tiny.folder / "broken.pb").write_bytes(b"no graph")
    with pytest.raises(profile.ProfileError, match="could not be profiled: DecodeError"):
        profile_graph(tiny, "broken.pb")


def test_a_child_that_takes_too_long_is_stopped(tiny):
    with pytest.raises(profile.ProfileError, match=r"longer than 0\.2 s"):
        profile_graph(tiny, "fp32.pb", limit_s=0.2)


def test_a_child_that_stops_halfway_is_no_profile():
    with pytest.raises(profile.ProfileError, match="not complete"):
        profile._select_timed_output(f"{HEADER_LINES}{profiled_process.PASSES_BEGIN}\n{INT8_LINE}")


def test_the_warm_up_is_left_out_and_its_header_kept():
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
