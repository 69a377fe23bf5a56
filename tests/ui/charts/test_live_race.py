"""The image of a race while the arms are timed."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench.formatting import format_estimate, format_median
from bench.stats.comparison import compare_samples
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.runs import make_colour_run
from tests.support.timelines import make_timeline_run
from ui.charts.live_race import MAX_POINTS, RATIO_PX, TIMES_PX, WARM_UP_OPACITY, Axis, build_live_race_svg
from ui.design.theme import PALETTES, arm_style

SVG = "{http://www.w3.org/2000/svg}"


def parse_svg(run, step="total", theme="light") -> ET.Element:
    return ET.fromstring(build_live_race_svg(run, step, theme))


def read_texts(image: ET.Element) -> list[str]:
    return [text.text or "" for text in image.iter(f"{SVG}text")]


def list_markers(image: ET.Element, arm: Arm) -> list[ET.Element]:
    """The markers of an arm, with its warm-up samples."""
    tag = "circle" if arm is Arm.BASELINE else "path"
    colour = arm_style(arm, "light").colour
    return [marker for marker in image.iter(f"{SVG}{tag}") if colour in (marker.get("stroke"), marker.get("fill"))]


@pytest.mark.parametrize("pairs", [0, 1, 3, 100, 2000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_image_can_be_drawn_from_any_number_of_samples(pairs, theme):
    run = make_colour_run(pairs)
    for step in ("total", "fit"):
        assert PALETTES[theme].label in build_live_race_svg(run, step, theme)
        parse_svg(run, step, theme)


def test_every_sample_is_a_marker_and_those_of_the_warm_up_are_pale():
    image = parse_svg(make_timeline_run(until=7))
    for arm in Arm:
        opacities = [float(marker.get("opacity", 0)) for marker in list_markers(image, arm)]
        assert len(opacities) == 41 and opacities.count(WARM_UP_OPACITY) == 1


def test_a_marker_is_where_its_sample_is_on_both_axes():
    run = make_timeline_run(until=7)
    [*_, last] = list_markers(parse_svg(run), Arm.BASELINE)
    total_s = run.samples_of(Arm.BASELINE)[-1].total_s
    height = (TIMES_PX[1] - float(last.get("cy", 0))) / (TIMES_PX[1] - TIMES_PX[0])
    longest_s = max(sample.total_s for sample in run.samples)
    assert height == pytest.approx(total_s / (1.08 * longest_s), abs=0.01)
    assert 80 < float(last.get("cx", "0%").rstrip("%")) < 88


def test_units_medians_and_the_ratio_are_written():
    run = make_timeline_run(until=7)
    texts = read_texts(parse_svg(run))
    assert "total time [ms]" in texts and "time since the first pair [s]" in texts
    total = run.comparison()
    assert f"○ {format_median(total.baseline)}" in texts and f"◆ {format_median(total.accelerated)}" in texts
    assert format_estimate(total.ratio) in texts


def test_warm_up_long_before_the_pairs_is_counted_instead_of_drawn():
    run = make_timeline_run(until=7)
    assert not [text for text in read_texts(parse_svg(run)) if "not drawn" in text]
    early = [sample for sample in run.samples if sample.phase is Phase.WARM_UP]
    run.samples = [
        sample.model_copy(update={"repetition": sample.repetition.model_copy(update={"began": -60.0})})
        if sample in early
        else sample
        for sample in run.samples
    ]
    image = parse_svg(run)
    assert "time since the first pair [s]; 2 earlier warm-up samples not drawn" in read_texts(image)
    assert all(len(list_markers(image, arm)) == 40 for arm in Arm)


def test_the_number_of_markers_is_bounded():
    image = parse_svg(make_colour_run(2000))
    assert all(0 < len(list_markers(image, arm)) <= MAX_POINTS + 4 for arm in Arm)


def test_samples_on_other_core_counts_are_excluded():
    before, after = make_timeline_run(until=10), make_timeline_run(until=10.9)
    assert {sample.phase for sample in after.samples[len(before.samples) :]} == {Phase.CORES}
    for arm in Arm:
        assert len(list_markers(parse_svg(before), arm)) == len(list_markers(parse_svg(after), arm))


def test_a_run_without_samples_says_when_there_will_be_some():
    assert "The first sample appears when both arms are ready" in read_texts(parse_svg(make_colour_run(0)))


def test_the_labels_of_equal_medians_do_not_overlap():
    run = make_timeline_run(until=7)
    same = [sample.model_copy(update={"arm": arm}) for sample in run.samples_of(Arm.BASELINE) for arm in Arm]
    run.statistics = compare_samples(same, work=1)
    heights = [float(text.get("y", 0)) for text in parse_svg(run).iter(f"{SVG}text") if (text.text or "")[0] in "○◆"]
    assert len(heights) == 2 and abs(heights[0] - heights[1]) >= 12


def test_far_apart_arms_have_a_logarithmic_axis():
    run = make_timeline_run(until=7)
    [total, *_] = run.statistics
    run.statistics = [total.model_copy(update={"ratio": total.ratio.model_copy(update={"value": 40.0, "high": 41.0})})]
    assert "total time [ms], log" in read_texts(parse_svg(run))


def test_a_sample_beyond_the_axis_is_a_triangle_at_its_end():
    assert "△" not in read_texts(parse_svg(make_colour_run(30)))
    assert read_texts(parse_svg(make_colour_run(30, far=7))).count("△") == 1


def test_markers_stay_inside_their_plots():
    image = parse_svg(make_colour_run(30, far=7))
    for circle in image.iter(f"{SVG}circle"):
        y = float(circle.get("cy", 0))
        assert TIMES_PX[0] <= y <= TIMES_PX[1] or RATIO_PX[0] <= y <= RATIO_PX[1]


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0.0, 0.065, 0, 1), [0, 0.02, 0.04, 0.06]),
        (Axis(0.98, 1.31, 0, 1), [1, 1.1, 1.2, 1.3]),
        (Axis(2.0, 33.0, 0, 1), [10, 20, 30]),
    ],
)
def test_ticks_are_round_numbers_inside_the_axis(axis, ticks):
    assert axis.ticks() == pytest.approx(ticks)


def test_an_axis_places_its_ends_and_clips_values_beyond_them():
    axis = Axis(1.0, 100.0, 200.0, 0.0, logarithmic=True)
    assert [axis.place(value) for value in (1, 10, 100, 1000)] == pytest.approx([200, 100, 0, 0])
