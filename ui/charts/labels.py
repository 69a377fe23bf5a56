"""Texts and remarks that several charts share."""

from __future__ import annotations

import html
import textwrap

from bench.run.record import Run
from bench.values.samples import TOTAL

MAX_HOVER_LINE_CHARS = 70


NOTE_ABOVE_PX = 20
"""Height of the top margin that a note above the plot needs."""


def build_note(text: str, *, centred: bool = False, above: bool = False) -> dict:
    """A Plotly annotation with a remark about the figure: at the top right, centred in an empty figure, or `above` the
    plot, where no mark can be, if the figure has a top margin of `NOTE_ABOVE_PX`."""
    if centred:
        position = {"x": 0.5, "y": 0.6, "xanchor": "center"}
    elif above:
        position = {"x": 1, "y": 1, "xanchor": "right", "yanchor": "bottom"}
    else:
        position = {"x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    return {"text": text, "xref": "paper", "yref": "paper"} | position


def step_time_label(run: Run, step: str) -> str:
    """The name of the time that an axis shows: of the total, or of one call of a step."""
    return "total time" if step == TOTAL else f"{run.snapshot.labels()[step]}, time per call"


def wrap_html(text: str) -> str:
    """`text` in lines short enough for a hover label."""
    return "<br>".join(textwrap.wrap(text, MAX_HOVER_LINE_CHARS))


def escape_name(name: str, characters: int) -> str:
    """A name of at most so many characters, which Plotly does not read as HTML. It may be one word of any length."""
    return html.escape(name if len(name) <= characters else f"{name[: characters - 1]}…", quote=False)
