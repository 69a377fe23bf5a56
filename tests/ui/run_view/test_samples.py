"""The raw samples of a run on its page: drift, dependence of successive samples, and the table."""

import pytest

from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.pages import read_page, run_script
from tests.support.runs import make_claim_run
from ui.run_view.samples import autocorrelation, describe_drift, list_sample_rows

SCRIPT = """
import streamlit as st
from tests.support.runs import make_claim_run
from ui.run_view.samples import draw_samples

st.session_state["key-samples"] = {is_open}
draw_samples(make_claim_run(), "fit", "key", "light")
"""


def test_the_drift_compares_the_last_third_with_the_first():
    run = make_claim_run(pairs=12, jitter=0.0)
    samples = run.samples_of(Arm.BASELINE)
    slow = [sample.repetition.steps[0].model_copy(update={"seconds": 4.4}) for sample in samples[-4:]]
    for position, step in zip(range(8, 12), slow, strict=True):
        repetition = samples[position].repetition
        changed = repetition.model_copy(update={"steps": [step, *repetition.steps[1:]]})
        samples[position] = samples[position].model_copy(update={"repetition": changed})
    text = describe_drift(samples, "fit")
    assert "median 4.00 s in the first third and 4.40 s in the last (+10.0 %)" in text
    assert describe_drift(samples[:3], "fit") == "3 samples, too few to see a drift"


@pytest.mark.parametrize(
    ("times", "expected"), [([1.0] * 9, 0.0), ([1.0, 2.0] * 50, -0.99), ([1.0] * 50 + [2.0] * 50, 0.98)]
)
def test_the_autocorrelation_of_known_series(times, expected):
    assert autocorrelation(times) == pytest.approx(expected, abs=0.02)


def test_the_table_has_a_row_for_every_sample():
    run = make_claim_run(pairs=9)
    rows = list_sample_rows(run, "fit")
    assert len(rows) == len(run.samples) == 18
    assert rows[0]["arm"] == run.snapshot.arms[run.samples[0].arm]
    assert rows[0]["fit [ms]"] == pytest.approx(1000 * run.samples[0].seconds("fit"), abs=0.001)


def test_pairs_are_numbered_from_1_to_their_count_without_those_of_the_warm_up():
    run = make_claim_run(pairs=9)
    run.samples = [
        sample.model_copy(update={"pair": sample.pair + 5, "phase": Phase.WARM_UP if position < 4 else sample.phase})
        for position, sample in enumerate(run.samples)
    ]
    rows = list_sample_rows(run, "fit")
    assert [row["pair"] for row in rows] == [None] * 4 + [number for number in range(1, 8) for _ in Arm]


def test_samples_are_drawn_only_when_their_section_is_open():
    closed, opened = (run_script(SCRIPT.replace("{is_open}", str(is_open))) for is_open in (False, True))
    assert not closed.dataframe and not closed.get("plotly_chart")
    assert len(opened.dataframe[0].value) == 40 and len(opened.get("plotly_chart")) == 2
    assert "in the first third" in read_page(opened)
    assert read_page(opened).count("p90 needs 64 samples and p99 needs 662 samples, there are 20") == 2
