"""Each trick on a recorded race: what it quotes, what it leaves alone, and which of the real rules notices it."""

from __future__ import annotations

from collections import Counter
from statistics import median

import pytest

from bench.claims.headline import write_headline
from bench.claims.rules import RULES
from bench.claims.tricks.catalogue import OTHER_TRICKS, TRICKS, TWELVE_WAYS
from bench.claims.tricks.judging import decide_honest_claim, judge_trick
from bench.claims.tricks.quotation import find_best_stop
from bench.claims.tricks.trick import NotApplicableError, Trick
from bench.run.outcome import MIN_PAIRS, TRICK_MARK, describe_outcome
from bench.run.record import Run
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.claims import Claim
from bench.values.samples import Phase, Sample
from tests.support.recorded_race import load_recorded_race
from tests.support.runs import make_claim_run

BY_NAME = {trick.name: trick for trick in TRICKS}
CATCHES = {
    "other-precision": ("accuracy", "refused"),
    "kernel-as-application": ("part-of-whole", "condition"),
    "unmentioned-code": ("engaged", "refused"),
    "scaled-problem": ("same-conditions", "refused"),
    "projection": ("measured", "refused"),
    "scalar-baseline": ("fair-baseline", "reservation"),
    "obsolete-system": ("stable", "reservation"),
    "own-operations": ("same-work", "refused"),
    "utilization": ("absolute-baseline", "refused"),
    "mutilated-algorithm": ("same-work", "refused"),
    "busy-baseline": ("background", "refused"),
    "hidden-cold-start": ("warm", "reservation"),
    "stopped-at-best": ("complete", "refused"),
}
"""The rule that notices each trick on the recorded race, and its effect."""
UNSEEN = ("truncated-axis", "average-ratios", "best-of-many")
"""What no rule can see, because the record of the run is true."""


@pytest.fixture(scope="module")
def recorded() -> Run:
    return load_recorded_race()


def test_bailey_has_twelve_ways_and_every_trick_names_rules_that_exist():
    assert [trick.number for trick in TWELVE_WAYS] == list(range(1, 13))
    assert all(trick.number is None for trick in OTHER_TRICKS)
    assert len(BY_NAME) == len(TRICKS)
    assert {name for trick in TRICKS for name in trick.rules} <= {rule.name for rule in RULES}
    assert all(bool(trick.rules) is not bool(trick.unseen) for trick in TRICKS)


@pytest.mark.parametrize("name", CATCHES)
def test_a_rule_notices_the_trick(recorded, name):
    judged = judge_trick(BY_NAME[name], recorded)
    rule, effect = CATCHES[name]
    assert rule in BY_NAME[name].rules
    assert (rule, effect) in [(finding.rule, finding.effect) for finding in judged.catches], judged.catches
    assert judged.is_refused is any(finding.effect == "refused" for finding in judged.catches)


@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_only_quoted_is_seen_by_no_rule_and_prevented_otherwise(recorded, name):
    judged = judge_trick(BY_NAME[name], recorded)
    assert judged.trick.unseen and judged.trick.prevention and not judged.trick.rules
    assert not [finding for finding in judged.catches if finding.effect == "refused"]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_the_recorded_run_stays_as_it_was_and_the_copy_is_marked(recorded, trick: Trick):
    before = recorded.model_dump_json()
    tricked = trick.apply(recorded)
    assert recorded.model_dump_json() == before and not recorded.is_trick
    assert tricked.run.is_trick
    assert tricked.change and tricked.quoted.bars and tricked.honest.bars
    assert tricked.quoted.headline != tricked.honest.headline or trick.name == "unmentioned-code"
    assert tricked.honest.axis_start == 0
    for text in (describe_outcome(tricked.run), write_headline(tricked.run, tricked.step).sentence):
        assert text.startswith(f"{TRICK_MARK}: ")


@pytest.mark.parametrize(
    "name",
    [
        *("other-precision", "kernel-as-application", "scaled-problem", "projection", "scalar-baseline"),
        *("obsolete-system", "mutilated-algorithm", "busy-baseline", "best-of-many", "stopped-at-best"),
    ],
)
def test_the_trick_makes_the_ratio_larger(recorded, name):
    tricked = BY_NAME[name].apply(recorded)
    assert tricked.run.comparison(tricked.step).ratio.value > recorded.comparison().ratio.value


def test_a_trick_is_neither_stored_nor_exported(recorded):
    run = BY_NAME["projection"].apply(recorded).run
    with pytest.raises(ValueError, match="not stored"):
        Store().save(run)
    assert Store().count() == 0
    with pytest.raises(ValueError, match="not exported"):
        run.report()


def test_a_projection_keeps_the_cpu_time_that_betrays_it(recorded):
    run = BY_NAME["projection"].apply(recorded).run
    used = run.comparison().accelerated.effective_cores
    assert used > 10 * recorded.comparison().accelerated.effective_cores
    finding = next(f for f in judge_trick(BY_NAME["projection"], recorded).catches if f.rule == "measured")
    assert "and each arm had 2" in finding.seen


@pytest.mark.parametrize("cores", [1, 2, 64, 128])
def test_a_projection_is_refused_on_machines_of_every_size(cores):
    judged = judge_trick(BY_NAME["projection"], make_claim_run(cores=cores, used=0.9 * cores))
    assert ("measured", "refused") in [(finding.rule, finding.effect) for finding in judged.catches]
    assert f"as if it had {32 * cores} cores" in judged.tricked.change


def test_the_best_moment_to_stop_is_found_from_medians(recorded):
    times = {arm: [sample.total_s for sample in recorded.samples_of(arm)] for arm in Arm}
    baseline, accelerated = times[Arm.BASELINE], times[Arm.ACCELERATED]
    ratios = {
        count: median(baseline[:count]) / median(accelerated[:count]) for count in range(MIN_PAIRS, len(baseline))
    }
    assert find_best_stop(recorded) == max(ratios, key=lambda count: ratios[count])


def test_a_long_race_is_not_compared_again_after_each_pair():
    run = make_claim_run(pairs=400)
    reads: Counter[int] = Counter()

    class Counted(Sample):
        @property
        def total_s(self) -> float:
            reads[self.pair] += 1
            return super().total_s

    samples = [Counted.model_validate(sample.model_dump()) for sample in run.samples]
    find_best_stop(run.model_copy(update={"samples": samples}))
    assert max(reads.values()) == len(Arm)


def test_a_trick_says_what_kind_of_run_it_needs():
    run = make_claim_run(cores=1, pairs=8)
    for name, needed in (
        ("scalar-baseline", "on one core"),
        ("best-of-many", "fewer than 16 pairs"),
        ("stopped-at-best", "no more than 8 pairs"),
    ):
        with pytest.raises(NotApplicableError, match=needed):
            BY_NAME[name].apply(run)
    run.prepared = [arm.model_copy(update={"first_call_s": {}}) for arm in run.prepared]
    with pytest.raises(NotApplicableError, match="first calls of this run are not known"):
        BY_NAME["hidden-cold-start"].apply(run)


def test_the_best_of_many_runs_is_one_of_them(recorded):
    run = BY_NAME["best-of-many"].apply(recorded).run
    kept = {sample.pair for sample in run.samples if sample.phase is Phase.RACE}
    assert len(kept) == 8 and kept <= {sample.pair for sample in recorded.samples if sample.phase is Phase.RACE}


def test_the_rules_look_at_the_recorded_run_once_for_all_tricks(recorded, monkeypatch):
    trick = BY_NAME["unmentioned-code"]
    expected, honest = judge_trick(trick, recorded), decide_honest_claim(recorded)

    def refuse(run: Run) -> list[Claim]:
        raise AssertionError(f"looked at {run.id} again")

    monkeypatch.setattr("bench.claims.tricks.judging.decide_claims", refuse)
    assert judge_trick(trick, recorded, honest).catches == expected.catches


def test_a_rule_that_found_the_same_before_shows_nothing_about_the_trick():
    judged = judge_trick(BY_NAME["busy-baseline"], make_claim_run(busy=(1.0, 0.0)))
    assert "background" in [finding.rule for finding in judged.repeated]
    assert "background" not in [finding.rule for finding in judged.catches]
