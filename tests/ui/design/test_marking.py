"""The mark of a replay is in every picture and over the whole region, also if the machine's name is hostile."""

from __future__ import annotations

import re
from typing import get_args
from urllib.parse import unquote
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from tests.support.hostile import HOSTILE_TEXT
from tests.support.pages import run_script
from ui.design.disarm import disarm_figure
from ui.design.marking import (
    MAX_LINES,
    TILE_PX,
    build_region_style,
    current_mark,
    keep_mark,
    mark_drawings,
    mark_figure,
    wrap_mark,
)
from ui.design.theme import Theme

MARK = "Recorded on 2026-12-01 on Intel Xeon Platinum 8481C"


@pytest.mark.parametrize("theme", get_args(Theme))
def test_a_figure_has_the_mark_inside_and_the_original_does_not(theme):
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]))
    marked = mark_figure(figure, MARK, theme)
    (annotation,) = marked.layout.annotations
    assert " ".join(re.split("<br>", annotation.text.removeprefix("<b>").removesuffix("</b>"))) == MARK
    assert 0 < annotation.x < 1 and 0 < annotation.y < 1 and annotation.xref == annotation.yref == "paper"
    assert not figure.layout.annotations


def test_a_hostile_name_stays_text_in_a_figure():
    marked = disarm_figure(mark_figure(go.Figure(), f"Recorded on <a href='javascript:x'>{HOSTILE_TEXT}", "light"))
    assert "<a" not in marked.layout.annotations[0].text


def test_every_region_of_twice_a_tile_has_the_whole_text():
    assert TILE_PX[0] * 2 <= 400 and TILE_PX[1] * 2 <= 200
    assert " ".join(wrap_mark(MARK)) == MARK
    assert len(wrap_mark("x " * 500)) <= MAX_LINES


@pytest.mark.parametrize("mark", [MARK, HOSTILE_TEXT, "</style><script>alert(1)</script>", "a\"')}b{", "&<>"])
def test_the_tile_is_an_image_and_nothing_else(mark):
    style = build_region_style(mark, "some-key")
    urls = set(re.findall(r'url\("data:image/svg\+xml,([^"]*)"\)', style))
    assert len(urls) == 2, "the text and its edge"
    for url in urls:
        assert re.fullmatch(r"[\w%./~-]+", url)
        root = ElementTree.fromstring(unquote(url))
        assert "".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")).replace(" ", "")
    assert style.count("<style>") == style.count("</style>") == 1 and "<script" not in style


def test_a_mark_ends_with_its_region_and_fragments_keep_it():
    assert current_mark() == ""
    with mark_drawings(MARK):
        kept = keep_mark(current_mark)
        assert current_mark() == MARK
    assert current_mark() == "" and kept() == MARK


def test_every_row_of_a_table_of_a_replay_has_the_mark():
    script = """
import pandas as pd
from ui.design.data_table import draw_data_table
from ui.design.marking import mark_drawings

with mark_drawings("Recorded on some day"):
    draw_data_table(pd.DataFrame({"time": [1.0, 2.0]}), alt="Times")
draw_data_table(pd.DataFrame({"time": [1.0]}), alt="Times")
"""
    replayed, other = (element.value for element in run_script(script).dataframe)
    assert list(replayed["replay"]) == ["Recorded on some day"] * 2
    assert list(other.columns) == ["time"]
