"""The figures of a run: those of a few pairs without an interval, and what is below the ratio without a claim."""

import pytest

from tests.support.pages import run_script

SCRIPT = """
from tests.support.runs import make_claim_run
from ui.run_view.metrics import draw_metrics

run = make_claim_run(pairs=2, jitter=0)
run.samples, run.statistics = run.samples[: 2 * {pairs}], []
draw_metrics(run, "fit", "light", live=False)
"""


def draw_cards(pairs: int) -> list[tuple[str, str]]:
    app = run_script(SCRIPT.replace("{pairs}", str(pairs)))
    return [(metric.value, metric.delta) for metric in app.metric[:3]]


def test_the_times_of_a_single_pair_are_shown():
    baseline, accelerated, ratio = draw_cards(1)
    assert (baseline, accelerated) == (("4.00 s", "of 1 pair"), ("1.00 s", "of 1 pair"))
    assert ratio == ("–", "1 pair, too few")


@pytest.mark.parametrize(
    ("settings", "description"),
    [
        ("fit=(1.0, 1.0)", "not detected"),
        ("fit=(1.0, 1.0), busy=(1.5, 0.0)", "no claim"),
        ("busy=(1.5, 0.0)", "no claim"),
        ("", "faster"),
    ],
)
def test_no_difference_was_detected_only_if_nothing_but_the_interval_refuses(settings, description):
    app = run_script(f"""
from bench.claims.verdict import decide_claims
from tests.support.runs import make_claim_run
from ui.run_view.metrics import draw_metrics

run = make_claim_run({settings})
run.claims = decide_claims(run)
draw_metrics(run, "total", "light", live=False)
""")
    assert app.metric[2].proto.delta_description == description


def test_a_run_without_a_pair_has_no_times():
    assert [value for value, _ in draw_cards(0)] == ["–", "–", "–"]
