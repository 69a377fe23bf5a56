"""Every run that ended has a sentence: what happened, why there is no claim, and what to do."""

from __future__ import annotations

import itertools

import pytest

from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.run.outcome import count_pairs, describe_outcome, estimate_budget_s, estimate_pair_s, measure_pair_times_s
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.values.arms import Failure
from bench.values.base import Arm
from bench.values.samples import Phase, Sample
from tests.support.runs import make_claim_run, make_claim_sample, remove_samples

PAIR_S = 58.0
"""Wall time of a pair: the baseline takes 38 s, the accelerated arm 20 s."""
FULL_SHARE = {Arm.BASELINE: 38.0, Arm.ACCELERATED: 20.0}


def make_slow_run(*, warm_up: int, pairs: int, halves: int = 0, budget_s: float = 8.0, factor: float = 1.0) -> Run:
    """A run with so many rounds of warm-up, complete pairs, and first halves of a pair, without claims."""
    run = remove_samples(make_claim_run(pairs=2, budget_s=budget_s))
    now = 0.0

    def add(arm: Arm, pair: int, phase: Phase) -> None:
        nonlocal now
        sample = make_claim_sample(arm, pair, FULL_SHARE[arm] * factor - 1, phase=phase)
        run.samples.append(_begin_at(sample, now))
        now += sample.repetition.wall_s

    for pair in range(warm_up + pairs):
        for arm in Arm:
            add(arm, pair, Phase.WARM_UP if pair < warm_up else Phase.RACE)
    if halves:
        add(Arm.BASELINE, warm_up + pairs, Phase.RACE if warm_up else Phase.WARM_UP)
    return run


def _begin_at(sample: Sample, began: float) -> Sample:
    return sample.model_copy(update={"repetition": sample.repetition.model_copy(update={"began": began})})


def test_a_budget_that_was_too_small_is_named_with_one_that_is_enough():
    run = make_slow_run(warm_up=2, pairs=1)
    run.state = State.FINISHED
    assert (estimate_pair_s(run), count_pairs(run)) == (PAIR_S, 1)
    assert estimate_budget_s(run) == 10 * 60.0, "two rounds of the warm-up and eight pairs"
    assert describe_outcome(run) == (
        "No claim: only 1 pair in 174 s (38.0 s with stock scikit-learn and 20.0 s with scikit-learn-intelex), and an "
        "interval needs 8; a pair takes 58.0 s, so choose a budget of at least 600 s (10 min)."
    )
    assert measure_pair_times_s(run) == {Arm.BASELINE: 38.0, Arm.ACCELERATED: 20.0}
    assert measure_pair_times_s(run, "predict") == {Arm.BASELINE: 1.0, Arm.ACCELERATED: 1.0}
    assert not measure_pair_times_s(make_slow_run(warm_up=2, pairs=0, halves=1)), "half a pair is none"


def test_the_warm_up_is_enough_for_an_estimate():
    run = make_slow_run(warm_up=1, pairs=0)
    run.state, run.why = State.STOPPED, "Stop was pressed"
    assert describe_outcome(run) == (
        "No claim: the run was stopped during the warm-up (Stop was pressed). Let the run finish; a pair takes 58.0 s, "
        "so choose a budget of at least 540 s (9 min)."
    )


def test_without_a_round_the_first_calls_are_enough_for_an_estimate():
    run = make_slow_run(warm_up=0, pairs=0)
    run.state, run.why = State.STOPPED, "Stop was pressed"
    assert estimate_budget_s(run) is None and describe_outcome(run).endswith("Let the run finish.")
    run.samples = make_slow_run(warm_up=1, pairs=0).samples
    run.samples = [sample.model_copy(update={"phase": Phase.EARLY}) for sample in run.samples]
    advice = "the first calls of both arms took 58.0 s together, so a budget of 540 s (9 min) is enough for 8 pairs."
    assert estimate_pair_s(run) is None and estimate_budget_s(run) == 540
    assert describe_outcome(run).endswith(f"Let the run finish; {advice}")
    run.state, run.why = State.FINISHED, ""
    assert describe_outcome(run).endswith(advice)
    del run.samples[1]
    assert estimate_budget_s(run) is None, "the other arm is not known"
    calls = {Arm.BASELINE: {}, Arm.ACCELERATED: {"fit": 15.0, "predict": 5.0}}
    run.prepared = [one.model_copy(update={"first_call_s": calls[one.arm]}) for one in run.prepared]
    assert estimate_budget_s(run) == 540, "from a sample of one arm and the prepared calls of the other"


def test_first_calls_that_fit_into_the_budget_are_no_reason_for_a_larger_one():
    run = make_slow_run(warm_up=1, pairs=0, budget_s=600)
    run.samples = [sample.model_copy(update={"phase": Phase.EARLY}) for sample in run.samples]
    run.state, run.why = State.STOPPED, "Stop was pressed"
    assert describe_outcome(run).endswith("Let the run finish.")
    run = make_slow_run(warm_up=1, pairs=0, factor=10)
    run.samples = [sample.model_copy(update={"phase": Phase.EARLY}) for sample in run.samples]
    run.state = State.FINISHED
    assert "8 pairs may not fit into the largest budget (3,600 s (60 min)): choose less work" in describe_outcome(run)


def test_a_budget_that_is_enough_is_not_blamed():
    run = make_slow_run(warm_up=2, pairs=3, budget_s=600)
    run.state, run.why = State.STOPPED, "Stop was pressed"
    assert describe_outcome(run).endswith("stopped after 3 pairs (Stop was pressed). Let the run finish.")
    run.state, run.why = State.FINISHED, ""
    assert "8 pairs fit into the budget of 600 s (10 min), but something else used the time" in describe_outcome(run)


def test_work_for_which_no_budget_is_enough_has_to_become_less():
    run = make_slow_run(warm_up=2, pairs=1, factor=10)
    run.state = State.FINISHED
    assert "8 pairs do not fit into the largest budget (3,600 s (60 min)): choose less work" in describe_outcome(run)


def test_a_claim_on_too_few_pairs_is_refused_with_the_same_advice():
    run = make_slow_run(warm_up=2, pairs=3)
    run.statistics = compare_samples([s for s in run.samples if s.phase is Phase.RACE], work=100)
    run.claims = decide_claims(run)
    advice = "An interval needs at least 8 pairs: a pair takes 58.0 s, so choose a budget of at least 600 s (10 min)."
    finding = next(finding for finding in run.claim().findings if finding.rule == "absolute-baseline")
    assert finding.remedy == advice
    assert advice in describe_outcome(run)


def test_a_run_that_excluded_its_pairs_as_warm_up_blames_neither_the_budget_nor_the_machine():
    run = make_slow_run(warm_up=37, pairs=3, budget_s=600)
    run.state, run.excluded_pairs = State.FINISHED, 37
    sentence = describe_outcome(run)
    assert "Fairlap excluded 37 first pairs as warm-up" in sentence and "something else used the time" not in sentence
    assert "choose a larger time budget or" in sentence and "at least" not in sentence
    run = make_slow_run(warm_up=1, pairs=1)
    run.state, run.excluded_pairs = State.FINISHED, 1
    assert "choose a budget of at least" in describe_outcome(run), "eight pairs did not fit"


ENDS = {
    State.FINISHED: ("", "budget"),
    State.STOPPED: ("Stop was pressed", "Let the run finish"),
    State.INTERRUPTED: ("its process ended", "Run it again"),
    State.FAILED: ("The arm failed.", "Do something else."),
}
PROGRESS = {
    "while its arms were being prepared": (0, 0, 0),
    "before the first sample": (0, 0, 0),
    "during the warm-up": (2, 0, 0),
    "during the first pair": (2, 0, 1),
    "after 1 pair": (2, 1, 1),
}


@pytest.mark.parametrize(("state", "progress"), list(itertools.product(ENDS, PROGRESS)), ids=str)
def test_every_end_has_a_sentence_with_the_reason_and_the_remedy(state: State, progress: str):
    warm_up, pairs, halves = PROGRESS[progress]
    run = make_slow_run(warm_up=warm_up, pairs=pairs, halves=halves)
    if progress == "while its arms were being prepared":
        run.prepared = []
    why, remedy = ENDS[state]
    run.state, run.why = state, why
    if state is State.FAILED:
        run.failure = Failure(what=why, remedy=remedy)
    sentence = describe_outcome(run)
    assert sentence.startswith("No claim: ") and sentence.endswith(".")
    assert why.rstrip(".") in sentence and remedy in sentence
    if state is not State.FINISHED:
        assert progress in sentence


def test_a_failure_of_which_nothing_is_known_says_so():
    run = make_slow_run(warm_up=0, pairs=0)
    run.state = State.FAILED
    assert describe_outcome(run) == (
        "No claim: the run failed before the first sample. Its reason is not known. Run it again."
    )


def test_a_run_that_goes_on_has_no_claim_yet():
    run = make_slow_run(warm_up=2, pairs=1)
    run.state = State.RACING
    assert describe_outcome(run) == "No claim yet: the run is racing."
