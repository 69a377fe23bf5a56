"""The headline of a run: no word and no colour of a win without a claim."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.run.record import Run
from bench.values.samples import TOTAL
from tests.support.pages import open_page
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from ui.run_view.header import describe_progress


def make_judged_run(busy: tuple[float, float]) -> Run:
    run = make_claim_run(busy=busy)
    run.claims = decide_claims(run)
    return run


def read_markdown(app: AppTest) -> str:
    return "\n".join(element.value.replace("\\", "") for element in app.main.markdown)


@pytest.mark.parametrize(("busy", "made"), [((0.0, 0.0), True), ((1.5, 0.0), False)])
def test_a_ratio_is_called_faster_only_with_a_claim(busy, made):
    run = store_run(make_judged_run(busy))
    app = open_page("runs", run=run.id)
    app.session_state[f"kept-{run.id}-step"] = TOTAL
    app.run()
    [ratio] = [metric for metric in app.metric if metric.label == "Ratio"]
    headline, text = write_headline(run, TOTAL), read_markdown(app)
    assert f"## {headline.sentence}" in text
    assert ("faster" in headline.sentence) is made
    assert ratio.proto.delta_description == ("faster" if made else "no claim")
    assert headline.state in text
    assert made or headline.reason in text, "the reason is in the headline, and not only among the rules"


def test_the_sampling_error_is_what_the_target_is_about():
    text = describe_progress(make_judged_run((0.0, 0.0)))
    assert "sampling error ± 0.1 %, target ± 3.0 %" in text
    assert "interval ±" not in text


def test_a_run_that_ended_before_a_decision_has_the_word_of_the_list():
    run = make_claim_run()
    run.claims, run.state = [], State.STOPPED
    store_run(run, "d" * 32)
    [chips] = open_page("runs").dataframe[0].value["claim"]
    text = read_markdown(open_page("runs", run="d" * 32))
    assert list(chips) == ["not decided"]
    assert "not decided]" in text and "## Not decided: " in text
    assert "no claim]" not in text
