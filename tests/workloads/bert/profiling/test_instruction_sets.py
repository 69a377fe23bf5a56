"""Which instructions ran the INT8 products, by the names of kernels, and the share of their limit."""

import pytest

from tests.support.onednn_logs import (
    EIGEN_LINE,
    GELU_LINE,
    INT8_LINE,
    PLAIN_LINE,
    QUANTIZE_LINE,
    SCORES_LINE,
    make_profile,
)
from workloads.bert.profiling import instruction_sets


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
        ("gemm:jit", instruction_sets.UNNAMED),
        ("jit:gemm", instruction_sets.UNNAMED),
        ("ref:any", instruction_sets.UNNAMED),
        ("", instruction_sets.UNNAMED),
    ],
)
def test_instruction_sets(implementation, wanted):
    assert instruction_sets.name_instruction_set(implementation) == wanted


def test_the_verdict_names_what_ran():
    lines = INT8_LINE * 3 + INT8_LINE.replace("brgemm:avx512_core_vnni", "gemm:jit") + SCORES_LINE + QUANTIZE_LINE
    verdict = instruction_sets.find_int8_instructions(make_profile(lines).kernels)
    assert verdict.sets == (("AVX-512 VNNI", 3), (instruction_sets.UNNAMED, 1))
    assert (verdict.int8_calls, verdict.fast_calls, verdict.products) == (4, 3, 5)
    assert verdict.implementations == ("brgemm:avx512_core_vnni", "gemm:jit")
    assert "4 are INT8: 3 by AVX-512 VNNI, 1 by not named" in verdict.sentence


def test_the_verdict_of_fp32_says_so():
    verdict = instruction_sets.find_int8_instructions(make_profile(PLAIN_LINE * 2).kernels)
    assert (verdict.int8_calls, verdict.fast_calls, verdict.sets) == (0, 0, ())
    assert "no INT8 product ran: all 2" in verdict.sentence


def test_int8_without_vnni_is_not_fast():
    verdict = instruction_sets.find_int8_instructions(
        make_profile(INT8_LINE.replace("avx512_core_vnni", "avx512_core")).kernels
    )
    assert (verdict.int8_calls, verdict.fast_calls) == (1, 0)


def test_the_share_of_the_limit_compares_products_of_the_same_size():
    small = INT8_LINE.replace("oc1536,0.935059", "oc384,0.4")
    limit = instruction_sets.compare_with_limit(
        make_profile(GELU_LINE + PLAIN_LINE * 4 + SCORES_LINE), make_profile(INT8_LINE + small * 2 + SCORES_LINE)
    )
    assert limit.instruction_set == "AVX-512 VNNI"
    assert (limit.limit, limit.calls) == (4.0, 3)
    assert limit.ratio == pytest.approx((4.14893 + 2 * 1.2) / (0.935059 + 2 * 0.4))
    # The wide one does a GELU in FP32 alone.
    assert limit.plain_ratio == pytest.approx(1.2 / 0.4)
    assert limit.share == pytest.approx(0.75)


def test_without_a_plain_product_all_count():
    limit = instruction_sets.compare_with_limit(make_profile(GELU_LINE), make_profile(INT8_LINE))
    assert limit.plain_ratio is None
    assert limit.share == pytest.approx(4.14893 / 0.935059 / 4)


def test_no_share_where_nothing_can_be_compared():
    assert instruction_sets.compare_with_limit(make_profile(EIGEN_LINE), make_profile(INT8_LINE)) is None
    assert instruction_sets.compare_with_limit(make_profile(GELU_LINE), make_profile(GELU_LINE)) is None
    assert (
        instruction_sets.compare_with_limit(
            make_profile(GELU_LINE), make_profile(INT8_LINE.replace("brgemm:avx512_core_vnni", "gemm:jit"))
        )
        is None
    )


def test_profiles_of_other_work_are_not_compared():
    with pytest.raises(ValueError, match="differ"):
        instruction_sets.compare_with_limit(make_profile(GELU_LINE, threads=2), make_profile(INT8_LINE))
