"""Bars of a number: honest ones begin at 0, and those of a trick carry its mark inside of the figure."""

import pytest

from bench.claims.tricks.catalogue import TRICKS
from bench.run.outcome import TRICK_MARK
from tests.support.contrast import MIN_TEXT_CONTRAST, compute_contrast
from tests.support.recorded_race import load_recorded_race
from tests.support.runs import make_colour_run
from ui.charts.presentation import build_presentation_figure
from ui.charts.throughput import build_throughput_figure
from ui.design.theme import PALETTES, trick_colour


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_the_figure_of_a_trick_has_the_mark_and_that_of_the_run_has_not(trick):
    tricked = trick.apply(load_recorded_race())
    figure = build_presentation_figure(tricked.quoted, is_trick=True)
    assert TRICK_MARK.upper() in figure.layout.title.text
    colours = {trace.marker.line.color for trace in figure.data}
    assert colours == {trick_colour("light")}
    honest = build_presentation_figure(tricked.honest, is_trick=False)
    assert TRICK_MARK.upper() not in honest.to_json()
    assert honest.layout.xaxis.range[0] == 0 and all(trace.base == 0 for trace in honest.data)


def test_bars_begin_at_0():
    assert build_throughput_figure(make_colour_run(8)).layout.xaxis.rangemode == "tozero"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_mark_can_be_read(theme):
    assert compute_contrast(trick_colour(theme), PALETTES[theme].background) >= MIN_TEXT_CONTRAST
