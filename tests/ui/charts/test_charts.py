"""The figures of an artificial run: their content and units, with no, few and very many samples."""

from __future__ import annotations

import pytest

from bench.formatting import format_estimate
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase
from bench.workload.registry import load_workloads
from tests.support.modin_runs import make_modin_run
from tests.support.runs import COLOUR_SECONDS, make_colour_run, make_colour_sample, make_psnr_quality
from ui.charts import accuracy, cores, distribution, race, race_points, steps, telemetry, throughput
from ui.design.disarm import disarm_figure
from ui.design.plotly_template import TEXT_SIZE_PX, TOOL_BAR_PX


def count_markers(figure, name: str = "") -> int:
    """Number of points in the marker traces whose name contains `name`."""
    return sum(
        len(t.x)
        for t in figure.data
        if t.type == "scatter" and t.mode == "markers" and t.x is not None and name in (t.name or "")
    )


@pytest.mark.parametrize("pairs", [0, 1, 3, 100, 2000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_can_be_built_from_any_number_of_samples(pairs, theme):
    run = make_colour_run(pairs)
    for draw in (race.build_race_figure, distribution.build_distribution_figure, throughput.build_throughput_figure):
        for step in (TOTAL, "fit"):
            draw(run, step, theme).to_json()
    for draw in (
        accuracy.build_accuracy_figure,
        steps.build_steps_figure,
        cores.build_cores_figure,
        telemetry.build_telemetry_figure,
    ):
        draw(run, theme).to_json()


def test_figures_of_an_empty_run_have_axes_and_a_reason():
    run = make_colour_run(0)
    for figure in (
        race.build_race_figure(run),
        distribution.build_distribution_figure(run),
        throughput.build_throughput_figure(run),
        accuracy.build_accuracy_figure(run),
    ):
        assert figure.layout.annotations[-1].text
        assert figure.layout.xaxis.title.text


def test_race_shows_every_sample_in_the_unit_of_the_axis():
    run = make_colour_run(20)
    figure = race.build_race_figure(run)
    assert figure.layout.yaxis.title.text == "total time [ms]"
    assert figure.layout.xaxis.title.text == "time since the first pair [s]"
    assert count_markers(figure) == 42  # including 2 warm-up samples
    assert count_markers(figure, "warm-up") == 2
    raced = next(trace for trace in figure.data if trace.name == "stock scikit-learn")
    assert raced.y[0] == pytest.approx(1e3 * run.samples_of(Arm.BASELINE)[0].total_s, rel=1e-4)
    assert raced.text[0].endswith(" ms")


def test_the_time_axis_begins_with_the_pairs_and_counts_the_warm_up_that_it_leaves_out():
    run = make_colour_run(20)
    warm_up = run.samples[0]
    early = warm_up.repetition.model_copy(update={"began": -100.0})
    run.samples.insert(0, warm_up.model_copy(update={"repetition": early}))
    figure = race.build_race_figure(run)
    raced = next(trace for trace in figure.data if trace.name == "stock scikit-learn")
    first = run.samples_of(Arm.BASELINE)[0].repetition
    assert raced.x[0] == pytest.approx(first.wall_s, abs=0.001)
    assert count_markers(figure, "warm-up") == 2
    assert figure.layout.xaxis.range[0] > -2
    note = figure.layout.annotations[-1]
    assert note.text == "1 earlier warm-up sample not drawn"
    # Above the plot, in a margin that is high enough for it: no mark can be there.
    assert (note.yref, note.y, note.yanchor) == ("paper", 1, "bottom")
    assert figure.layout.margin.t >= TEXT_SIZE_PX + 4
    ratio = next(trace for trace in figure.data if trace.name == "ratio with 95 % interval")
    assert ratio.x[0] == pytest.approx(run.estimates[0].at - first.began, abs=0.001)


def test_before_the_first_pair_the_time_axis_begins_with_the_run():
    run = make_colour_run(1)
    run.samples = [sample for sample in run.samples if sample.phase is Phase.WARM_UP]
    run.statistics = run.estimates = []
    figure = race.build_race_figure(run)
    assert figure.layout.xaxis.title.text == "time since the start of the run [s]"
    assert count_markers(figure, "warm-up") == 2


def test_hover_counts_pairs_from_1_to_their_number_and_warm_up_apart():
    run = make_colour_run(20)
    hovers = [
        text for trace in race.build_race_figure(run).data if trace.mode == "markers" for text in trace.customdata
    ]
    assert sorted(hovers) == sorted(2 * (["warm-up 1"] + [f"pair {number}" for number in range(1, 21)]))


def test_race_excludes_samples_on_other_core_counts():
    run = make_colour_run(5)
    run.samples += [make_colour_sample(arm, 9, Phase.CORES, cores=2) for arm in Arm]
    run.samples += [make_colour_sample(arm, 9, Phase.WARM_UP, cores=2) for arm in Arm]
    assert count_markers(race.build_race_figure(run)) == 12


def test_ratio_shares_the_time_axis_and_has_a_line_at_one():
    figure = race.build_race_figure(make_colour_run(20))
    assert figure.layout.xaxis.anchor == "y2"
    ratio = next(trace for trace in figure.data if trace.name == "ratio with 95 % interval")
    assert ratio.yaxis == "y2" and len(ratio.x) == 3
    assert any(shape.yref == "y2" and shape.y0 == 1 for shape in figure.layout.shapes)
    low, high = figure.layout.yaxis2.range
    assert low < 1 < high


def test_many_samples_are_thinned_and_the_figure_says_so():
    run = make_colour_run(2000, far=777)
    figure = race.build_race_figure(run)
    assert count_markers(figure) <= 2 * race.MAX_RACE_POINTS + 4
    assert any("of 2,000 samples" in note.text for note in figure.layout.annotations)
    # The one very slow sample is drawn at the edge of the axis.
    assert count_markers(figure, "beyond") == 1


def test_thinning_keeps_order_and_extremes():
    points = [
        race_points.RacePoint(at=n, seconds=1 + (n == 500) - 0.5 * (n == 900), number=n, warm_up=False)
        for n in range(1000)
    ]
    thinned = race_points.thin_points(points, 100)
    assert len(thinned) <= 100
    assert [point.at for point in thinned] == sorted(point.at for point in thinned)
    assert {500, 900} <= {point.number for point in thinned}
    assert race_points.thin_points(points, 1000) == points


def test_distribution_marks_outliers_and_takes_the_box_from_the_statistics():
    run = make_colour_run(100, far=50)
    figure = distribution.build_distribution_figure(run)
    boxes = [trace for trace in figure.data if trace.type == "box"]
    assert len(boxes) == 2
    assert boxes[0].median[0] == pytest.approx(1e3 * run.comparison().baseline.median, rel=1e-4)
    assert sum(t.marker.symbol == "triangle-right-open" for t in figure.data if t.type == "scatter") == 1
    assert "[ms]" in figure.layout.xaxis.title.text


@pytest.mark.parametrize(("pairs", "boxes"), [(distribution.MIN_BOX_SAMPLES - 1, 0), (distribution.MIN_BOX_SAMPLES, 2)])
def test_few_samples_are_a_dot_strip_with_the_median_and_no_box(pairs, boxes):
    run = make_colour_run(pairs)
    figure = distribution.build_distribution_figure(run)
    assert sum(trace.type == "box" for trace in figure.data) == boxes
    medians = [trace.x[0] for trace in figure.data if trace.name == "median"]
    assert medians == (
        [] if boxes else pytest.approx([1e3 * run.comparison().summary(arm).median for arm in Arm], rel=1e-4)
    )
    assert count_markers(figure) >= 2 * pairs


def test_percentiles_of_requests_are_not_drawn_among_the_means_of_samples():
    run = make_colour_run(100)
    texts = [trace.text for trace in distribution.build_distribution_figure(run, "fit").data]
    assert texts.count(("p90",)) == 2
    run.statistics = [
        comparison.model_copy(
            update={arm.value: comparison.summary(arm).model_copy(update={"requests": 700}) for arm in Arm}
        )
        for comparison in run.statistics
    ]
    figure = distribution.build_distribution_figure(run, "fit")
    assert ("p90",) not in [trace.text for trace in figure.data]
    assert "each sample is the mean of its requests" in figure.layout.xaxis.title.text


def test_throughput_has_whiskers_and_a_unit():
    figure = throughput.build_throughput_figure(make_colour_run(20))
    assert figure.layout.xaxis.title.text == "million pixels per second"
    assert all(bar.error_x.array[0] > 0 and bar.error_x.arrayminus[0] > 0 for bar in figure.data)
    assert figure.data[1].x[0] > figure.data[0].x[0]


def test_step_ratios_have_a_log_axis_that_includes_one_and_published_marks():
    figure = steps.build_steps_figure(make_colour_run(20))
    assert figure.layout.xaxis.type == "log"
    assert 1 in figure.layout.xaxis.tickvals
    *dots, published = figure.data
    ratios = [ratio for trace in dots for ratio in trace.x]
    assert len(ratios) == 4 and all(1.9 < ratio < 2.1 for ratio in ratios)
    assert list(published.x) == [10.44, 4.0, 1.52]
    assert published.marker.symbol == "star-open"
    assert "does not name its processor" in published.customdata[0].replace("<br>", " ")


def test_published_figures_are_shown_alone_before_a_run():
    case = load_workloads()["colour-quantization"].default_case
    figure = steps.build_published_figure(case, case.published_ratios())
    assert len(figure.data) == 1 and len(figure.data[0].x) == 3


def test_accuracy_is_a_share_of_the_baseline_with_the_limit():
    figure = accuracy.build_accuracy_figure(make_colour_run(3))
    assert figure.data[-1].x[0] == pytest.approx(100 * 31.79 / 31.66, rel=1e-4)
    assert "%" in figure.layout.xaxis.title.text
    assert any("limit 99 %" in note.text for note in figure.layout.annotations)
    assert any("31.66 dB" in note.text for note in figure.layout.annotations)


def test_accuracy_has_the_interval_of_the_loss_and_the_number_of_observations():
    run = make_colour_run(3)
    run.quality = make_psnr_quality()
    markers = accuracy.build_accuracy_figure(run).data[-1]
    assert markers.x[0] == pytest.approx(103.0)
    assert (markers.error_x.array[0], markers.error_x.arrayminus[0]) == pytest.approx((2.0, 1.0))
    assert "273,280 pixels" in markers.text[0]
    assert "mean squared error -3.00 %, 95 % interval -5.00 % to -2.00 %" in markers.text[0]
    run = make_colour_run(3)
    unknown = accuracy.build_accuracy_figure(run).data[-1]
    assert unknown.error_x.array[0] == 0
    assert "number of observations not known" in unknown.text[0]


def test_arms_that_are_far_apart_have_a_log_axis(monkeypatch):
    monkeypatch.setitem(COLOUR_SECONDS, Arm.BASELINE, 0.5)
    assert race.build_race_figure(make_colour_run(10)).layout.yaxis.type == "log"


def test_telemetry_has_one_row_per_core():
    figure = telemetry.build_telemetry_figure(make_colour_run(3))
    assert len(figure.data[0].z) == 2 and list(figure.data[0].z[0]) == [50] * 5


def test_equal_results_are_counted_and_those_that_differ_are_named():
    run = make_modin_run()
    figure = accuracy.build_accuracy_figure(run)
    assert [bar.text for bar in figure.data] == ["<b>4 equal</b>", "<b>1 different</b>"]
    assert "to_parquet" in figure.layout.annotations[0].text


def test_many_steps_have_low_rows_with_their_ratios_beside_them(monkeypatch):
    run = make_modin_run()
    tall = steps.build_steps_figure(run)
    monkeypatch.setattr(steps, "MAX_TALL_ROWS", 3)
    crowded = steps.build_steps_figure(run)
    assert crowded.layout.height < tall.layout.height
    texts = [note.text for note in crowded.layout.annotations]
    ratios = {format_estimate(comparison.ratio) for comparison in run.statistics}
    assert ratios <= set(texts) and not ratios & {note.text for note in tall.layout.annotations}


def test_the_note_about_samples_that_are_not_drawn_has_no_tag_that_is_shown_as_text():
    figure = distribution.build_distribution_figure(make_colour_run(distribution.MAX_DISTRIBUTION_POINTS + 1))
    assert f"{distribution.MAX_DISTRIBUTION_POINTS} of" in figure.layout.xaxis.title.text
    assert disarm_figure(figure) is figure


def test_the_tool_bar_has_the_right_margin_of_the_steps_chart_for_itself():
    margin = steps.build_steps_figure(make_colour_run(20)).layout.margin
    assert margin.r >= TOOL_BAR_PX, "on a phone the bar would cover the key"
