"""What one race shows about its size: the interval decides only if nothing else refuses the claim."""

from __future__ import annotations

import pytest

from bench.claims.break_even import judge_size
from bench.claims.verdict import decide_claims
from bench.stats.break_even import SizeVerdict
from bench.values.base import Arm
from bench.values.quality import Quality
from tests.support.estimator_runs import ACCURACY, make_estimator_run, make_failed_run, plan_case

STOCK = {"path": "stock", "accelerated_calls": 0, "reason": "sparse input is not supported"}


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [((2.0, 1.0), SizeVerdict.FASTER), ((1.0, 2.0), SizeVerdict.SLOWER), ((1.0, 1.0), SizeVerdict.UNDECIDED)],
)
def test_the_interval_of_the_total_decides(seconds, verdict):
    result = judge_size(make_estimator_run(plan_case("ridge", batch=3_000), seconds=seconds))
    assert (result.rows, result.verdict, result.reason) == (3_000, verdict, "")
    assert result.ratio.value == pytest.approx(seconds[0] / seconds[1])


def test_a_faster_race_with_a_lower_quality_is_no_win():
    run = make_estimator_run(plan_case("ridge"))
    worse = ACCURACY.model_copy(update={"value": 80.0})
    run.quality = Quality(baseline=[ACCURACY], accelerated=[worse])
    run.claims = decide_claims(run)
    result = judge_size(run)
    assert result.verdict is SizeVerdict.NO_CLAIM and "ccuracy" in result.reason
    assert result.ratio.low > 1


def test_a_fallback_counts_neither_way_and_part_of_one_is_no_fallback():
    run = make_estimator_run(plan_case("ridge"), fit=STOCK, predict=STOCK)
    assert judge_size(run).verdict is SizeVerdict.FALLBACK
    assert judge_size(make_estimator_run(plan_case("ridge"), fit=STOCK)).verdict is not SizeVerdict.FALLBACK
    run.evidence[Arm.ACCELERATED].clear()
    assert judge_size(run).verdict is not SizeVerdict.FALLBACK, "nothing shows which code ran"


def test_a_race_without_a_decision_makes_no_claim():
    few = judge_size(make_estimator_run(plan_case("ridge"), pairs=2))
    assert (few.verdict, few.ratio) == (SizeVerdict.NO_CLAIM, None) and "pairs" in few.reason
    assert judge_size(make_failed_run(plan_case("ridge"))).verdict is SizeVerdict.NO_CLAIM
