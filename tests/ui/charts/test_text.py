"""Every text in a chart can be read: at least 13 px high, and with a contrast of 4.5 to 1 in both themes."""

import re
import tomllib
from collections.abc import Callable

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from bench.paths import ROOT
from bench.run.record import Run
from tests.support.contrast import MIN_TEXT_CONTRAST, compute_contrast, list_fonts
from tests.support.runs import make_claim_run, make_colour_run, make_psnr_quality
from ui.charts import (
    accuracy,
    cores,
    distribution,
    drift,
    ecdf,
    live_race,
    race,
    steps,
    telemetry,
    throughput,
    timeline,
)
from ui.design.plotly_template import TEXT_SIZE_PX, template_name
from ui.design.theme import PALETTES, Theme

THEMES: tuple[Theme, ...] = ("light", "dark")
MIN_TEXT_PX = 13
FIGURES: dict[str, Callable[[Run, Theme], go.Figure]] = {
    "accuracy": lambda run, theme: accuracy.build_accuracy_figure(run, theme),
    "cores": lambda run, theme: cores.build_cores_figure(run, theme),
    "distribution": lambda run, theme: distribution.build_distribution_figure(run, "total", theme),
    "drift": lambda run, theme: drift.build_drift_figure(run, "total", theme),
    "ecdf": lambda run, theme: ecdf.build_ecdf_figure(run, "total", theme),
    "race": lambda run, theme: race.build_race_figure(run, "total", theme),
    "steps": lambda run, theme: steps.build_steps_figure(run, theme),
    "telemetry": lambda run, theme: telemetry.build_telemetry_figure(run, theme),
    "throughput": lambda run, theme: throughput.build_throughput_figure(run, "total", theme),
    "timeline": lambda run, theme: timeline.build_timeline_figure(run, theme),
}
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]


def assert_readable(where: str, font: dict, theme: Theme, background: str) -> None:
    assert font.get("size", MIN_TEXT_PX) >= MIN_TEXT_PX, where
    if (colour := font.get("color")) and not re.fullmatch("#[0-9A-Fa-f]{6}", str(colour)):
        pytest.fail(f"{where} has the colour {colour}, whose contrast is not known")
    if colour:
        assert compute_contrast(colour, background) >= MIN_TEXT_CONTRAST, where


@pytest.mark.parametrize("theme", THEMES)
def test_the_template_sets_size_and_colour_of_every_text(theme):
    layout = pio.templates[template_name(theme)].layout.to_plotly_json()
    assert layout["font"]["size"] >= MIN_TEXT_PX and layout["font"]["color"]
    fonts = list(list_fonts(layout))
    assert len(fonts) >= 8
    for where, font in fonts:
        assert_readable(where, font, theme, PALETTES[theme].background)
    assert compute_contrast(layout["modebar"]["color"], layout["modebar"]["bgcolor"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_text_of_a_figure_can_be_read(name, theme):
    run = make_colour_run(70)
    run.quality = make_psnr_quality()
    content = FIGURES[name](run, theme).to_plotly_json()
    content["layout"].pop("template")
    for position, trace in enumerate(content["data"]):
        # Text inside a bar is on the bar's colour.
        fill = trace.get("marker", {}).get("color") if trace["type"] == "bar" else None
        solid = isinstance(fill, str) and fill.startswith("#")
        for where, font in list_fonts(trace):
            assert_readable(f"trace {position}{where}", font, theme, fill if solid else PALETTES[theme].background)
    for where, font in list_fonts(content["layout"]):
        assert_readable(where, font, theme, PALETTES[theme].background)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_of_the_live_chart_can_be_read(theme):
    svg = live_race.build_live_race_svg(make_claim_run(), "total", theme)
    assert f'font-size="{TEXT_SIZE_PX}"' in svg and TEXT_SIZE_PX >= MIN_TEXT_PX
    assert "font-size" not in re.sub("^<svg[^>]*>", "", svg), "no text has a size of its own"
    colours = set(re.findall('<text[^>]* fill="(#[0-9A-Fa-f]{6})"', svg)) | set(
        re.findall('^<svg[^>]* fill="([^"]+)"', svg)
    )
    assert len(colours) >= 3
    for colour in colours:
        assert compute_contrast(colour, PALETTES[theme].background) >= MIN_TEXT_CONTRAST, colour


@pytest.mark.parametrize("theme", THEMES)
def test_texts_of_pages_can_be_read_on_every_background(theme):
    config, sidebar = CONFIG[theme], CONFIG[theme]["sidebar"]
    backgrounds = [config[name] for name in ("backgroundColor", "secondaryBackgroundColor", "codeBackgroundColor")]
    backgrounds += [sidebar[name] for name in ("backgroundColor", "secondaryBackgroundColor")]
    for name in ("textColor", "linkColor", "grayTextColor", "codeTextColor", "dataframeHeaderTextColor"):
        for background in backgrounds:
            assert compute_contrast(config[name], background) >= MIN_TEXT_CONTRAST, (name, background)
    assert compute_contrast(config["grayTextColor"], config["grayBackgroundColor"]) >= MIN_TEXT_CONTRAST
    assert compute_contrast("#FFFFFF", config["primaryColor"]) >= MIN_TEXT_CONTRAST, "the label of a primary button"


@pytest.mark.parametrize("theme", THEMES)
def test_the_arms_can_be_read_as_text_and_on_their_fill(theme):
    palette = PALETTES[theme]
    for colour in palette.series:
        assert compute_contrast(colour, palette.background) >= MIN_TEXT_CONTRAST, colour
    for colour in palette.series[:2]:
        assert compute_contrast(palette.text_on_arm, colour) >= MIN_TEXT_CONTRAST, colour
