"""The effect of the order within pairs: a race in which the first sample pays, and constructed runs."""

from __future__ import annotations

import math
import random

import pytest

from bench.claims.order import MIN_PAIRS_OF_EACH_ORDER
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.stats.position import measure_position_effect
from bench.values.claims import Outcome
from bench.values.samples import Phase, Sample
from tests.support.runs import get_claim, get_finding, make_claim_run, run_trial_race


def slow_first(sample: Sample, factor: float) -> Sample:
    """The sample, `factor` times as long if it is the first of its pair."""
    if sample.place:
        return sample
    steps = [step.model_copy(update={"seconds": factor * step.seconds}) for step in sample.repetition.steps]
    return sample.model_copy(update={"repetition": sample.repetition.model_copy(update={"steps": steps})})


def make_run(factor: float, **fields) -> Run:
    """A run in which the first sample of every pair takes `factor` times as long."""
    run = make_claim_run(**fields)
    run.samples = [slow_first(sample, factor) for sample in run.samples]
    run.statistics = compare_samples(run.samples, work=100)
    return run


def repeat_pairs(run: Run, count: int) -> None:
    """Repeat the pairs of a race until there are `count`: a busy machine takes fewer within the time budget."""
    samples = [sample for sample in run.samples if sample.phase is Phase.RACE]
    numbers = sorted({sample.pair for sample in samples})
    assert len(numbers) >= 2, "one of each order"
    # As many of each order.
    own = numbers[: len(numbers) // 2 * 2]
    for turn in range(1, math.ceil(count / len(own))):
        shift = turn * (numbers[-1] + 1)
        run.samples += [
            sample.model_copy(update={"pair": sample.pair + shift}) for sample in samples if sample.pair in own
        ]
    run.statistics = compare_samples(run.samples, work=run.prepared[0].work)


def test_a_race_in_which_the_first_of_a_pair_does_more_claims_nothing(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "slow-first"}, budget_s=10).record
    repeat_pairs(run, 2 * MIN_PAIRS_OF_EACH_ORDER)
    assert not get_claim(run).made
    finding = get_finding(run, "order-within-pairs")
    assert finding.outcome is not Outcome.PASSED, finding
    assert "which explains a ratio of" in finding.seen and finding.remedy


def test_an_effect_as_large_as_the_difference_refuses_and_a_smaller_one_is_noted():
    # 5 % in each sample are 10 % between the two kinds of pairs.
    refused = get_finding(make_run(1.05, fit=(1.12, 1.0)), "order-within-pairs")
    assert refused.outcome is Outcome.REFUSED
    assert "10 pairs, second in 10; the ratio of the pairs that the baseline began is 1.10x (" in refused.seen
    assert not get_claim(make_run(1.05, fit=(1.12, 1.0))).made
    noted = get_finding(make_run(1.05), "order-within-pairs")
    assert noted.outcome is Outcome.ANNOTATED and noted.remedy
    assert noted.seen.endswith("smaller than the difference")
    assert get_claim(make_run(1.05)).made


def test_a_cheaper_first_sample_refuses_too():
    run = make_run(0.96, fit=(1.12, 1.0))
    assert get_finding(run, "order-within-pairs").outcome is Outcome.REFUSED
    assert not get_claim(run).made


def test_an_odd_number_of_pairs_does_not_hide_the_effect():
    """The medians of 21 pairs are those of the slow baseline and of the fast accelerated arm."""
    run = make_run(1.6, fit=(3.0, 1.0), pairs=21)
    comparison = run.comparison()
    assert comparison is not None and comparison.ratio.value == pytest.approx(2 * 1.6, rel=0.01)
    assert get_finding(run, "order-within-pairs").outcome is Outcome.REFUSED
    assert not get_claim(run).made


def test_without_a_difference_of_the_arms_the_effect_is_a_note():
    run = make_run(1.05, fit=(1.0, 1.0))
    assert get_finding(run, "order-within-pairs").outcome is Outcome.ANNOTATED
    assert get_claim(run).sentence.startswith("No difference detected in total")


def test_without_an_effect_the_order_passes():
    finding = get_finding(make_claim_run(jitter=0.004), "order-within-pairs")
    assert finding.outcome is Outcome.PASSED
    assert finding.seen.endswith("no effect detected")


def test_an_order_that_never_changed_is_noted():
    """As in runs of older versions, whose order was drawn by a coin."""
    run = make_claim_run()
    run.samples = [sample.model_copy(update={"place": int(sample.arm == "accelerated")}) for sample in run.samples]
    finding = get_finding(run, "order-within-pairs")
    assert finding.outcome is Outcome.ANNOTATED
    assert finding.title == "Too few pairs to know the effect of their order"
    assert "first in 20 pairs, second in 0" in finding.seen


@pytest.mark.parametrize("pairs", [4, 12])
def test_races_without_an_effect_rarely_find_one(pairs):
    """At most 5 % of 200 seeded races with noise alone; 6 % leaves room for the number of races."""
    source = random.Random(0)
    found = 0
    for seed in range(200):
        kinds = [[math.exp(source.gauss(0, 0.05)) for _ in range(pairs)] for _ in range(2)]
        found += measure_position_effect(kinds[0], kinds[1], seed=seed).is_significant
    assert found <= 12


def test_an_effect_is_measured_with_its_interval():
    effect = measure_position_effect([2.2, 2.21, 2.19, 2.2, 2.22], [2.0, 2.01, 1.99, 2.0, 1.98], seed=0)
    assert effect.ratio.value == pytest.approx(1.1)
    assert effect.balanced_ratio == pytest.approx((2.2 * 2.0) ** 0.5)
    assert 1.08 < effect.ratio.low < 1.1 < effect.ratio.high < 1.13
    assert effect.is_significant
    with pytest.raises(ValueError, match="positive ratios of both kinds"):
        measure_position_effect([], [1.0], seed=0)
