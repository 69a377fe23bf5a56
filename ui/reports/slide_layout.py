"""Slides with texts: where things are, how large they are, and how texts are continued on further slides.

Positions and sizes are in inches on a slide of 13.333 x 7.5. Texts that do not fit are continued on a further slide,
never cut or left out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from ui.design.theme import PALETTES

PALETTE = PALETTES["light"]
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
TEXT_WIDTH = WIDTH - 2 * MARGIN
TITLE_TOP, BODY_TOP, BODY_BOTTOM = 0.45, 1.85, 6.85
CHART_WIDTH = 5.9
BODY_PT, SMALL_PT, TITLE_PT = 14, 12, 28
LINE_HEIGHT = 1.25
"""Of text, in multiples of its size."""
CHAR_WIDTH = 0.52
"""Mean width of a character, in multiples of the text's size: a little more than that of common fonts."""
MAX_TITLE_CHARS = 110
FONT = "Calibri"


def add_text_slides(deck: Any, title: str, subtitle: str, lines: Sequence[str]) -> None:
    """As many slides as the lines need; none for no lines."""
    rest, part = list(lines), 0
    while rest:
        part += 1
        shown_title = title if part == 1 else f"{title} ({part})"
        slide = add_slide(deck, shown_title, subtitle)
        rest = add_fitting_text(slide, MARGIN, rest, BODY_PT)


def add_fitting_text(
    slide: Any, left: float, lines: Sequence[str], size: int, first_colour: str | None = None
) -> list[str]:
    """The lines from `left` to the right margin. Returns those that do not fit."""
    width, height = WIDTH - MARGIN - left, BODY_BOTTOM - BODY_TOP
    fitting, rest = _split_lines(lines, width, height, size)
    add_text(slide, left, BODY_TOP, width, height, fitting, size=size, first_colour=first_colour)
    return rest


def _split_lines(lines: Sequence[str], width: float, height: float, size: int) -> tuple[list[str], list[str]]:
    """The first lines that fit into a box, and the others. A line that alone is too long is divided."""
    chars = max(20, int(width * 72 / (size * CHAR_WIDTH)))
    room = int(height * 72 / (size * LINE_HEIGHT))
    fitting: list[str] = []
    for index, line in enumerate(lines):
        wrapped = textwrap.wrap(line, chars) or [""]
        # Paragraphs are half a line apart.
        if len(wrapped) + 0.5 <= room:
            fitting.append(line)
            room -= len(wrapped) + 0.5
        elif fitting:
            return fitting, list(lines[index:])
        else:
            return [" ".join(wrapped[: int(room)])], [" ".join(wrapped[int(room) :]), *lines[index + 1 :]]
    return fitting, []


def add_slide(deck: Any, title: str = "", subtitle: str = "") -> Any:
    """A slide without placeholders of the template, except for its title, which outlines and screen readers use."""
    slide = deck.slides.add_slide(deck.slide_layouts[5 if title else 6])
    if title:
        shape = slide.shapes.title
        shape.left, shape.top = Inches(MARGIN), Inches(TITLE_TOP)
        shape.width, shape.height = Inches(TEXT_WIDTH), Inches(1.0)
        frame = shape.text_frame
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        frame.margin_left = frame.margin_right = Emu(0)
        frame.text = clean(title)
        size = TITLE_PT if len(title) <= MAX_TITLE_CHARS // 2 else TITLE_PT - 4 if len(title) <= MAX_TITLE_CHARS else 18
        style(frame.paragraphs[0], size, bold=True)
        add_text(slide, MARGIN, TITLE_TOP + 1.0, TEXT_WIDTH, 0.35, [subtitle], size=BODY_PT, colour=PALETTE.label)
    return slide


def add_text(
    slide: Any,
    left: float,
    top: float,
    width: float,
    height: float,
    lines: Sequence[str],
    *,
    size: int,
    bold: bool = False,
    colour: str = PALETTE.ink,
    first_colour: str | None = None,
    anchor: MSO_ANCHOR = MSO_ANCHOR.TOP,
) -> None:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
    frame.word_wrap = True
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = Emu(0)
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.text = clean(line)
        paragraph.space_after = Pt(size / 2)
        style(paragraph, size, bold=bold, colour=first_colour if first_colour and index == 0 else colour)


def add_native_chart(slide: Any, kind: XL_CHART_TYPE, data: CategoryChartData | XyChartData) -> Any:
    """A chart that can be edited, at the left of a slide, without title and legend."""
    height = Inches(BODY_BOTTOM - BODY_TOP)
    chart = slide.shapes.add_chart(kind, Inches(MARGIN), Inches(BODY_TOP), Inches(CHART_WIDTH), height, data).chart
    chart.has_title = chart.has_legend = False
    chart.font.size, chart.font.name = Pt(SMALL_PT), FONT
    chart.font.color.rgb = rgb(PALETTE.label)
    return chart


def style_axis(axis: Any, title: str) -> None:
    """Give an axis of numbers its title, grid lines, and 0 as its beginning."""
    axis.minimum_scale = 0
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = rgb(PALETTE.grid)
    axis.has_title = True
    axis.axis_title.text_frame.text = clean(title)
    style(axis.axis_title.text_frame.paragraphs[0], SMALL_PT, colour=PALETTE.label)


def style(paragraph: Any, size: int, *, bold: bool = False, colour: str = PALETTE.ink) -> None:
    paragraph.font.size, paragraph.font.bold, paragraph.font.name = Pt(size), bold, FONT
    paragraph.font.color.rgb = rgb(colour)
    # A title inherits the centring of its layout.
    paragraph.alignment = PP_ALIGN.LEFT


def rgb(colour: str) -> RGBColor:
    return RGBColor.from_string(colour.removeprefix("#"))


def clean(text: str) -> str:
    """Without characters that XML does not have."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
