"""Samples against the arm's median over time."""

import pytest

from bench.values.base import Arm
from tests.support.runs import make_colour_run, make_colour_sample
from ui.charts import drift


@pytest.mark.parametrize("pairs", [3, 24, 2000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_arms_have_their_samples_and_a_running_median_around_100_percent(pairs, theme):
    run = make_colour_run(pairs)
    figure = drift.build_drift_figure(run, "fit", theme)
    running = {trace.name: list(trace.y) for trace in figure.data if trace.mode == "lines"}
    assert set(running) == {f"{name}, running median" for name in run.snapshot.arms.values()}
    for percents in running.values():
        assert all(95 < percent < 105 for percent in percents)
    drawn = [len(trace.x) for trace in figure.data if trace.mode == "markers"]
    assert len(drawn) == 2 and max(drawn) <= drift.MAX_SAMPLES
    assert {note.text.split()[0] for note in figure.layout.annotations} == {"○", "◆"}


def test_a_drift_of_one_arm_is_seen_in_its_running_median_alone():
    run = make_colour_run(60)
    for pair in range(1, 61):
        run.samples[2 * pair + 1] = make_colour_sample(Arm.ACCELERATED, pair, factor=1 + pair / 60)
    figure = drift.build_drift_figure(run, "fit")
    steady, drifting = ([*trace.y] for trace in figure.data if trace.mode == "lines")
    assert max(steady) / min(steady) < 1.05
    assert drifting[-1] / drifting[0] > 1.5


def test_a_sample_beyond_the_axis_is_a_triangle_at_its_edge():
    figure = drift.build_drift_figure(make_colour_run(30, far=7))
    samples = next(trace for trace in figure.data if trace.mode == "markers")
    assert max(samples.y) == drift.MAX_PERCENT
    assert list(samples.marker.symbol).count("triangle-up-open") == 1


@pytest.mark.parametrize(("times", "expected"), [([5.0], [5.0]), ([1, 9, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])])
def test_the_running_median_ignores_a_single_slow_sample(times, expected):
    assert drift.compute_running_median(times) == expected


def test_a_run_whose_samples_are_gone_or_took_no_time_has_a_note_instead_of_a_drift():
    run = make_colour_run(12)
    run.samples = []
    assert not drift.build_drift_figure(run, "fit").data
    run = make_colour_run(12)
    run.statistics = [
        comparison.model_copy(update={"baseline": comparison.baseline.model_copy(update={"median": 0.0})})
        for comparison in run.statistics
    ]
    assert not drift.build_drift_figure(run, "fit").data
