"""A confusion matrix: how many documents of each class got which label."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.values.base import Arm
from bench.values.output import Table
from ui.charts.labels import escape_name
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, ink_colour

ROW_PX = 27
AXES_PX = 150
STRONG_SHARE = 0.5
"""Of the documents of a class. Cells with at least so many are dark enough for a text in the colour of the page."""
MAX_CLASSES = 30
"""With more classes, cells are too small for numbers."""
MAX_ABREAST = 15
"""With more classes, two matrices are drawn one below the other."""
MAX_TICK_CHARACTERS, MAX_HOVER_CHARACTERS = 24, 60
"""Of the name of a class, which may be that of a user's document."""
MIN_TEXT_PX, MAX_TEXT_PX = 8, 12
DIGIT_SHARE = 0.6
"""Width of a digit, as a share of the size of its text."""
NARROW_PLOT_PX = 265
"""Width of one of two matrices side by side on a small screen."""


def build_confusion_figure(table: Table, arm: Arm, theme: Theme = "light") -> go.Figure:
    """`table` has a column of classes, then one column for each label with counts, in the same order."""
    classes, places = table.columns[1:], list(range(len(table.columns) - 1))
    counts = [[int(cell) for cell in row[1:]] for row in table.rows]
    totals = [max(1, sum(row)) for row in counts]
    shares = [[count / total for count in row] for row, total in zip(counts, totals, strict=True)]
    style, hovered = arm_style(arm, theme), [escape_name(name, MAX_HOVER_CHARACTERS) for name in classes]
    shared = {
        "type": "heatmap",
        "x": places,
        "y": places,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, add_opacity(style.colour, 0.0)], [0.001, add_opacity(style.colour, 0.2)], [1, style.colour]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertext": [
            [
                f"<b>{known}</b> labelled as <b>{label}</b><br>{count:,} of {total:,} documents"
                for label, count in zip(hovered, row, strict=True)
            ]
            for known, row, total in zip(hovered, counts, totals, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    if len(classes) <= MAX_CLASSES:
        shared["texttemplate"] = "%{text}"
    size = _choose_text_px(len(classes), max((count for row in counts for count in row), default=0))
    # A trace has one colour of text, so pale cells and strong ones are two.
    traces = [
        shared | _select_cells(counts, shares, strong=strong) | {"textfont": {"color": colour, "size": size}}
        for strong, colour in ((False, ink_colour(theme)), (True, style.text))
    ]
    # Places, not names: two long names may be shortened to the same text.
    names = {"tickvals": places, "ticktext": [escape_name(name, MAX_TICK_CHARACTERS) for name in classes]}
    axis = {"showgrid": False, "zeroline": False} | names
    layout = {
        "xaxis": {"title": {"text": "label", "standoff": 4}, "tickangle": -45} | axis,
        "yaxis": {"title": {"text": "class", "standoff": 4}, "autorange": "reversed"} | axis,
    }
    return new_figure(theme, AXES_PX + ROW_PX * min(len(classes), MAX_CLASSES), traces, layout)


def _choose_text_px(class_count: int, largest: int) -> float:
    """The size with which the widest number fits into a cell. Left to itself, Plotly chooses one for each trace."""
    width_px = NARROW_PLOT_PX / class_count if class_count <= MAX_ABREAST else ROW_PX
    return min(MAX_TEXT_PX, max(MIN_TEXT_PX, width_px / (DIGIT_SHARE * len(str(largest)))))


def _select_cells(counts: list[list[int]], shares: list[list[float]], *, strong: bool) -> dict:
    """Shares and numbers of the cells with at least STRONG_SHARE, or of the others. Plotly draws the text of cells
    without a value too."""
    chosen = [[(share >= STRONG_SHARE) is strong for share in row] for row in shares]
    return {
        "z": [
            [share if keep else None for share, keep in zip(row, kept, strict=True)]
            for row, kept in zip(shares, chosen, strict=True)
        ],
        "text": [
            [str(count) if keep and count else "" for count, keep in zip(row, kept, strict=True)]
            for row, kept in zip(counts, chosen, strict=True)
        ],
    }
