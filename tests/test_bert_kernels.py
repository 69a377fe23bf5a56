"""Kernel profiles: oneDNN's lines of several versions, word for word, and tiny graphs that really run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from workloads.bert.profiling import profile as profiling_profile

ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}
HEADER = (
    "onednn_verbose,v1,info,oneDNN v3.7.3 (commit N/A)\n"
    "onednn_verbose,v1,info,cpu,runtime:threadpool,nthr:1\n"
    "onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with float16, Intel DL Boost and bfloat16 support \n"
    "onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors,"
    "attributes,auxiliary,problem_desc,exec_time\n"
    "onednn_verbose,v1,graph,info,template:operation,engine,partition_id,partition_kind,op_names,data_formats,"
    "logical_tensors,fpmath_mode,implementation,backend,exec_time\n"
)
INT8 = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core_vnni,forward_training,"
    "src:u8:a:blocked:ab::f0 wei:s8:a:blocked:AB4b64a4b::f0 bia:f32:a:blocked:a::f0 dst:f32:a:blocked:ab::f0,"
    "attr-scratchpad:user attr-scales:src0:0:f32+dst:0:f32+wei:0:f32,,mb512ic384oc1536,0.935059\n"
)
GELU = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core,forward_inference,src:f32::blocked:ab::f0 "
    "wei:f32:a:blocked:AB16b64a::f0 bia:f32:a:blocked:a::f0 dst:f32::blocked:ab::f0,attr-scratchpad:user "
    "attr-post-ops:eltwise_gelu_erf,,mb512ic384oc1536,4.14893\n"
)
PLAIN = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core,forward_inference,src:f32::blocked:ab::f0 "
    "wei:f32:a:blocked:AB16b32a::f0 bia:f32:a:blocked:a::f0 dst:f32::blocked:ab::f0,attr-scratchpad:user,,"
    "mb512ic384oc384,1.2\n"
)
SCORES = (
    "onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx512_core,undef,src:f32::blocked:abcd::f0 "
    "wei:f32::blocked:abdc::f0 dst:f32::blocked:abcd::f0,attr-scratchpad:user,,4x2x64x16:4x2x16x64,0.0319824\n"
)
QUANTIZE = (
    "onednn_verbose,v1,primitive,exec,cpu,binary,jit:uni,undef,src:f32::blocked:ab::f0 src:f32::blocked:ab::f0 "
    "dst:u8::blocked:ab::f0,attr-scales:src0:0:f32+src1:0:f32,alg:binary_add,256x32:1x1,0.00585938\n"
)
EIGEN = (
    "onednn_verbose,v1,primitive,exec,cpu,gemm_api,,undef,src_f32::blocked:ab:f0 wei_f32::blocked:ab:f0 "
    "dst_f32::blocked:ab:f0,ldb:384 ,,256x384:384x288,0.338867\n"
)
VERSION_1 = (
    "dnnl_verbose,info,oneDNN v1.6.0 (commit 8186817fa59b97c602944f4ff46ce9b5b63d217c)\n"
    "dnnl_verbose,exec,cpu,inner_product,gemm:jit,forward_inference,src_f32::blocked:abcd:f0 wei_f32::blocked:abcd:f0 "
    "bia_f32::blocked:a:f0 dst_f32::blocked:ab:f0,,,mb1ic256ih6iw6oc4096,5.4458\n"
)
VERSION_2 = (
    "onednn_verbose,exec,cpu,matmul,brg:avx512_core_amx_int8,undef,src_s8::blocked:ab:f0 "
    "wei_s8:p:blocked:BA16a64b4a:f0 dst_s8::blocked:ab:f0,attr-scratchpad:user ,,1x30522:30522x768:1x768,7.66382\n"
)
STAMPED = (
    "onednn_verbose,v1,primitive,info,template:timestamp,operation,engine,primitive,implementation,prop_kind,"
    "memory_descriptors,attributes,auxiliary,problem_desc,exec_time\n"
    "onednn_verbose,v1,1795520179565.840088,primitive,exec,cpu,reorder,jit:uni,undef,src:f32::blocked:ba::f0 "
    "dst:f32::blocked:AB16b32a::f0,,,32x32,0.00390625\n"
)
NOT_RUN = (
    "onednn_verbose,v1,primitive,create:cache_miss,cpu,reorder,jit:uni,undef,src:f32::blocked:ba::f0 "
    "dst:f32::blocked:AB16b32a::f0,,,32x32,0.0480957\n"
    "onednn_verbose,primitive,exec:check,primitive,unused primitive execution argument (4113),src/primitive.cpp:74\n"
    "I0000 00:00:1795520053.879061    6006 port.cc:153] oneDNN custom operations are on.\n"
)


def only(text: str) -> profiling_profile.Call:
    found = profiling_profile.read(text)
    assert found.skipped == 0
    [call] = found.calls
    return call


def test_a_line_of_todays_version_is_read_whole():
    assert only(HEADER + NOT_RUN + INT8) == profiling_profile.Call(
        primitive="inner_product",
        implementation="brgemm:avx512_core_vnni",
        types="u8 × s8 → f32",
        precision="int8",
        shape="mb512ic384oc1536",
        fused="",
        ms=0.935059,
    )


def test_the_header_tells_version_and_instructions():
    found = profiling_profile.read(HEADER)
    assert found.version == "3.7.3"
    assert found.instructions == "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support"
    assert found.calls == ()


def test_post_operations_are_told():
    assert only(GELU).fused == "eltwise_gelu_erf"
    quoted = "attr-post-ops:'sum;eltwise_relu;'"
    assert only(VERSION_2.replace("attr-scratchpad:user ", quoted)).fused == "sum;eltwise_relu;"


def test_older_versions_are_read():
    first = only(VERSION_1)
    assert (first.implementation, first.types, first.ms) == ("gemm:jit", "f32 × f32 → f32", 5.4458)
    assert profiling_profile.read(VERSION_1).version == "1.6.0"
    second = only(VERSION_2)
    assert (second.implementation, second.types, second.precision) == (
        "brg:avx512_core_amx_int8",
        "s8 × s8 → s8",
        "int8",
    )


def test_a_time_stamp_is_no_matter():
    assert only(STAMPED).ms == 0.00390625


def test_a_template_in_another_order_is_believed():
    template = (
        "onednn_verbose,v9,primitive,info,template:operation,exec_time,primitive,implementation,memory_descriptors,"
    )
    text = (
        template
        + "attributes,problem_desc\nonednn_verbose,v9,primitive,exec,0.5,matmul,brg:new,src:s8 wei:s8,,2x3:3x4\n"
    )
    call = only(text)
    assert (call.primitive, call.ms, call.shape, call.precision) == ("matmul", 0.5, "2x3:3x4", "int8")


def test_a_line_behind_anothers_log_is_read():
    assert only("2026-11-24 11:36:30 [INFO] half a line" + INT8).precision == "int8"


def test_an_unknown_primitive_is_kept_and_is_no_product():
    call = only(INT8.replace("inner_product", "group_query_attention"))
    [kernel] = profiling_profile.kernels([call], 1)
    assert (kernel.primitive, kernel.operations, kernel.gops) == ("group_query_attention", 0, 0.0)


# The last two: without its time, and with an empty one.
@pytest.mark.parametrize("cut", [40, 60, 110, 200, len(INT8) - 10, len(INT8) - 9])
def test_a_truncated_line_is_counted_and_skipped(cut):
    found = profiling_profile.read(PLAIN + INT8[:cut] + "\n" + PLAIN)
    assert len(found.calls) == 2
    assert found.skipped == 1


def test_a_line_that_another_begins_in_is_skipped():
    found = profiling_profile.read(PLAIN + INT8[:100] + PLAIN + PLAIN)
    assert (len(found.calls), found.skipped) == (2, 1)


def test_the_last_line_without_its_end_is_not_believed():
    # 0.935059 may have become 0.93.
    found = profiling_profile.read(PLAIN + INT8[:-5])
    assert (len(found.calls), found.skipped) == (1, 1)


@pytest.mark.parametrize("time", ["nan", "-1", "inf", "soon", ""])
def test_a_time_that_is_none_is_skipped(time):
    assert profiling_profile.read(INT8.replace("0.935059", time)).skipped == 1


def test_calls_are_summed_up_by_what_they_do():
    calls = profiling_profile.read(GELU + INT8 * 3 + INT8.replace("0.935059", "2.0")).calls
    first, second = profiling_profile.kernels(calls, passes=2)
    assert (first.primitive, first.precision, first.calls) == ("inner_product", "int8", 2)
    assert first.ms == pytest.approx((3 * 0.935059 + 2) / 2)
    assert first.median_ms == 0.935059
    assert second.fused == "eltwise_gelu_erf"
    assert first.share + second.share == pytest.approx(1)
    assert second.share == pytest.approx(4.14893 / (4.14893 + 3 * 0.935059 + 2))


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        (INT8, 2 * 512 * 384 * 1536),
        (SCORES, 2 * 4 * 2 * 64 * 64 * 16),
        (SCORES.replace("4x2x16x64,", "1x2x16x64,"), 2 * 4 * 2 * 64 * 64 * 16),
        (EIGEN, 2 * 256 * 384 * 288),
        (VERSION_1, 2 * 256 * 6 * 6 * 4096),
        (VERSION_2, 2 * 30522 * 768),
        (VERSION_2.replace("1x30522:30522x768:1x768", "b8m128n64k32"), 2 * 8 * 128 * 64 * 32),
        (VERSION_2.replace("30522x768", "5x768"), 0),
        (VERSION_2.replace("1x30522:30522x768:1x768", "?"), 0),
        (QUANTIZE, 0),
    ],
)
def test_operations_come_from_the_shape(line, operations):
    [kernel] = profiling_profile.kernels([only(line)], 1)
    assert kernel.operations == operations
    assert kernel.gops == pytest.approx(operations / kernel.ms / 1e6)


def test_a_kernel_too_short_for_the_clock_has_no_speed():
    [kernel] = profiling_profile.kernels([only(INT8.replace("0.935059", "0"))], 1)
    assert (kernel.gops, kernel.share) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("implementation", "wanted"),
    [
        ("brgemm:avx512_core_vnni", "AVX-512 VNNI"),
        ("brg:avx512_core_vnni", "AVX-512 VNNI"),
        ("brg_matmul:avx10_1_512", "AVX-512 VNNI"),
        ("brg_matmul:avx10_1_512_amx", "AMX"),
        ("brg:avx512_core_amx_int8", "AMX"),
        ("brgemm:avx2_vnni", "AVX-VNNI"),
        ("brgemm:avx512_core", "AVX-512 without VNNI"),
        ("jit:avx2", "AVX2 without VNNI"),
        ("gemm:jit", profiling_profile.UNNAMED),
        ("jit:gemm", profiling_profile.UNNAMED),
        ("ref:any", profiling_profile.UNNAMED),
        ("", profiling_profile.UNNAMED),
    ],
)
def test_instruction_sets(implementation, wanted):
    assert profiling_profile.instruction_set(implementation) == wanted


def profile(text: str, **changes) -> profiling_profile.Profile:
    """As of one pass that printed this."""
    found = profiling_profile.read(text)
    made = profiling_profile.Profile(
        batch=8,
        length=64,
        threads=1,
        passes=1,
        wall_ms=20.0,
        verbose_wall_ms=20.0,
        kernels=profiling_profile.kernels(found.calls, 1),
        operators=(),
        skipped=found.skipped,
        version=found.version,
        instructions=found.instructions,
    )
    return dataclasses.replace(made, **changes)


def test_the_verdict_names_what_ran():
    lines = INT8 * 3 + INT8.replace("brgemm:avx512_core_vnni", "gemm:jit") + SCORES + QUANTIZE
    verdict = profiling_profile.vnni(profile(lines).kernels)
    assert verdict.sets == (("AVX-512 VNNI", 3), (profiling_profile.UNNAMED, 1))
    assert (verdict.int8_calls, verdict.fast_calls, verdict.products) == (4, 3, 5)
    assert verdict.implementations == ("brgemm:avx512_core_vnni", "gemm:jit")
    assert "4 are INT8: 3 by AVX-512 VNNI, 1 by not named" in verdict.sentence


def test_the_verdict_of_fp32_says_so():
    verdict = profiling_profile.vnni(profile(PLAIN * 2).kernels)
    assert (verdict.int8_calls, verdict.fast_calls, verdict.sets) == (0, 0, ())
    assert "no INT8 product ran: all 2" in verdict.sentence


def test_int8_without_vnni_is_not_fast():
    verdict = profiling_profile.vnni(profile(INT8.replace("avx512_core_vnni", "avx512_core")).kernels)
    assert (verdict.int8_calls, verdict.fast_calls) == (1, 0)


def test_products_by_precision():
    int8, fp32 = profiling_profile.products(profile(INT8 * 2 + SCORES + QUANTIZE))
    assert (int8.precision, int8.calls, int8.operations) == ("int8", 2, 4 * 512 * 384 * 1536)
    assert int8.gops == pytest.approx(2 * 512 * 384 * 1536 / 0.935059e6)
    assert (fp32.precision, fp32.calls) == ("fp32", 1)


def test_the_share_of_the_limit_compares_products_of_the_same_size():
    small = INT8.replace("oc1536,0.935059", "oc384,0.4")
    limit = profiling_profile.share_of_limit(profile(GELU + PLAIN * 4 + SCORES), profile(INT8 + small * 2 + SCORES))
    assert limit.instruction_set == "AVX-512 VNNI"
    assert (limit.limit, limit.calls) == (4.0, 3)
    assert limit.ratio == pytest.approx((4.14893 + 2 * 1.2) / (0.935059 + 2 * 0.4))
    # The wide one does a GELU in FP32 alone.
    assert limit.plain_ratio == pytest.approx(1.2 / 0.4)
    assert limit.share == pytest.approx(0.75)


def test_without_a_plain_product_all_count():
    limit = profiling_profile.share_of_limit(profile(GELU), profile(INT8))
    assert limit.plain_ratio is None
    assert limit.share == pytest.approx(4.14893 / 0.935059 / 4)


def test_no_share_where_nothing_can_be_compared():
    assert profiling_profile.share_of_limit(profile(EIGEN), profile(INT8)) is None
    assert profiling_profile.share_of_limit(profile(GELU), profile(GELU)) is None
    assert (
        profiling_profile.share_of_limit(profile(GELU), profile(INT8.replace("brgemm:avx512_core_vnni", "gemm:jit")))
        is None
    )


def test_profiles_of_other_work_are_not_compared():
    with pytest.raises(ValueError, match="differ"):
        profiling_profile.share_of_limit(profile(GELU, threads=2), profile(INT8))


def test_a_profile_says_what_it_cannot_tell():
    assert "ran no kernel" in profile("").note
    assert "Eigen" in profile(EIGEN).note
    assert profile(PLAIN + EIGEN).note == ""


def test_overlapping_calls_have_no_share():
    assert profile(EIGEN).onednn_share == pytest.approx(0.338867 / 20)
    assert profile(EIGEN, threads=2).onednn_share is None
    assert profile(PLAIN, threads=2).onednn_share == pytest.approx(1.2 / 20)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny model's graphs in FP32 and INT8, and windows; a process that has imported TensorFlow made them."""
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    pytest.importorskip("neural_compressor", reason="neural_compressor is not installed")
    from tests import bert_models
    from workloads.bert.model import forward
    from workloads.bert.quantization import config, convert

    folder = tmp_path_factory.mktemp("kernels")
    made = bert_models.make(folder / "model")
    windows = bert_models.windows(made, count=5)
    (folder / "fp32.pb").write_bytes(forward.frozen(made).SerializeToString())
    quantized = convert.quantize(made, config.Recipe(), windows, bert_models.Told())
    (folder / "int8.pb").write_bytes(quantized.SerializeToString())
    return SimpleNamespace(folder=folder, windows=windows, length=windows.input_ids.shape[1])


def run(tiny: SimpleNamespace, name: str, **options) -> profiling_profile.Profile:
    settings = {"threads": 1, "batch": 4, "repeats": 3, "environment": ONEDNN} | options
    return profiling_profile.profile(tiny.folder / name, tiny.windows, **settings)


def products_of_a_pass(length: int) -> int:
    """Operations of the tiny model, by hand: 32 wide, 64 in the middle, 2 layers, batches of 4."""
    rows, hidden, wide = 4 * length, 32, 64
    projections = 2 * (4 * rows * hidden * hidden + 2 * rows * hidden * wide) + rows * hidden * 2
    return 2 * (projections + 2 * 2 * 4 * length * length * hidden)


def test_fp32_really_profiled(tiny):
    found = run(tiny, "fp32.pb")
    assert (found.batch, found.length, found.threads, found.passes) == (4, tiny.length, 1, 3)
    assert (found.skipped, found.note) == (0, "")
    assert found.version and found.instructions
    [products] = profiling_profile.products(found)
    # The same work in every pass, and nothing of the warm-up: weights are reordered in it alone.
    assert (products.precision, products.calls) == ("fp32", 17)
    assert products.operations == products_of_a_pass(tiny.length)
    assert all(kernel.calls == int(kernel.calls) for kernel in found.kernels)
    assert sum(kernel.share for kernel in found.kernels) == pytest.approx(1)
    assert 0 < found.onednn_share <= 1
    assert profiling_profile.vnni(found.kernels).fast_calls == 0
    calls = {(operator.kind, operator.type): operator.calls for operator in found.operators}
    assert sum(count for (kind, _), count in calls.items() if kind == "MatMul") == 13
    assert sum(count for (kind, _), count in calls.items() if kind == "BatchMatMul") == 4
    assert sum(count for (kind, _), count in calls.items() if kind == "Softmax") == 2
    assert any(kind == "LayerNorm" for kind, _ in calls)
    assert sum(operator.share for operator in found.operators) == pytest.approx(1)
    assert found.wall_ms > 0 and found.operators_ms > 0


def test_int8_really_ran_on_the_instructions_that_the_processor_has(tiny):
    found = run(tiny, "int8.pb")
    verdict = profiling_profile.vnni(found.kernels)
    assert (verdict.int8_calls, verdict.products) == (13, 17)
    flags = Path("/proc/cpuinfo").read_text().split()
    assert verdict.fast_calls == (13 if "avx512_vnni" in flags or "avx_vnni" in flags else 0)
    assert any(operator.kind == "Quantize" for operator in found.operators)
    # GELU, which FP32's kernels take in, is TensorFlow's own again.
    assert any((operator.kind, operator.type) == ("Gelu", "Erfc") for operator in found.operators)


def test_without_onednn_its_kernels_are_eigens(tiny):
    found = run(tiny, "fp32.pb", environment={"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert "Eigen" in found.note
    assert {kernel.primitive for kernel in found.kernels} <= {profiling_profile.GEMM}
    assert not any(operator.type.startswith("_Mkl") for operator in found.operators)


def test_our_own_environment_does_not_disturb_it(monkeypatch):
    monkeypatch.setenv("ONEDNN_VERBOSE_TIMESTAMP", "1")
    monkeypatch.setenv("DNNL_VERBOSE", "2")
    monkeypatch.setenv("HOME_OF_ANOTHER", "kept")
    made = profiling_profile._environment(ONEDNN, 3, "profile_exec")
    assert not {"ONEDNN_VERBOSE_TIMESTAMP", "DNNL_VERBOSE"} & made.keys()
    assert made["ONEDNN_VERBOSE"] == "profile_exec"
    assert (made["TF_ENABLE_ONEDNN_OPTS"], made["OMP_NUM_THREADS"], made["TF_NUM_INTRAOP_THREADS"]) == ("1", "3", "3")
    assert made["HOME_OF_ANOTHER"] == "kept"


def test_a_child_that_fails_is_heard(tiny):
    (tiny.folder / "broken.pb").write_bytes(b"no graph")
    with pytest.raises(profiling_profile.ProfileError, match=r"(?s)exit status 1.*DecodeError"):
        run(tiny, "broken.pb")


def test_a_child_that_takes_too_long_is_stopped(tiny):
    with pytest.raises(profiling_profile.ProfileError, match=r"longer than 0\.2 s"):
        run(tiny, "fp32.pb", limit_s=0.2)


def test_a_child_that_stops_halfway_is_no_profile():
    with pytest.raises(profiling_profile.ProfileError, match="no whole report"):
        profiling_profile._between(f"{HEADER}{profiling_profile.BEGIN}\n{INT8}")


def test_the_warm_up_is_left_out_and_its_header_kept():
    told, about = profiling_profile._between(
        f'{HEADER}{GELU}\n{profiling_profile.BEGIN}\n{INT8}{profiling_profile.END}{{"walls_ms": [1.5]}}\n'
    )
    found = profiling_profile.read(told)
    assert [call.precision for call in found.calls] == ["int8"]
    assert found.version == "3.7.3"
    assert about == {"walls_ms": [1.5]}


@pytest.mark.parametrize("changes", [{"threads": 0}, {"batch": 0}, {"repeats": 0}])
def test_nothing_to_run_is_refused(tiny, changes):
    with pytest.raises(ValueError, match="at least one"):
        run(tiny, "fp32.pb", **changes)
