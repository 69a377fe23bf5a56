"""Lines of oneDNN's log, from several versions, and profiles made of them."""

import dataclasses

from workloads.bert.profiling import kernels, onednn_verbose, profile

HEADER_LINES = (
    "onednn_verbose,v1,info,oneDNN v3.7.3 (commit N/A)\n"
    "onednn_verbose,v1,info,cpu,runtime:threadpool,nthr:1\n"
    "onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with float16, Intel DL Boost and bfloat16 support \n"
    "onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors,"
    "attributes,auxiliary,problem_desc,exec_time\n"
    "onednn_verbose,v1,graph,info,template:operation,engine,partition_id,partition_kind,op_names,data_formats,"
    "logical_tensors,fpmath_mode,implementation,backend,exec_time\n"
)
INT8_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core_vnni,forward_training,"
    "src:u8:a:blocked:ab::f0 wei:s8:a:blocked:AB4b64a4b::f0 bia:f32:a:blocked:a::f0 dst:f32:a:blocked:ab::f0,"
    "attr-scratchpad:user attr-scales:src0:0:f32+dst:0:f32+wei:0:f32,,mb512ic384oc1536,0.935059\n"
)
GELU_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core,forward_inference,src:f32::blocked:ab::f0 "
    "wei:f32:a:blocked:AB16b64a::f0 bia:f32:a:blocked:a::f0 dst:f32::blocked:ab::f0,attr-scratchpad:user "
    "attr-post-ops:eltwise_gelu_erf,,mb512ic384oc1536,4.14893\n"
)
PLAIN_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,inner_product,brgemm:avx512_core,forward_inference,src:f32::blocked:ab::f0 "
    "wei:f32:a:blocked:AB16b32a::f0 bia:f32:a:blocked:a::f0 dst:f32::blocked:ab::f0,attr-scratchpad:user,,"
    "mb512ic384oc384,1.2\n"
)
SCORES_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx512_core,undef,src:f32::blocked:abcd::f0 "
    "wei:f32::blocked:abdc::f0 dst:f32::blocked:abcd::f0,attr-scratchpad:user,,4x2x64x16:4x2x16x64,0.0319824\n"
)
QUANTIZE_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,binary,jit:uni,undef,src:f32::blocked:ab::f0 src:f32::blocked:ab::f0 "
    "dst:u8::blocked:ab::f0,attr-scales:src0:0:f32+src1:0:f32,alg:binary_add,256x32:1x1,0.00585938\n"
)
EIGEN_LINE = (
    "onednn_verbose,v1,primitive,exec,cpu,gemm_api,,undef,src_f32::blocked:ab:f0 wei_f32::blocked:ab:f0 "
    "dst_f32::blocked:ab:f0,ldb:384 ,,256x384:384x288,0.338867\n"
)
VERSION_1_LINES = (
    "dnnl_verbose,info,oneDNN v1.6.0 (commit 8186817fa59b97c602944f4ff46ce9b5b63d217c)\n"
    "dnnl_verbose,exec,cpu,inner_product,gemm:jit,forward_inference,src_f32::blocked:abcd:f0 wei_f32::blocked:abcd:f0 "
    "bia_f32::blocked:a:f0 dst_f32::blocked:ab:f0,,,mb1ic256ih6iw6oc4096,5.4458\n"
)
VERSION_2_LINE = (
    "onednn_verbose,exec,cpu,matmul,brg:avx512_core_amx_int8,undef,src_s8::blocked:ab:f0 "
    "wei_s8:p:blocked:BA16a64b4a:f0 dst_s8::blocked:ab:f0,attr-scratchpad:user ,,1x30522:30522x768:1x768,7.66382\n"
)


def read_only_call(text: str) -> onednn_verbose.KernelCall:
    """Return the only call in a log."""
    report = onednn_verbose.parse_verbose(text)
    assert report.skipped == 0
    [call] = report.calls
    return call


def make_profile(text: str, **changes) -> profile.Profile:
    """Return the profile of one pass with this log."""
    report = onednn_verbose.parse_verbose(text)
    made = profile.Profile(
        batch=8,
        length=64,
        threads=1,
        passes=1,
        wall_ms=20.0,
        verbose_wall_ms=20.0,
        used_cores=1.0,
        one_thread=None,
        kernels=kernels.sum_kernels(report.calls, 1),
        operators=(),
        skipped=report.skipped,
        version=report.version,
        instructions=report.instructions,
    )
    return dataclasses.replace(made, **changes)
