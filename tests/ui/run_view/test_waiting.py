"""What the page of a run shows while something other than sampling happens, and where the time went."""

from __future__ import annotations

import re

import pytest

from bench.run.timeline import measure_stages
from tests.support.pages import read_labels, run_script
from tests.support.timelines import SKIPPED, make_timeline_run
from ui.run_view.phases import describe_phase, measure_progress

LIVE = """
from tests.support.timelines import make_timeline_run
from ui.run_view.view import draw_run

draw_run(make_timeline_run(until={until}), key="key", live=True)
"""
TIME_USE = """
import streamlit as st
from tests.support.runs import make_colour_run
from tests.support.timelines import make_timeline_run
from ui.run_view.time_use import draw_time_use

run = make_timeline_run()
if not {has_timeline}:
    run.timeline = []
st.session_state["key-time-use"] = {is_open}
draw_time_use(run, "key", "light", live=False)
"""


def list_images(app) -> list[str]:
    """The descriptions of the images."""
    return [image.alt for element in app.get("image") for image in element.proto.imgs]


def draw_live(until: float):
    app = run_script(LIVE.replace("{until}", str(until)))
    return app, read_labels(app) + "\n".join(str(metric.delta) for metric in app.metric)


def list_bars(app) -> list[tuple[int, str]]:
    """The percentage and the name of each progress bar."""
    found = re.findall(
        r'aria-label="(.*?)".*?aria-valuenow="(\d+)"', "".join(html.proto.body for html in app.get("html"))
    )
    return [(int(percent), name) for name, percent in found]


def test_while_the_pairs_are_taken_accuracy_and_evidence_are_announced():
    app, text = draw_live(5)
    assert "measured after the pairs" in text
    assert "evidence after the pairs" in text
    assert not list_bars(app)


def test_during_the_first_pair_the_cards_show_the_last_sample_of_each_arm():
    app = run_script(
        """
from bench.run.events import State
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.runs import make_claim_run, make_claim_sample
from ui.run_view.view import draw_run

run = make_claim_run(pairs=2)
run.samples = run.samples[:1]
run.samples[:0] = [make_claim_sample(arm, 0, 9.0, phase=Phase.WARM_UP) for arm in Arm]
run.state, run.statistics, run.quality = State.RACING, [], None
draw_run(run, key="key", live=True)
"""
    )
    assert [metric.delta for metric in app.metric][:2] == ["last 4.98 s", "warm-up, last 10.0 s"]


def test_after_the_pairs_the_result_and_the_progress_of_each_arm_are_shown():
    app, text = draw_live(8.5)
    assert "checking the results" in text
    assert "from 40 pairs. Whether this supports a claim is decided at the end of the run." in text
    assert "being measured" in text
    [baseline, accelerated] = list_bars(app)
    assert (baseline, accelerated) == ((75, "Progress of the baseline arm"), (25, "Progress of the accelerated arm"))
    words = text.replace("\\", "")
    assert "baseline measuring accuracy: 30 of 40 pictures" in words
    assert "accelerated measuring accuracy: 10 of 40 pictures" in words


def test_the_chart_of_a_live_run_is_an_image_and_that_of_the_steps_follows_the_pairs():
    racing, _ = draw_live(5)
    assert list_images(racing) == ["Samples of both arms over time, total time"]
    assert not racing.get("plotly_chart")
    checking, _ = draw_live(8.5)
    [description] = list_images(checking)
    assert description.startswith("Samples of both arms over time, total time; ratio ")
    assert [chart.proto.alt for chart in checking.get("plotly_chart")] == [
        "Ratio of every step with its interval, and published ratios"
    ]


def test_an_activity_of_unknown_share_has_no_bar():
    app, text = draw_live(1.2)
    assert "baseline importing the libraries" in text and "accelerated importing the libraries" in text
    assert not list_bars(app)


def test_the_phase_its_duration_and_those_that_follow_are_named():
    _, text = draw_live(9.7)
    assert "**Check the results**, 3 s. Then: try other core counts, measure the noise" in text


def test_with_a_run_like_it_the_bar_shows_how_much_is_done_and_what_is_expected():
    run = make_timeline_run(until=5)
    expected = measure_stages(make_timeline_run().timeline, 12.0)
    assert describe_phase(run, expected) == (
        "**Race**, 2 of about 4 s. Then: check the results 3 s, try other core counts 2 s"
    )
    assert measure_progress(run, expected) == pytest.approx(5 / 12, abs=0.05)
    assert measure_progress(run, {}) is None


def test_the_reason_for_a_skipped_core_count_is_shown():
    app = run_script(
        """
import streamlit as st
from tests.support.timelines import make_timeline_run
from ui.run_view.core_counts import draw_core_counts

st.session_state["key-core-counts"] = True
draw_core_counts(make_timeline_run(), "key", "light")
"""
    )
    assert f"4 cores not tried: {SKIPPED}." in read_labels(app)


def draw_time_use(has_timeline: bool = True, is_open: bool = True):
    return run_script(TIME_USE.replace("{has_timeline}", str(has_timeline)).replace("{is_open}", str(is_open)))


def test_an_open_section_has_the_sentence_and_the_chart_with_its_description():
    app = draw_time_use()
    text = app.markdown[0].value.replace("\\", "")
    assert "12.0 s from the start of the run to its end; the first pair began after 3.0 s" in text
    [chart] = app.get("plotly_chart")
    assert "preparing 2.0 s, warming up 1.0 s, racing 4.0 s" in chart.proto.alt


def test_a_closed_section_draws_nothing():
    app = draw_time_use(is_open=False)
    assert [expander.label for expander in app.expander] == ["Where the time went"]
    assert not app.get("plotly_chart")


def test_a_run_without_a_timeline_has_no_section():
    assert not draw_time_use(has_timeline=False).expander
