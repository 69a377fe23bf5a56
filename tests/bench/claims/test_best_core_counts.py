"""Best against best: when each arm's best core count gives a ratio, and when only times."""

from __future__ import annotations

import pytest

from bench.claims.best_core_counts import describe_best_ratio
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Outcome
from bench.values.samples import Phase
from bench.values.statistics import CoreCount, Interval
from tests.support.runs import get_claim, get_finding, make_claim_run, make_claim_sample


def make_run(rounds: int, best_ratio: Interval | None) -> Run:
    """A race on two cores whose baseline is faster on one, after so many rounds."""
    run = make_claim_run()
    whole = run.core_counts[0].whole.model_copy(update={"count": rounds})
    run.core_counts = [count.model_copy(update={"whole": count.whole}) for count in run.core_counts]
    run.core_counts.append(CoreCount(arm=Arm.BASELINE, cores=1, whole=whole.model_copy(update={"median": 2.5})))
    run.best_ratio = best_ratio
    return run


@pytest.mark.parametrize(
    ("rounds", "ratio", "words"),
    [
        (3, Interval(value=1.25, low=0.75, high=1.25), "too few rounds for a ratio (3, needs 8)"),
        (3, None, "too few rounds for a ratio (3, needs 8)"),
        (9, None, "no ratio, because the two were not measured in the same rounds"),
        (9, Interval(value=1.25, low=0.75, high=1.25), "no difference detected (0.75 to 1.2)"),
        (9, Interval(value=1.01, low=0.955, high=1.075), "no difference detected (0.95 to 1.07)"),
    ],
)
def test_without_enough_rounds_or_a_difference_there_are_times_and_no_ratio(rounds, ratio, words):
    run = make_run(rounds, ratio)
    sentence = get_claim(run).sentence
    assert f"total at each arm's best core count 2.50 s on 1 core and 2.00 s on 2 cores, {words};" in sentence
    assert "1.25x" not in sentence and "1.01x" not in sentence
    finding = get_finding(run, "best-with-best")
    assert finding.outcome is Outcome.ANNOTATED and finding.seen.endswith(words)


def test_a_disturbed_phase_drops_the_ratio_with_a_note_and_does_not_refuse_the_race():
    run = make_run(9, Interval(value=1.25, low=1.2, high=1.3))
    run.core_counts[0] = run.core_counts[0].model_copy(
        update={"whole": run.core_counts[0].whole.model_copy(update={"median": 6.0})}
    )
    finding = get_finding(run, "best-with-best")
    assert finding.outcome is Outcome.ANNOTATED and finding.remedy
    changed = "the time of the baseline arm on 2 cores changed from 5.00 s in the race to 6.00 s after it"
    assert finding.seen.endswith(f"no ratio, because {changed}")
    claim = get_claim(run)
    assert claim.made
    assert "other core counts are not compared" in claim.sentence and "1 core and" not in claim.sentence


@pytest.mark.parametrize(
    ("loads", "words"),
    [
        ({"used": 1.0, "delay": 1.0, "busy": 1.0}, "the baseline arm waited for a processor in 50 %"),
        ({"used": 1.8, "delay": 0.2, "busy": 0.2}, "waiting for a processor changed it"),
    ],
)
def test_waiting_at_the_best_core_counts_drops_the_ratio(loads, words):
    run = make_claim_run()
    for pair in range(9):
        run.samples += [
            make_claim_sample(Arm.BASELINE, pair, 4.0, phase=Phase.CORES, **loads),
            make_claim_sample(Arm.ACCELERATED, pair, 1.0, phase=Phase.CORES),
        ]
    assert words in describe_best_ratio(run)
    assert get_claim(run).made
    assert get_finding(run, "got-processor").outcome is Outcome.PASSED


def test_a_ratio_comes_with_its_interval():
    run = make_run(9, Interval(value=1.25, low=1.2, high=1.3))
    assert describe_best_ratio(run) == "a ratio of 1.2x (1.20 to 1.30)"
    assert "2.00 s on 2 cores, a ratio of 1.2x (1.20 to 1.30);" in get_claim(run).sentence
