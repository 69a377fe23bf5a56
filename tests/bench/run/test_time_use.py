"""What the page and the command line say about the time of a run."""

from __future__ import annotations

import pytest

from bench.run.time_use import describe_activities, describe_stages, describe_time_use, measure_stage_s
from bench.run.timeline import measure_paired_s
from tests.support.runs import make_colour_run
from tests.support.timelines import make_timeline_run


def test_the_sentence_has_the_whole_time_the_first_pair_and_the_share_of_samples():
    run = make_timeline_run()
    share = measure_paired_s(run.samples) / 9.0
    assert 0.3 < share < 0.6
    assert describe_time_use(run) == (
        "12.0 s from the start of the run to its end; the first pair began after 3.0 s; "
        f"{100 * share:.0f} % of the time from then on is samples of pairs"
    )


def test_before_its_end_the_sentence_says_so_far():
    assert describe_time_use(make_timeline_run(until=1.5)) == "1.5 s from the start of the run so far, without a pair"
    assert "s from the start of the run so far; the first pair began after 3.0 s" in describe_time_use(
        make_timeline_run(until=5)
    )


def test_a_run_without_a_timeline_has_no_sentence():
    run = make_colour_run(3)
    run.timeline = []
    assert describe_time_use(run) == ""


def test_stages_have_their_seconds_also_the_present_one():
    assert describe_stages(make_timeline_run()) == (
        "preparing 2.0 s, warming up 1.0 s, racing 4.0 s, checking the results 3.0 s, trying core counts 2.0 s"
    )
    assert describe_stages(make_timeline_run(until=9.7)).endswith("checking the results 2.7 s")
    assert measure_stage_s(make_timeline_run(until=9.7)) == pytest.approx(2.7)


def test_activities_are_those_of_both_arms_and_the_share_is_the_smaller():
    text, share = describe_activities(make_timeline_run(until=8.5))
    assert text == ("baseline measuring accuracy: 30 of 40 pictures, accelerated measuring accuracy: 10 of 40 pictures")
    assert share == 0.25
    assert describe_activities(make_timeline_run(until=9.7)) == ("", None)
