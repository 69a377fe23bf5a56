"""The empirical distribution of both arms."""

import re

import pytest

from bench.values.base import Arm
from tests.support.runs import make_colour_run
from ui.charts import ecdf


def get_curves(figure) -> dict[str, tuple[list[float], list[float]]]:
    return {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}


@pytest.mark.parametrize("pairs", [3, 7, 24, 2000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_rise_from_0_to_100_percent_over_every_sample(pairs, theme):
    run = make_colour_run(pairs)
    curves = get_curves(ecdf.build_ecdf_figure(run, "fit", theme))
    assert set(curves) == set(run.snapshot.arms.values())
    for arm in Arm:
        x, y = curves[run.snapshot.arms[arm]]
        assert (y[0], y[-1]) == (0, 100)
        assert x == sorted(x) and y == sorted(y)
        assert len(x) <= ecdf.MAX_CURVE_POINTS + 4
        fit_ms = sorted(1e3 * sample.seconds("fit") for sample in run.samples_of(arm))
        assert x[1] == pytest.approx(fit_ms[0], rel=1e-4)
        assert x[-2] == pytest.approx(fit_ms[-1], rel=1e-4)


def test_half_of_the_samples_are_below_the_median():
    run = make_colour_run(25)
    x, y = get_curves(ecdf.build_ecdf_figure(run, "fit"))[run.snapshot.arms[Arm.BASELINE]]
    at_half = next(time for time, share in zip(x, y, strict=True) if share >= 50)
    comparison = run.comparison("fit")
    assert comparison and at_half == pytest.approx(1e3 * comparison.baseline.median, rel=1e-4)


def test_no_sample_is_beyond_the_axis_and_far_ones_make_it_logarithmic():
    near, far = (ecdf.build_ecdf_figure(make_colour_run(30, far=far)) for far in (None, 7))
    assert near.layout.xaxis.type is None
    assert far.layout.xaxis.type == "log" and far.layout.xaxis.title.text.endswith(", log")
    low, high = (10**end for end in far.layout.xaxis.range)
    assert all(0.999 * low <= time <= 1.001 * high for trace in far.data for time in trace.x)


def test_every_curve_has_its_name_and_median_beside_it_and_no_legend():
    run = make_colour_run(20)
    figure = ecdf.build_ecdf_figure(run)
    assert figure.layout.showlegend is False
    texts = [re.sub("<br>|[- ]", "", note.text) for note in figure.layout.annotations]
    for arm in Arm:
        name = re.sub("[- ]", "", run.snapshot.arms[arm])
        assert any(f"<b>{name}</b>median" in text for text in texts)
    slower, faster = figure.layout.annotations
    assert (slower.xanchor, faster.xanchor) == ("left", "right"), "outside of both curves, where nothing is drawn"


def test_a_run_without_pairs_says_so():
    assert ecdf.build_ecdf_figure(make_colour_run(0)).layout.annotations[0].text == "No pairs yet"
