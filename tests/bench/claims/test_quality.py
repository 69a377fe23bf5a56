"""The loss of accuracy: what a claim may depend on, and how many observations it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.claims.quality import find_observations_needed, measure_loss, relative_loss
from bench.race.measure_differences import ScoresError, add_share_intervals, compare_measures
from bench.run.record import Run
from bench.stats.paired_scores import compare_scores
from bench.values.base import Arm
from bench.values.claims import Accuracy, Outcome
from bench.values.quality import LossKind, Measure, MeasureDifference, Quality
from bench.workload.scores import SCORES_FILE, read_scores, write_scores
from tests.support.runs import get_claim, get_finding, make_claim_run

F1 = Measure(
    name="f1", label="F1", value=100.0, decisive=True, loss=LossKind.SCORE, max_score=100, observation="question"
)
PSNR = Measure(
    name="psnr",
    label="PSNR",
    value=31.66,
    unit="dB",
    decisive=True,
    loss=LossKind.ERROR,
    mean_label="mean squared error",
    observation="pixel",
)


def write_arms(tmp_path: Path, **scores) -> dict[Arm, Path]:
    """Scratch folders in which each arm wrote its scores: by name, those of the baseline and of the other arm."""
    folders = {arm: tmp_path / arm for arm in Arm}
    for place, folder in enumerate(folders.values()):
        folder.mkdir(exist_ok=True)
        (folder / SCORES_FILE).unlink(missing_ok=True)
        write_scores(folder, {name.replace("_", "-"): np.asarray(pair[place]) for name, pair in scores.items()})
    return folders


def make_quality(tmp_path, measure: Measure, before, after, **changes) -> Quality:
    """What a race records of arms that reported one measure and its scores."""
    folders = write_arms(tmp_path, **{measure.name: (before, after)})
    baseline = measure.model_copy(update={"observations": len(before), "value": float(np.mean(before)), **changes})
    accelerated = baseline.model_copy(update={"value": float(np.mean(after))})
    differences = compare_measures([baseline], [accelerated], folders, seed=0)
    return Quality(baseline=[baseline], accelerated=[accelerated], differences=differences)


def make_run(quality: Quality, **fields) -> Run:
    made = make_claim_run(**fields)
    made.quality = quality
    return made


def test_for_a_loss_lower_is_better():
    loss = Measure(name="loss", label="loss", value=1.0, higher_is_better=False, decisive=True)
    assert relative_loss(loss, loss.model_copy(update={"value": 2.0})) == 1.0
    assert relative_loss(loss, loss.model_copy(update={"value": 0.5})) == -0.5


def test_one_question_with_the_same_f1_is_refused_with_the_number_that_it_takes(tmp_path):
    made = make_run(make_quality(tmp_path, F1, [100.0], [100.0]))
    finding = get_finding(made, "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "F1 100.00 and 100.00 (1 question; F1 +0.00 %, 95 % interval -100.00 % to +100.00 %)" in finding.seen
    assert "only 1 question, and an accuracy needs at least 30" in finding.seen
    assert "Use about 299 more questions (300 in all)" in finding.remedy
    assert get_claim(made).verdict.accuracy is Accuracy.UNDECIDED
    assert not get_claim(made).made


def test_a_baseline_that_scores_0_makes_no_claim(tmp_path):
    zeros = np.zeros(400)
    finding = get_finding(make_run(make_quality(tmp_path, F1, zeros, zeros)), "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "the baseline scores 0, so there is no accuracy that could be kept" in finding.seen
    assert "Use questions that the baseline can answer" in finding.remedy
    # Of old runs only the means are known.
    nothing = F1.model_copy(update={"value": 0.0})
    made = make_run(Quality(baseline=[nothing], accelerated=[nothing]))
    assert get_claim(made).verdict.accuracy is Accuracy.UNDECIDED
    assert not get_claim(made).made


def test_as_many_questions_as_the_remedy_says_are_enough(tmp_path):
    few = np.tile([100.0, 50.0, 0.0], 20)
    quality = make_quality(tmp_path, F1, few, few)
    needed = find_observations_needed(quality.differences[0], 0.01)
    assert 500 < needed < 700, "the mean is 50, so that 1 % of it is half a point"
    many = np.resize(few, needed)
    claim = get_claim(make_run(make_quality(tmp_path, F1, many, many)))
    assert claim.made
    assert f"({needed} questions; F1 +0.00 %, 95 % interval" in claim.sentence
    fewer = np.resize(few, needed - 60)
    assert not get_claim(make_run(make_quality(tmp_path, F1, fewer, fewer))).made


def test_a_loss_within_the_limit_whose_interval_is_not_is_refused(tmp_path):
    """Intel's INT8 figure in miniature: 0.6 % lost on 400 questions, of which twenty changed."""
    before = np.full(400, 100.0)
    after = before.copy()
    after[:11] = 0.0
    before[11:20] = 0.0
    made = make_run(make_quality(tmp_path, F1, before, after))
    finding = get_finding(made, "accuracy")
    assert finding.outcome is Outcome.REFUSED and "may exceed" in finding.seen
    assert "more questions" in finding.remedy and "if the loss stays the same" in finding.remedy
    assert get_claim(make_run(made.quality, accuracy_limit=0.9)).made, "the limit is the plan's"


def test_a_loss_beyond_the_limit_is_refused_and_more_questions_are_no_remedy(tmp_path):
    before, after = np.full(1000, 100.0), np.full(1000, 98.0)
    finding = get_finding(make_run(make_quality(tmp_path, F1, before, after)), "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "a loss of more than 1.00 %" in finding.seen and "questions" not in finding.remedy
    assert find_observations_needed(make_quality(tmp_path, F1, before, after).differences[0], 0.01) is None


def test_a_loss_beyond_the_limit_that_may_be_smaller_says_so(tmp_path):
    before = np.full(300, 100.0)
    after = before.copy()
    after[:10], before[10:15] = 0.0, 0.0
    finding = get_finding(make_run(make_quality(tmp_path, F1, before, after)), "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "a loss of more than 1.00 %" in finding.seen
    assert "more questions would tell" in finding.remedy and "limit" not in finding.remedy


def test_a_measure_of_questions_that_the_model_was_tuned_on_is_refused(tmp_path):
    same = np.full(5000, 70.0)
    biased = make_quality(tmp_path, F1, same, same, bias="tuned on the same questions", bias_remedy="Quantize again.")
    finding = get_finding(make_run(biased), "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert finding.seen.endswith(": tuned on the same questions")
    assert finding.remedy == "Quantize again."
    assert get_claim(make_run(make_quality(tmp_path, F1, same, same))).made


def test_decibels_are_judged_by_their_mean_squared_error(tmp_path):
    """0.99 of 31.66 dB are 7.6 % more squared error: within 1 % of the decibels, but not of the error."""
    errors = np.random.default_rng(0).gamma(20, 2, 256)
    worse = errors * 1.076
    quality = make_quality(tmp_path, PSNR, errors, worse)
    quality = quality.model_copy(
        update={
            "baseline": [quality.baseline[0].model_copy(update={"value": 31.66})],
            "accelerated": [quality.accelerated[0].model_copy(update={"value": 31.66 - 10 * np.log10(1.076)})],
        }
    )
    assert relative_loss(quality.baseline[0], quality.accelerated[0]) < 0.0101
    assert measure_loss(quality, quality.baseline[0], quality.accelerated[0], 0.01).value == pytest.approx(0.076)
    finding = get_finding(make_run(quality), "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "PSNR 31.66 dB and 31.34 dB" in finding.seen and "mean squared error +7.60 %" in finding.seen
    assert get_claim(make_run(make_quality(tmp_path, PSNR, errors, errors * 1.009))).made
    assert get_claim(make_run(make_quality(tmp_path, PSNR, errors, errors * 0.9))).made, "less error is no loss"


def test_an_error_may_not_appear_where_there_was_none(tmp_path):
    zeros = np.zeros(100)
    worse = zeros.copy()
    worse[0] = 0.1
    assert get_claim(make_run(make_quality(tmp_path, PSNR, zeros, zeros))).made
    assert get_claim(make_run(make_quality(tmp_path, PSNR, zeros, worse))).verdict.accuracy is Accuracy.OUTSIDE


def test_equality_is_not_loosened_by_the_limit():
    right = Measure(name="right", label="correct", value=100.0, unit="%", decisive=True, loss=LossKind.EQUALITY)
    wrong = right.model_copy(update={"value": 99.9})
    made = make_run(Quality(baseline=[right], accelerated=[wrong]), accuracy_limit=0.5)
    finding = get_finding(made, "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "elements that were right before are wrong" in finding.seen
    assert get_claim(make_run(Quality(baseline=[right], accelerated=[right]))).made


def test_a_step_whose_results_were_not_compared_leaves_the_total_without_a_claim():
    equal = Measure(name="equal", label="equal", value=100.0, unit="%", decisive=True, loss=LossKind.EQUALITY)
    compared = [equal.model_copy(update={"step": step}) for step in ("fit", "predict")]
    made = make_run(Quality(baseline=[], accelerated=[], agreement=compared))
    assert get_claim(made).made
    made = make_run(Quality(baseline=[], accelerated=[], agreement=compared[:1]))
    assert get_claim(made, "fit").made
    for step in ("predict", "total"):
        finding = get_finding(made, "accuracy", step)
        assert finding.outcome is Outcome.REFUSED and finding.title == "The accuracy was not measured"
        assert finding.seen == "results were not compared: predict"
    different = compared[0].model_copy(update={"value": 0.0})
    made = make_run(Quality(baseline=[], accelerated=[], agreement=[different]))
    assert get_finding(made, "accuracy").title == "The results differ", "what differs is the stronger reason"


def test_a_run_without_the_number_of_observations_says_so_and_is_judged_as_before():
    old = Measure(name="psnr", label="PSNR", value=31.66, unit="dB", decisive=True)
    made = make_run(Quality(baseline=[old], accelerated=[old.model_copy(update={"value": 31.5})]))
    finding = get_finding(made, "accuracy")
    assert finding.outcome is Outcome.PASSED
    assert "the number of observations is not known" in finding.seen


def test_the_same_setting_twice_needs_no_accuracy(tmp_path):
    made = make_run(make_quality(tmp_path, F1, [100.0], [100.0]), baseline="sklearnex", accelerated="sklearnex")
    assert get_finding(made, "accuracy").outcome is Outcome.PASSED


# --- what a race accepts ---


def test_a_new_race_cannot_leave_out_the_scores_of_a_decisive_measure(tmp_path):
    folders = write_arms(tmp_path, other=([1.0], [1.0]))
    with pytest.raises(ScoresError, match="'f1' has no scores"):
        compare_measures([F1], [F1], folders, seed=0)
    undeclared = F1.model_copy(update={"loss": LossKind.UNKNOWN})
    with pytest.raises(ScoresError, match="does not say how its loss is judged"):
        compare_measures([undeclared], [undeclared], folders, seed=0)


@pytest.mark.parametrize(
    ("before", "after", "counts", "words"),
    [
        ([1.0, 2.0], [1.0], (2, 2), "one kind and shape"),
        ([1.0], [1.0], (1, 2), "1 and 2 observations"),
        ([1.0], [1.0], (None, None), "None and None observations"),
        ([1.0], [float("nan")], (1, 1), "finite scores"),
    ],
)
def test_scores_that_do_not_fit_are_refused(tmp_path, before, after, counts, words):
    folders = write_arms(tmp_path, f1=(before, after))
    measures = [F1.model_copy(update={"observations": count}) for count in counts]
    with pytest.raises(ScoresError, match=words):
        compare_measures([measures[0]], [measures[1]], folders, seed=0)


def test_a_value_that_is_not_the_mean_of_its_scores_is_refused(tmp_path):
    folders = write_arms(tmp_path, f1=([50.0], [50.0]))
    measure = F1.model_copy(update={"observations": 1})
    with pytest.raises(ScoresError, match="'f1' is 100, but the mean of its scores is 50"):
        compare_measures([measure], [measure], folders, seed=0)


def test_a_damaged_file_of_scores_is_refused(tmp_path):
    folders = write_arms(tmp_path, f1=([1.0], [1.0]))
    (tmp_path / Arm.BASELINE / SCORES_FILE).write_bytes(b"no archive")
    with pytest.raises(ScoresError, match="cannot be read"):
        compare_measures([F1], [F1], folders, seed=0)


def test_a_share_of_equal_results_gets_its_exact_interval(tmp_path):
    write_scores(tmp_path, {"answers-agree": np.array([True] * 10)})
    share = Measure(name="answers-agree", label="answers that agree", value=100.0, unit="%", observations=10)
    (agreed,) = add_share_intervals([share], tmp_path)
    assert agreed.interval.low == pytest.approx(100 * 0.025**0.1)
    decisive = share.model_copy(update={"decisive": True})
    with pytest.raises(ScoresError, match="judged by equality"):
        add_share_intervals([decisive], tmp_path)


def test_scores_of_several_calls_are_kept_beside_each_other(tmp_path):
    write_scores(tmp_path, {"f1": np.array([1.0])})
    write_scores(tmp_path, {"same": np.array([True])})
    assert read_scores(tmp_path).keys() == {"f1", "same"}


def test_scores_keep_the_groups_that_they_were_written_with(tmp_path):
    write_scores(tmp_path, {"f1": np.array([1.0, 2.0])}, np.array([0, 0]))
    write_scores(tmp_path, {"same": np.array([True])})
    scores = read_scores(tmp_path)
    assert scores["f1"].groups.tolist() == [0, 0] and scores["same"].groups is None
    write_scores(tmp_path, {"f1": np.array([1.0, 2.0])})
    assert read_scores(tmp_path)["f1"].groups is None


# --- observations in groups that are not independent ---


def make_passage_quality(tmp_path, before, after, passages) -> Quality:
    """What a race records of arms whose questions share passages."""
    measure = F1.model_copy(
        update={
            "observations": len(before),
            "value": float(np.mean(before)),
            "groups": len(set(passages)),
            "group": "passage",
            "selection": "held out from tuning",
        }
    )
    folders = {arm: tmp_path / arm for arm in Arm}
    for folder, scores in zip(folders.values(), (before, after), strict=True):
        folder.mkdir(exist_ok=True)
        write_scores(folder, {"f1": np.asarray(scores)}, np.asarray(passages))
    accelerated = measure.model_copy(update={"value": float(np.mean(after))})
    differences = compare_measures([measure], [accelerated], folders, seed=0)
    return Quality(baseline=[measure], accelerated=[accelerated], differences=differences)


def test_a_sentence_has_the_number_of_passages(tmp_path):
    same = np.full(700, 70.0)
    claim = get_claim(make_run(make_passage_quality(tmp_path, same, same, np.repeat(np.arange(100), 7))))
    assert claim.made
    assert "(700 questions on 100 passages held out from tuning; F1 +0.00 %, 95 % interval" in claim.sentence


def test_questions_on_few_passages_are_refused_however_many_they_are(tmp_path):
    same = np.full(2900, 70.0)
    made = make_run(make_passage_quality(tmp_path, same, same, np.repeat(np.arange(29), 100)))
    finding = get_finding(made, "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "Use about 100 more questions on other passages (3,000 in all)" in finding.remedy
    assert get_claim(make_run(make_passage_quality(tmp_path, *[np.full(3000, 70.0)] * 2, np.arange(3000) // 100))).made


def test_passages_that_lose_as_a_whole_are_refused_where_independent_questions_would_pass(tmp_path):
    """Four of 60 passages lose all of their ten points, and one gains them."""
    passages = np.repeat(np.arange(60), 7)
    before = np.full(420, 60.0)
    after = before - 10 * (passages < 4) + 10 * (passages == 4)
    made = make_run(make_passage_quality(tmp_path, before, after, passages), accuracy_limit=0.97)
    assert get_finding(made, "accuracy").outcome is Outcome.REFUSED
    assert get_claim(make_run(make_quality(tmp_path, F1, before, after), accuracy_limit=0.97)).made
    assert made.quality.differences[0].design_effect == pytest.approx(7, rel=0.02)


def test_as_many_questions_on_other_passages_as_the_remedy_says_are_enough(tmp_path):
    generator = np.random.default_rng(2)
    passages = np.arange(280) // 7
    shifts = np.repeat(generator.normal(0, 8, 40), 7)
    before = np.full(280, 60.0)
    after = before + shifts - shifts.mean() + np.tile(generator.normal(0, 1, 7), 40)
    difference = make_passage_quality(tmp_path, before, after, passages).differences[0]
    needed = find_observations_needed(difference, 0.03)
    assert needed > 280

    def judge(count: int) -> bool:
        copies = -(-count // 280)
        more = np.concatenate([passages + 40 * copy for copy in range(copies)])[:count]
        quality = make_passage_quality(tmp_path, np.resize(before, count), np.resize(after, count), more)
        return get_claim(make_run(quality, accuracy_limit=0.97)).made

    whole = -(-needed // 280) * 280
    assert judge(whole)
    assert not judge(280)


@pytest.mark.parametrize(
    ("groups", "count", "words"),
    [
        (([0, 0, 1], [0, 1, 1]), 2, "grouped the observations of the measure 'f1' differently"),
        (([0, 0, 1], [0, 0, 1]), 3, "has 3 groups, but its scores have 2"),
        (([0, 0, 1], None), 2, "has 2 groups, but its scores have None"),
    ],
)
def test_groups_that_do_not_fit_are_refused(tmp_path, groups, count, words):
    folders = {arm: tmp_path / arm for arm in Arm}
    for folder, numbers in zip(folders.values(), groups, strict=True):
        folder.mkdir()
        write_scores(folder, {"f1": np.full(3, 100.0)}, None if numbers is None else np.array(numbers))
    measure = F1.model_copy(update={"observations": 3, "groups": count})
    with pytest.raises(ScoresError, match=words):
        compare_measures([measure], [measure], folders, seed=0)


def test_a_share_of_equal_answers_is_one_of_passages(tmp_path):
    passages, equal = np.repeat(np.arange(40), 5), np.arange(200) >= 20
    share = Measure(name="answers-agree", label="answers that agree", value=90.0, unit="%", observations=200)
    write_scores(tmp_path, {"answers-agree": equal})
    (alone,) = add_share_intervals([share], tmp_path)
    write_scores(tmp_path, {"answers-agree": equal}, passages)
    (grouped,) = add_share_intervals([share.model_copy(update={"groups": 40})], tmp_path)
    assert grouped.interval.low < alone.interval.low - 3
    with pytest.raises(ScoresError, match="has None groups, but its scores have 40"):
        add_share_intervals([share], tmp_path)


def test_a_stored_run_without_groups_is_judged_as_before(tmp_path):
    """A record of an earlier version has neither groups nor a design effect."""
    same = np.full(5000, 70.0)
    record = make_run(make_quality(tmp_path, F1, same, same)).model_dump(mode="json")
    for measure in record["quality"]["baseline"] + record["quality"]["accelerated"]:
        del measure["groups"], measure["group"]
    del record["quality"]["differences"][0]["design_effect"]
    old = Run.model_validate(record)
    assert old.quality.differences[0].groups == 5000
    assert "(5,000 questions; F1 +0.00 %" in get_claim(old).sentence and get_claim(old).made


def test_a_difference_is_what_the_scores_say(tmp_path):
    before, after = np.array([1.0, 3.0, 5.0]), np.array([1.0, 2.0, 5.0])
    (difference,) = make_quality(tmp_path, F1, before, after).differences
    paired = compare_scores(before, after, max_score=100.0, seed=0)
    assert isinstance(difference, MeasureDifference)
    assert difference.difference == paired.difference
    assert (difference.baseline, difference.accelerated) == pytest.approx((3, 8 / 3))
    assert difference.loss.value == pytest.approx(1 / 9)
