"""The sentence of a claim or of its refusal."""

from bench.claims.verdict import decide_claims
from bench.values import TOTAL, Outcome, Speed, Verdict
from tests.support.runs import get_claim, make_claim_run


def test_the_claim_of_a_step_says_how_much_of_the_batch_it_works_on():
    made = make_claim_run()
    for prepared in made.prepared:
        prepared.step_work["fit"] = 40
    unit = made.snapshot.unit
    told = {claim.step: claim.sentence for claim in decide_claims(made)}
    assert f"batch 1 (this step: 40 {unit})" in told["fit"]
    assert "this step" not in told["predict"] + told[TOTAL]


def test_a_clean_run_makes_its_claim_with_all_that_it_must_state():
    made = get_claim(make_claim_run())
    assert made.made
    assert made.verdict == Verdict(speed="faster", engagement="engaged", accuracy="within")
    for part in (
        "Colour quantization, total: 5.00 s with stock scikit-learn, 2.00 s with scikit-learn-intelex",
        "2.50x (",
        "2 cores, batch 1",
        "PSNR 31.70 dB and 31.70 dB",
    ):
        assert part in made.sentence
    assert {f.outcome for f in made.findings} == {Outcome.PASSED}


def test_the_absolute_times_stand_before_the_ratio():
    sentence = get_claim(make_claim_run()).sentence
    assert sentence.index("5.00 s") < sentence.index("2.50x")


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
        "No claim for total: both arms ran the same code, stock scikit-learn. The difference between 5.00 s and "
        "2.00 s, a ratio of 2.50x ("
    )
    assert claim.sentence.endswith("), is noise of this machine.")
    assert "faster" not in claim.sentence and "slower" not in claim.sentence
