"""Statistics, against published values, other libraries, and data whose truth is known."""

from __future__ import annotations

import statistics as stdlib

import numpy as np
import pytest

from bench.stats.comparison import compare_samples, find_outliers, median, summarize
from bench.values.base import Arm
from bench.values.samples import Phase, Repetition, Sample, StepTime

# NIST/SEMATECH e-Handbook of Statistical Methods, 7.1.6, 'What are outliers in the data?': one point, 1441, exceeds the
# upper inner fence.
NIST = [
    30,
    171,
    184,
    201,
    212,
    250,
    265,
    270,
    272,
    289,
    305,
    306,
    322,
    322,
    336,
    346,
    351,
    370,
    390,
    404,
    409,
    411,
    436,
]
NIST += [437, 439, 441, 444, 448, 451, 453, 470, 480, 482, 487, 494, 495, 499, 503, 514, 521, 522, 527, 548, 550, 559]
NIST += [560, 570, 572, 574, 578, 585, 592, 592, 607, 616, 618, 621, 629, 637, 638, 640, 656, 668, 707, 709, 719, 737]
NIST += [739, 752, 758, 766, 792, 792, 794, 802, 818, 830, 832, 843, 858, 860, 869, 918, 925, 953, 991, 1000, 1005]
NIST += [1068, 1441]


def make_sample(arm: Arm, pair: int, *seconds: float, calls: int = 1) -> Sample:
    steps = [
        StepTime(step=f"step{place}", seconds=time, cpu_s=2 * time, calls=calls) for place, time in enumerate(seconds)
    ]
    wall = sum(seconds) * calls
    repetition = Repetition(
        steps=steps,
        other_s=0.5,
        wall_s=wall,
        cpu_s=2 * wall,
        began=float(pair),
        threads=2,
        idle_cpu_s=0,
        idle_s=1,
    )
    return Sample(arm=arm, phase=Phase.RACE, cores=2, pair=pair, place=0, repetition=repetition)


def test_outliers_are_those_of_nist():
    assert [NIST[place] for place in find_outliers(NIST)] == [1441]


def test_quartiles_are_those_of_the_standard_library():
    times = [3.1, 4.7, 1.2, 9.9, 5.5, 2.2, 7.0]
    low, middle, high = stdlib.quantiles(times, n=4, method="inclusive")
    summary = summarize(times, work=10)
    assert (summary.lower_quartile, summary.median, summary.upper_quartile) == pytest.approx((low, middle, high))
    assert summary.spread == pytest.approx((high - low) / middle)
    assert summary.throughput == pytest.approx(10 / middle)
    assert (summary.minimum, summary.maximum, summary.count) == (1.2, 9.9, 7)
    assert median(times) == stdlib.median(times)


@pytest.mark.parametrize(
    ("count", "p90", "p99"), [(63, False, False), (64, True, False), (661, True, False), (662, True, True)]
)
def test_percentiles_are_reported_above_their_floors_only(count, p90, p99):
    times = list(np.linspace(1, 2, count))
    summary = summarize(times, work=1)
    assert (summary.p90 is not None, summary.p99 is not None) == (p90, p99)
    if p99:
        assert summary.p99 == pytest.approx(stdlib.quantiles(times, n=100, method="inclusive")[98])


@pytest.mark.parametrize(
    ("count", "known"), [(10, ()), (11, ("p50",)), (64, ("p50", "p90")), (662, ("p50", "p90", "p99"))]
)
def test_percentiles_of_requests_are_those_of_single_calls(count, known):
    """The fewest are those of MLPerf: at most one slower query among them has a probability of at most 1 %."""
    requests = [0.001 * number for number in range(1, count + 1)]
    summary = summarize([1.0] * 8, work=1, calls=20, requests=requests)
    assert (summary.count, summary.requests, summary.median) == (8, count, 1.0)
    percentiles = {"p50": 50, "p90": 90, "p99": 99}
    for name, percent in percentiles.items():
        expected = pytest.approx(np.percentile(requests, percent)) if name in known else None
        assert getattr(summary, name) == expected
    assert summarize([1.0] * 700, work=1, calls=20).p90 is None


@pytest.mark.parametrize(("share", "fewest"), [(0.5, 11), (0.9, 64), (0.99, 662)])
def test_the_fewest_samples_follow_from_the_early_stopping_of_mlperf(share, fewest):
    def risk(count):
        return share**count + count * (1 - share) * share ** (count - 1)

    assert risk(fewest) <= 0.01 < risk(fewest - 1)


def test_no_sample_is_no_summary():
    with pytest.raises(ValueError, match="at least one sample"):
        summarize([], work=1)


def test_the_total_is_every_step_once_and_the_time_between_steps():
    samples = [make_sample(arm, pair, 1.0, 3.0, calls=4) for pair in range(3) for arm in Arm]
    whole, first, second = compare_samples(samples, work=9)
    assert whole.baseline.median == pytest.approx(4.5)
    assert whole.baseline.throughput == pytest.approx(2.0)
    assert (first.baseline.median, second.baseline.median) == (1.0, 3.0)
    assert first.baseline.calls == whole.baseline.calls == 4
    assert first.baseline.effective_cores == pytest.approx(2.0)
    assert whole.baseline.effective_cores == pytest.approx(2.0)


def test_a_step_that_works_on_less_has_its_own_throughput():
    samples = [make_sample(arm, pair, 1.0, 3.0) for pair in range(3) for arm in Arm]
    names = [step.step for step in samples[0].repetition.steps]
    whole, first, second = compare_samples(samples, work=9, step_work={names[0]: 2})
    assert first.baseline.throughput == pytest.approx(2.0)
    assert second.baseline.throughput == pytest.approx(3.0)
    assert whole.baseline.throughput == pytest.approx(9 / whole.baseline.median)


def test_half_a_pair_does_not_count():
    samples = [make_sample(arm, pair, 1.0) for pair in range(3) for arm in Arm]
    assert compare_samples(samples[:-1], work=1)[0].baseline.count == 2
    assert compare_samples(samples[:3], work=1) == []
