"""Percentiles next to the latency and in the table of the steps, and why they are missing."""

import pytest

from tests.support.pages import read_page, run_script

SCRIPT = """
import streamlit as st
from tests.support.runs import make_claim_run
from ui.run_view.results import draw_steps, draw_three_charts

st.session_state["key-charts"] = True
run = make_claim_run(pairs={pairs})
draw_three_charts(run, "fit", "key", "light")
draw_steps(run, "key", "light")
"""


@pytest.mark.parametrize(
    ("pairs", "columns", "words"),
    [
        (20, [], "p90 needs 64 samples and p99 needs 662 samples, there are 20"),
        (70, ["p90"], "p99 needs 662 samples, there are 70"),
        (662, ["p90", "p99"], ""),
    ],
)
def test_percentiles_are_shown_from_their_sample_counts_on(pairs, columns, words):
    app = run_script(SCRIPT.replace("{pairs}", str(pairs)))
    table = app.table[0].value
    assert [name for name in table.columns if name in ("p90", "p99")] == columns
    assert all(cell.count(" s ") == 1 and cell.endswith(" s") for name in columns for cell in table[name])
    page = read_page(app)
    # Below the latency of each arm, and below the table.
    assert page.count(words) == 3 if words else "needs" not in page
