"""The colours and the chart template agree with the theme in `.streamlit/config.toml`."""

import tomllib

import plotly.graph_objects as go
import pytest

from bench.paths import ROOT
from bench.values.base import Arm
from ui.design.page_style import CODE_COLOURS, SELECTED_COLOURS
from ui.design.plotly_template import FONT_FAMILY, new_figure
from ui.design.theme import PALETTES, arm_style, line_colours

CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]


def test_the_arms_differ_in_more_than_colour():
    for theme in ("light", "dark"):
        baseline, accelerated = (arm_style(arm, theme) for arm in Arm)
        for name in ("colour", "symbol", "warm_up_symbol", "dash", "pattern", "glyph"):
            assert getattr(baseline, name) != getattr(accelerated, name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_are_those_of_the_theme(theme):
    palette, config = PALETTES[theme], CONFIG[theme]
    assert list(palette.series) == config["chartCategoricalColors"]
    assert [arm_style(arm, theme).colour for arm in Arm] == config["chartCategoricalColors"][:2]
    assert not {arm_style(arm, theme).colour for arm in Arm} & set(line_colours(theme))
    assert (palette.ink, palette.label) == (config["textColor"], config["grayTextColor"])
    assert (palette.background, palette.border) == (config["backgroundColor"], config["borderColor"])
    assert CODE_COLOURS[theme] == config["codeTextColor"]
    assert SELECTED_COLOURS[theme] == config["primaryColor" if theme == "light" else "linkColor"]


def test_the_font_is_that_of_the_theme():
    assert CONFIG["font"] == FONT_FAMILY


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_has_the_look_of_its_theme_and_keeps_what_it_sets_itself(theme):
    figure = new_figure(theme, 200, [{"type": "bar", "x": [1], "y": [1]}], {"legend": {"x": 1}})
    assert isinstance(figure, go.Figure) and len(figure.data) == 1
    shared = figure.layout.template.layout
    assert shared.paper_bgcolor == PALETTES[theme].background
    assert (figure.layout.height, figure.layout.legend.x, shared.legend.orientation) == (200, 1, "h")
