"""oneDNN's log: lines of several versions, verbatim, and lines that are damaged."""

from __future__ import annotations

import pytest

from tests.support.onednn_logs import (
    GELU_LINE,
    HEADER_LINES,
    INT8_LINE,
    PLAIN_LINE,
    VERSION_1_LINES,
    VERSION_2_LINE,
    read_only_call,
)
from workloads.bert.profiling import kernels, onednn_verbose

TIMESTAMP_LINES = (
    "onednn_verbose,v1,primitive,info,template:timestamp,operation,engine,primitive,implementation,prop_kind,"
    "memory_descriptors,attributes,auxiliary,problem_desc,exec_time\n"
    "onednn_verbose,v1,1795520179565.840088,primitive,exec,cpu,reorder,jit:uni,undef,src:f32::blocked:ba::f0 "
    "dst:f32::blocked:AB16b32a::f0,,,32x32,0.00390625\n"
)
NOT_EXECUTED_LINES = (
    "onednn_verbose,v1,primitive,create:cache_miss,cpu,reorder,jit:uni,undef,src:f32::blocked:ba::f0 "
    "dst:f32::blocked:AB16b32a::f0,,,32x32,0.0480957\n"
    "onednn_verbose,primitive,exec:check,primitive,unused primitive execution argument (4113),src/primitive.cpp:74\n"
    "I0000 00:00:1795520053.879061    6006 port.cc:153] oneDNN custom operations are on.\n"
)


def test_a_line_of_the_current_version_is_parsed():
    assert read_only_call(HEADER_LINES + NOT_EXECUTED_LINES + INT8_LINE) == onednn_verbose.KernelCall(
        primitive="inner_product",
        implementation="brgemm:avx512_core_vnni",
        types="u8 × s8 → f32",
        precision="int8",
        shape="mb512ic384oc1536",
        fused="",
        ms=0.935059,
    )


def test_the_header_has_version_and_instructions():
    found = onednn_verbose.parse_verbose(HEADER_LINES)
    assert found.version == "3.7.3"
    assert found.instructions == "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support"
    assert found.calls == ()


def test_post_operations_are_parsed():
    assert read_only_call(GELU_LINE).fused == "eltwise_gelu_erf"
    quoted = "attr-post-ops:'sum;eltwise_relu;'"
    assert read_only_call(VERSION_2_LINE.replace("attr-scratchpad:user ", quoted)).fused == "sum;eltwise_relu;"


def test_older_versions_are_read():
    first = read_only_call(VERSION_1_LINES)
    assert (first.implementation, first.types, first.ms) == ("gemm:jit", "f32 × f32 → f32", 5.4458)
    assert onednn_verbose.parse_verbose(VERSION_1_LINES).version == "1.6.0"
    second = read_only_call(VERSION_2_LINE)
    assert (second.implementation, second.types, second.precision) == (
        "brg:avx512_core_amx_int8",
        "s8 × s8 → s8",
        "int8",
    )


def test_a_time_stamp_is_ignored():
    assert read_only_call(TIMESTAMP_LINES).ms == 0.00390625


def test_a_template_changes_the_order_of_fields():
    template = (
        "onednn_verbose,v9,primitive,info,template:operation,exec_time,primitive,implementation,memory_descriptors,"
    )
    text = (
        template
        + "attributes,problem_desc\nonednn_verbose,v9,primitive,exec,0.5,matmul,brg:new,src:s8 wei:s8,,2x3:3x4\n"
    )
    call = read_only_call(text)
    assert (call.primitive, call.ms, call.shape, call.precision) == ("matmul", 0.5, "2x3:3x4", "int8")


def test_a_line_after_other_text_is_parsed():
    assert read_only_call("2026-11-24 11:36:30 [INFO] half a line" + INT8_LINE).precision == "int8"


def test_an_unknown_primitive_is_not_a_product():
    call = read_only_call(INT8_LINE.replace("inner_product", "group_query_attention"))
    [kernel] = kernels.sum_kernels([call], 1)
    assert (kernel.primitive, kernel.operations, kernel.gops) == ("group_query_attention", 0, 0.0)


# The last two: without a time, and with an empty one.
@pytest.mark.parametrize("cut", [40, 60, 110, 200, len(INT8_LINE) - 10, len(INT8_LINE) - 9])
def test_a_truncated_line_is_counted_and_skipped(cut):
    found = onednn_verbose.parse_verbose(PLAIN_LINE + INT8_LINE[:cut] + "\n" + PLAIN_LINE)
    assert len(found.calls) == 2
    assert found.skipped == 1


def test_a_line_interrupted_by_another_is_skipped():
    found = onednn_verbose.parse_verbose(PLAIN_LINE + INT8_LINE[:100] + PLAIN_LINE + PLAIN_LINE)
    assert (len(found.calls), found.skipped) == (2, 1)


def test_a_last_line_without_a_line_end_is_skipped():
    # The time may be cut: 0.935059 to 0.93.
    found = onednn_verbose.parse_verbose(PLAIN_LINE + INT8_LINE[:-5])
    assert (len(found.calls), found.skipped) == (1, 1)


@pytest.mark.parametrize("time", ["nan", "-1", "inf", "soon", ""])
def test_a_line_with_an_invalid_time_is_skipped(time):
    assert onednn_verbose.parse_verbose(INT8_LINE.replace("0.935059", time)).skipped == 1
