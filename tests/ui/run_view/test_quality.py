"""The quality of a run on its page: number of observations, and interval of the difference."""

from __future__ import annotations

import pytest

from bench.claims.verdict import decide_claims
from bench.run.record import Run
from tests.support.pages import run_script
from tests.support.runs import make_claim_run, make_psnr_quality

SCRIPT = """
from bench.claims.verdict import decide_claims
from tests.support.runs import make_claim_run, make_psnr_quality
from ui.run_view.metrics import draw_metrics
from ui.run_view.quality import draw_quality

run = make_claim_run()
if {known}:
    run.quality = make_psnr_quality()
run.claims = decide_claims(run)
draw_metrics(run, "total", "light", live=False)
draw_quality(run)
"""


def draw_quality(known: bool) -> str:
    app = run_script(SCRIPT.replace("{known}", str(known)))
    return "\n".join(str(element.value) for element in [*app.markdown, *app.caption, *app.metric]) + "\n".join(
        str(metric.delta) + str(metric.help) for metric in app.metric
    )


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            True,
            [
                "273,280 pixels",
                "mean squared error -3.00 %, 95 % interval -5.00 % to -2.00 %",
                "10 questions on 4 passages",
            ],
        ),
        (False, ["number of observations not known", "The number of observations is not known."]),
    ],
)
def test_the_page_says_how_many_observations_there_are(known, words):
    text = draw_quality(known)
    for expected in words:
        assert expected in text


def test_number_and_interval_are_in_the_sentence_and_in_the_stored_record():
    run = make_claim_run()
    run.quality = make_psnr_quality()
    run.claims = decide_claims(run)
    assert run.claims[0].made
    assert (
        "PSNR 31.70 dB and 31.70 dB (273,280 pixels; mean squared error -3.00 %, 95 % interval -5.00 % to -2.00 %)"
        in run.claims[0].sentence
    )
    again = Run.model_validate_json(run.model_dump_json())
    assert again.quality == run.quality
    assert run.report()["quality"]["agreement"][0]["interval"] == {"value": 90.0, "low": 55.5, "high": 99.75}
