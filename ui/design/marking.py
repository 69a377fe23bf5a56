"""The mark of a demonstration, in everything that is drawn of it: charts, numbers, and the whole region of the page.

While a mark is set, `ui.design.figures.draw_figure` writes it into every chart, and functions that draw numbers ask for
it with `current_mark`. The mark may be foreign text.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from typing import ParamSpec, TypeVar, get_args
from urllib.parse import quote

import plotly.graph_objects as go

from ui.design.theme import PALETTES, Theme, add_opacity, light_dark, replay_colour

P = ParamSpec("P")
R = TypeVar("R")

MAX_LINE_CHARS, MAX_LINES = 26, 4
TILE_PX = (200, 100)
"""Width and height of a tile. The text fills it, so every region of twice its size has the whole text once."""
TILE_FONT_PX, TILE_LINE_PX, TILE_TURN_DEGREES = 13, 17, -9
TILE_OPACITY: dict[Theme, float] = {"light": 0.34, "dark": 0.42}
HALO_PX, HALO_OPACITY = 3, 0.35
"""Of the edge around the text of a tile, in the colour of the page: pictures may have the colour of the text."""
FIGURE_FONT_PX, FIGURE_OPACITY = 17, 0.5

_mark: ContextVar[str] = ContextVar("mark", default="")


@contextmanager
def mark_drawings(mark: str) -> Iterator[None]:
    """Mark what is drawn inside, unless `mark` is empty."""
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


def current_mark() -> str:
    """The mark of what is drawn now; empty for results."""
    return _mark.get()


def keep_mark(function: Callable[P, R]) -> Callable[P, R]:
    """`function` with the present mark, for fragments, which run again without what surrounds them."""
    mark = current_mark()

    @functools.wraps(function)
    def run_marked(*args: P.args, **kwargs: P.kwargs) -> R:
        with mark_drawings(mark):
            return function(*args, **kwargs)

    return run_marked


def mark_figure(figure: go.Figure, mark: str, theme: Theme) -> go.Figure:
    """A copy of a figure with the mark inside of its picture, so that a saved picture has it too."""
    lines = "<br>".join(wrap_mark(mark))
    marked = go.Figure(figure)
    marked.add_annotation(
        text=f"<b>{lines}</b>",
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        xanchor="center",
        yanchor="middle",
        showarrow=False,
        opacity=FIGURE_OPACITY,
        font={"size": FIGURE_FONT_PX, "color": replay_colour(theme)},
    )
    return marked


def wrap_mark(mark: str) -> list[str]:
    """The mark in a few lines; a longer text is cut."""
    return textwrap.wrap(mark, MAX_LINE_CHARS, max_lines=MAX_LINES, placeholder="…")


def build_region_style(mark: str, key: str) -> str:
    """CSS that writes the mark in tiles over the container with the key, and hides what would leave it: the tool bars
    of elements, which download tables and show them on the whole screen.

    The tiles are a mask, so that their colour follows the theme of the browser at once. They are no content: assistive
    technology does not read them, and clicks go through.
    """
    width, height = TILE_PX
    lines = wrap_mark(mark)
    colours: dict[Theme, str] = {theme: replay_colour(theme) for theme in get_args(Theme)}
    tints: dict[Theme, str] = {theme: add_opacity(colours[theme], TILE_OPACITY[theme]) for theme in colours}
    backgrounds: dict[Theme, str] = {theme: palette.background for theme, palette in PALETTES.items()}
    halos: dict[Theme, str] = {theme: add_opacity(backgrounds[theme], HALO_OPACITY) for theme in colours}
    mask, halo_mask = (
        f'url("data:image/svg+xml,{quote(_build_tile(lines, stroke_px))}") 0 0 / {width}px {height}px repeat'
        for stroke_px in (0, HALO_PX)
    )
    return f"""<style>
.st-key-{key} {{
  position: relative; outline: 3px solid {light_dark(colours)}; outline-offset: 0.6rem; border-radius: 0.25rem;
}}
.st-key-{key}::before, .st-key-{key}::after {{
  content: ""; position: absolute; inset: 0; z-index: 50; pointer-events: none;
}}
.st-key-{key}::before {{background: {light_dark(halos)}; -webkit-mask: {halo_mask}; mask: {halo_mask}}}
.st-key-{key}::after {{background: {light_dark(tints)}; -webkit-mask: {mask}; mask: {mask}}}
.st-key-{key} [data-testid="stElementToolbar"] {{display: none}}
.st-key-{key} [data-testid="stMetricLabel"] :is(div, p) {{white-space: normal; text-overflow: clip; overflow: visible}}
.st-key-{key} [data-testid="stMetricLabel"] {{height: auto}}
.st-key-{key} [data-testid="stMetricLabel"] p > .stMarkdownColoredText:last-child {{display: block}}
.st-key-{key} > :first-child:has(> .stAlert) {{
  position: relative; z-index: 51; background: {light_dark(backgrounds)}; border-radius: 0.5rem;
}}
</style>"""


def _build_tile(lines: list[str], stroke_px: int) -> str:
    width, height = TILE_PX
    first = height / 2 - TILE_LINE_PX * (len(lines) - 1) / 2 + TILE_FONT_PX / 3
    texts = "".join(
        f'<text x="{width / 2:g}" y="{first + TILE_LINE_PX * number:g}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><g text-anchor="middle" '
        f'font-family="Arial, sans-serif" font-weight="bold" font-size="{TILE_FONT_PX}" '
        f'stroke="black" stroke-width="{stroke_px}" stroke-linejoin="round" '
        f'transform="rotate({TILE_TURN_DEGREES} {width / 2:g} {height / 2:g})">{texts}</g></svg>'
    )
