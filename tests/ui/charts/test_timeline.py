"""The chart of what a run did when."""

from __future__ import annotations

import pytest

from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.runs import make_colour_run, make_colour_sample
from tests.support.timelines import make_timeline_run
from ui.charts.timeline import (
    MAX_STRETCHES,
    PHASE_NAMES,
    PHASE_PATTERNS,
    build_timeline_figure,
    list_lanes,
    merge_samples,
)


def find_trace(figure, name: str):
    return next(trace for trace in figure.data if trace.name == name)


def read_bars(trace) -> list[tuple[str, float, float]]:
    """Name, beginning and end of each bar."""
    return [(name, base, base + x) for name, base, x in zip(trace.text, trace.base, trace.x, strict=True)]


def test_stages_and_activities_have_their_names_and_durations():
    figure = build_timeline_figure(make_timeline_run())
    assert read_bars(find_trace(figure, "stages")) == [
        ("preparing", 0, 2),
        ("warming up", 2, 3),
        ("racing", 3, 7),
        ("checking the results", 7, 10),
        ("trying core counts", 10, 12),
    ]
    baseline = find_trace(figure, "stock scikit-learn")
    assert read_bars(baseline) == [
        ("importing the libraries", 0.5, 1.5),
        ("measuring accuracy", 8, 9),
        ("first call", 10, 12),
    ]
    assert list(baseline.customdata) == ["1.00 s", "1.00 s", "2.00 s"]
    assert figure.layout.xaxis.title.text == "time since the start of the run [s]"


def test_what_still_lasts_ends_at_the_last_event():
    figure = build_timeline_figure(make_timeline_run(until=8.5))
    assert read_bars(find_trace(figure, "stages"))[-1] == ("checking the results", 7, 8)
    run = make_timeline_run(until=9.7)
    assert read_bars(find_trace(build_timeline_figure(run), "stages"))[-1] == (
        "checking the results",
        7,
        pytest.approx(9.7),
    )


def test_every_arm_and_core_count_has_a_lane():
    run = make_timeline_run()
    assert list_lanes(run) == [(Arm.BASELINE, 1), (Arm.ACCELERATED, 1), (Arm.BASELINE, 2), (Arm.ACCELERATED, 2)]
    axis = build_timeline_figure(run).layout.yaxis
    assert axis.ticktext == (
        "run",
        "○ baseline, 1 core",
        "◆ accelerated, 1 core",
        "○ baseline, 2 cores",
        "◆ accelerated, 2 cores",
    )
    assert axis.tickvals == (4, 3, 2, 1, 0)


def test_samples_are_marks_in_the_colour_and_pattern_of_their_phase():
    run = make_timeline_run()
    figure = build_timeline_figure(run)
    drawn = [find_trace(figure, PHASE_NAMES[phase]) for phase in (Phase.WARM_UP, Phase.RACE, Phase.CORES)]
    assert [len(trace.x) for trace in drawn] == [2, 80, 2]
    assert len({trace.marker.color for trace in drawn}) == 3
    assert len({trace.marker.pattern.shape for trace in drawn}) == 3
    first = run.samples_of(Arm.BASELINE)[0].repetition
    assert drawn[1].base[0] == pytest.approx(first.began, abs=1e-3)
    assert drawn[1].x[0] == pytest.approx(first.wall_s, abs=1e-3)


def test_phases_have_different_patterns():
    assert set(PHASE_PATTERNS) == set(PHASE_NAMES) == set(Phase)
    assert len(set(PHASE_PATTERNS.values())) == len(Phase)


def make_samples(count: int, pause_after: int | None = None, pause_s: float = 5.0):
    at, samples = 0.0, []
    for pair in range(count):
        sample = make_colour_sample(Arm.BASELINE, pair)
        samples.append(sample.model_copy(update={"repetition": sample.repetition.model_copy(update={"began": at})}))
        at += 0.1 + pause_s * (pair == pause_after)
    return samples, at


def test_few_samples_are_single_marks():
    samples, until = make_samples(20)
    stretches = merge_samples(samples, until)
    assert [stretch.count for stretch in stretches] == [1] * 20


def test_many_samples_share_marks_and_none_is_lost():
    samples, until = make_samples(1001)
    stretches = merge_samples(samples, until)
    assert len(stretches) <= MAX_STRETCHES
    assert sum(stretch.count for stretch in stretches) == 1001
    assert sum(stretch.sampled_s for stretch in stretches) == pytest.approx(
        sum(sample.repetition.wall_s for sample in samples)
    )


def test_a_mark_does_not_cross_a_pause_or_a_phase():
    samples, until = make_samples(601, pause_after=300)
    stretches = merge_samples(samples, until)
    assert all(stretch.ended - stretch.began < 1 for stretch in stretches)
    warm_up = [sample.model_copy(update={"phase": Phase.WARM_UP}) for sample in samples[:7]]
    phases = [stretch.phase for stretch in merge_samples(warm_up + samples[7:], until)]
    assert phases[:2] == [Phase.WARM_UP] * 2 and set(phases[2:]) == {Phase.RACE}


def test_a_run_at_its_very_start_can_be_drawn():
    figure = build_timeline_figure(make_colour_run(0), "dark")
    assert read_bars(find_trace(figure, "stages")) == [("preparing", 0, 0)]
