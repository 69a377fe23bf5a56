"""What a page shows beside the ratio of a run without a claim: no word and no colour of a win."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import run_script

SCRIPT = """
from bench.claims.verdict import decide_claims
from tests.support.runs import make_claim_run
from ui.run_view.evidence import draw_evidence_line
from ui.run_view.header import draw_header
from ui.run_view.metrics import draw_metrics

run = make_claim_run(busy={busy})
run.claims = decide_claims(run)
draw_header(run, "key", live={live})
draw_metrics(run, "total", "light", live={live})
draw_evidence_line(run, "total", "key", "light")
"""


def draw(*, busy: tuple[float, float], live: bool = False) -> AppTest:
    return run_script(SCRIPT.replace("{busy}", str(busy)).replace("{live}", str(live)))


@pytest.mark.parametrize(("busy", "made"), [((0.0, 0.0), True), ((1.5, 0.0), False)])
def test_a_ratio_is_called_faster_only_with_a_claim(busy, made):
    app = draw(busy=busy)
    (ratio,) = [metric for metric in app.metric if metric.label == "Ratio"]
    text = "\n".join(element.value for element in app.markdown)
    assert ("faster" in text) is made
    assert ratio.proto.delta_description == ("faster" if made else "no claim")
    assert ("claim made" in text) is made
    refusal = "No claim: The background load differed between the arms."
    assert (refusal in text) is not made, "the reason is below the figures, and not only in the claim card"


@pytest.mark.parametrize("live", [True, False])
def test_the_sampling_error_is_what_the_target_is_about_also_at_the_end(live):
    text = "\n".join(element.value for element in draw(busy=(0.0, 0.0), live=live).markdown)
    assert "sampling error ± 0.1 %, target ± 3.0 %" in text
    assert "interval ±" not in text
