"""The sentence of a claim or of its refusal."""

from bench.claims.rules import RULES
from bench.claims.verdict import decide_claims
from bench.plan.validation import make_plan
from bench.run.snapshot import ParameterSnapshot
from bench.values.claims import Outcome, Speed, Verdict
from bench.values.samples import TOTAL
from tests.support.runs import get_claim, get_finding, make_claim_run, open_plan


def test_the_claim_of_a_step_says_how_much_of_the_batch_it_works_on():
    made = make_claim_run()
    for prepared in made.prepared:
        prepared.step_work["fit"] = 40
    unit = made.snapshot.unit
    told = {claim.step: claim.sentence for claim in decide_claims(made)}
    assert f"1 image (this step: 40 {unit})" in told["fit"]
    assert "this step" not in told["predict"] + told[TOTAL]


def test_a_clean_run_makes_its_claim_with_all_that_it_must_state():
    made = get_claim(make_claim_run())
    assert made.made
    assert made.verdict == Verdict(speed="faster", engagement="engaged", accuracy="within")
    for part in (
        "Colour quantization, total: 5.00 s with stock scikit-learn, 2.00 s with scikit-learn-intelex",
        "2.5x (",
        "2 cores, 1 image",
        "PSNR 31.70 dB and 31.70 dB",
    ):
        assert part in made.sentence
    assert {f.outcome for f in made.findings} == {Outcome.PASSED}


def test_parameters_that_are_not_at_their_default_are_in_the_sentence():
    made = make_claim_run()
    parameters = [
        ParameterSnapshot(name="side", label="side", value="255"),
        ParameterSnapshot(name="colours", label="colours", value="64", is_default=True),
    ]
    made.snapshot = made.snapshot.model_copy(update={"parameters": parameters})
    assert "2 cores, 1 image, side 255;" in get_claim(made).sentence
    assert "colours" not in get_claim(made).sentence


def test_a_batch_that_is_a_number_of_rows_is_called_rows_as_many_as_were_raced():
    made = make_claim_run(batch=2)
    assert "2 cores, 2 images;" in get_claim(made).sentence
    made.plan = made.plan.model_copy(update={"batch": 65_536})
    made.snapshot = made.snapshot.model_copy(update={"batch_noun": "", "batch_label": "Batch"})
    assert "2 cores, batch 65,536;" in get_claim(made).sentence
    made.prepared = [ready.model_copy(update={"work": 20_000.0}) for ready in made.prepared]
    # A run that was stored before the noun was recorded has only labels.
    for noun in ("row", ""):
        labels = {"batch_noun": noun, "batch_label": "Rows", "unit": "rows"}
        made.snapshot = made.snapshot.model_copy(update=labels)
        assert "2 cores, 20,000 rows;" in get_claim(made).sentence
        assert "2 cores, 20,000 rows, seed 0" in get_finding(made, "same-conditions").seen


def test_a_snapshot_knows_which_parameters_are_at_their_default():
    parameters = {
        p.name: p.is_default for p in open_plan(make_plan("trial", parameters={"loops": 3})).snapshot.parameters
    }
    assert parameters.pop("loops") is False
    assert parameters and all(parameters.values())


def test_a_refusal_names_what_is_wrong_and_one_remedy():
    """Each finding has its remedy; together in one sentence they would repeat each other."""
    made = make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(1.0, 0.0))
    claim = get_claim(made)
    refused = [finding for finding in claim.findings if finding.outcome is Outcome.REFUSED]
    assert [finding.rule for finding in refused] == ["background", "got-processor"]
    assert [finding.title for finding in refused] == [
        "Background load differed between the arms",
        "An arm waited for the processor",
    ]
    assert "; an arm waited for the processor: the baseline arm waited" in claim.sentence
    assert "each arm got the processor" not in claim.sentence
    assert claim.sentence.endswith(refused[0].remedy) and refused[1].remedy not in claim.sentence


def test_the_titles_of_the_outcomes_of_a_rule_differ():
    refusing = [rule for rule in RULES if rule.refuses]
    assert {"interval", "got-processor", "complete"} <= {rule.name for rule in refusing} < {rule.name for rule in RULES}
    assert all(rule.passed not in (rule.noted, rule.refused) for rule in RULES)


def test_a_step_whose_own_interval_excludes_1_says_why_it_is_no_difference():
    made = make_claim_run(fit=(1.12, 1.0), jitter=0)
    step = made.comparison("fit")
    assert step is not None and not step.ratio.includes(1.0)
    made.statistics = [
        comparison.model_copy(update={"p_value": 0.10}) if comparison.step == "fit" else comparison
        for comparison in made.statistics
    ]
    claim = get_claim(made, "fit")
    assert claim.verdict.speed is Speed.SAME
    assert "its own interval, 1.06 to 1.18, excludes 1, but among 2 steps that may be chance (p 0.10)" in claim.sentence


def test_the_absolute_times_stand_before_the_ratio():
    sentence = get_claim(make_claim_run()).sentence
    assert sentence.index("5.00 s") < sentence.index("2.5x")


def test_a_difference_that_two_processes_of_one_program_may_have_is_none():
    assert get_claim(make_claim_run(fit=(4.04, 4.0), jitter=0)).verdict.speed is Speed.SAME


def test_slower_is_said_as_plainly_as_faster():
    made = get_claim(make_claim_run(fit=(1.0, 4.0)))
    assert made.made
    assert made.verdict.speed is Speed.SLOWER
    assert "0.40x" in made.sentence
    assert "slower" in made.sentence


def test_racing_an_arm_against_itself_claims_no_acceleration():
    claim = get_claim(make_claim_run(accelerated="stock"))
    assert claim.verdict.engagement == "same arm twice"
    assert claim.verdict.speed is Speed.SAME_CODE
    assert not claim.made
    assert claim.sentence.startswith(
        'No claim for total: both arms ran "stock scikit-learn". The difference between 5.00 s and '
        "2.00 s, a ratio of 2.5x ("
    )
    assert claim.sentence.endswith("), is noise of this machine. Choose values of the lever that run different code.")
    assert "faster" not in claim.sentence and "slower" not in claim.sentence
