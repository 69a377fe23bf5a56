"""The claim card shows what was raced beside the sentence."""

from tests.support.pages import read_page, run_script

SCRIPT = """
from bench.claims.verdict import decide_claims
from bench.values.arms import RacedInput
from tests.support.runs import make_claim_run
from ui.components.claim_card import draw_claim_card

run = make_claim_run()
claim = decide_claims(run)[0]
draw_claim_card(claim.sentence, claim, {inputs})
"""


def test_inputs_are_listed_with_the_claim_and_escaped():
    inputs = """[RacedInput(label="Table", text="*sales*.csv, 20,000 rows"), RacedInput(label="Widened", text="b")]"""
    page = read_page(run_script(SCRIPT.replace("{inputs}", inputs)))
    assert "- :small[:gray[**Table**: \\*sales\\*.csv, 20,000 rows]]" in page
    assert "**Widened**: b" in page


def test_notes_are_folded_under_what_they_are():
    script = SCRIPT.replace("{inputs}", "[]").replace("make_claim_run()", "make_claim_run(target=0.0001)")
    script = script.replace(
        "claim = ", "run.machine = run.machine.model_copy(update={'logical_threads': 64})\nclaim = "
    )
    labels = [expander.label for expander in run_script(script).expander]
    assert [label.split()[1].removesuffix("s") for label in labels] == ["reservation", "condition", "rule"]


def test_a_run_that_did_not_record_its_inputs_has_no_list():
    assert ":small[:gray[**" not in read_page(run_script(SCRIPT.replace("{inputs}", "[]")))
