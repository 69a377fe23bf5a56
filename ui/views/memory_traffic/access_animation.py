"""Animations of the order in which loops access a small array, with a model of a small cache.

The model has eight lines of four elements and evicts the least recently used line. It makes strides and tiles visible.
Their cost on the machine is the result of the race.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ui.design import plotly_template
from ui.design.theme import Theme, add_opacity, faint_colour

GRID_SIDE = 12
LINE_ELEMENTS = 4
"""Elements in a cache line."""
CACHE_LINES = 8
"""Lines in the cache."""
TILE_SIDE = 4
MODEL_THREADS = 3
MODEL_STRIPS = 4
UNTOUCHED, TOUCHED, CACHED, NOW = range(4)
FRAME_MS = 60
REST_STEP = 15
"""The step that is shown at rest: the first row of accesses is over, so versions in another order look different."""
ANIMATION_HEIGHT_PX = 360
FIELD_ORDERS = {
    1: ((6,), "one field is read"),
    2: ((6, 3), "two fields are read"),
    8: ((6, 3, 4, 5, 7, 0, 1, 2), "all eight fields are read"),
}
"""By number of used fields: which fields of a particle are used, in the order of the kernels, and a description."""

Cell = tuple[int, int]
AccessStep = list[Cell]
"""Elements that are accessed at once: by one instruction, by several strips, or by several threads."""


@dataclass(frozen=True, slots=True)
class AccessOrder:
    """The order in which a loop accesses an array of `rows` by `columns`, stored row by row."""

    label: str
    rows: int
    columns: int
    steps: list[AccessStep]


@dataclass(frozen=True, slots=True)
class CacheTrace:
    """The state of the model's cache during all steps."""

    accesses: int
    lines: int
    """Number of times that a line was fetched, also again after it was evicted."""
    lines_by_step: list[int]
    """The number of lines that were fetched up to each step."""
    states: list[list[list[int]]]
    """For every step, rows of element states: UNTOUCHED, TOUCHED, CACHED or NOW."""


@dataclass(frozen=True, slots=True)
class AnimatedVersion:
    """One panel of an animation."""

    name: str
    order: AccessOrder
    trace: CacheTrace
    colour: str


def access_order(transformation: str, version: str, fields: int = 1) -> AccessOrder:
    """The order in which a version accesses its main array.

    `fields` is the number of used fields of the layout, of eight. Raises KeyError for versions without a known order.
    """
    row = [[(i, j)] for i in range(GRID_SIDE) for j in range(GRID_SIDE)]
    column = [[(i, j)] for j in range(GRID_SIDE) for i in range(GRID_SIDE)]
    flat = [[divmod(place, GRID_SIDE)] for place in range(GRID_SIDE * GRID_SIDE)]
    orders: dict[tuple[str, str], tuple[str, list[AccessStep]]] = {
        ("unit-stride", "columns"): ("the matrix, read down its columns", column),
        ("unit-stride", "rows"): ("the matrix, read along its rows", row),
        ("vectorization", "strict"): ("one vector, element after element", flat),
        ("vectorization", "reordered"): ("one vector, four elements at once", list(_vector_steps(LINE_ELEMENTS))),
        ("dependence", "recurrence"): ("the running sum, element after element", flat),
        ("dependence", "strips"): ("the running sum, four strips side by side", list(_parallel_steps(MODEL_STRIPS))),
        ("multithreading", "one"): ("one thread", flat),
        ("multithreading", "all"): ("three threads, a third each", list(_parallel_steps(MODEL_THREADS))),
        ("tiling", "ijk"): ("the second matrix, for two rows of the first", column * 2),
        ("tiling", "ikj"): ("the second matrix, for two rows of the first", row * 2),
        ("tiling", "tiled"): ("the second matrix, each tile for two rows of the first", list(_tile_steps(2))),
        ("tiling", "blocked"): ("the second matrix, each tile once for two rows of the first", list(_tile_steps(1))),
        ("transpose", "rows"): ("the transpose, as it is written", column),
        ("transpose", "tiles"): ("the transpose, as it is written", [[(j, i)] for ((i, j),) in _tile_steps(1)]),
        ("stencil", "columns"): (
            "the grid, five elements a step",
            [_stencil_cells(*cell) for (cell,) in column if _is_inside(*cell)],
        ),
        ("stencil", "rows"): (
            "the grid, five elements a step",
            [_stencil_cells(*cell) for (cell,) in row if _is_inside(*cell)],
        ),
        ("stencil", "threads"): ("the grid, two threads a half each", list(_half_steps())),
        ("stencil", "tiles"): (
            "the grid, tile by tile",
            [_stencil_cells(*cell) for (cell,) in _tile_steps(1) if _is_inside(*cell)],
        ),
        ("stencil", "time"): ("the grid, three sweeps a row behind one another", list(_sweep_steps(3))),
    }
    if transformation == "layout":
        # Eight fields are two lines of the model per particle. Twelve particles are three lines per field.
        used, description = FIELD_ORDERS[fields]
        if version == "aos":
            steps: list[AccessStep] = [[(particle, field)] for particle in range(GRID_SIDE) for field in used]
            return AccessOrder(f"particles in rows, fields in columns; {description}", GRID_SIDE, 8, steps)
        steps = [[(field, particle)] for particle in range(GRID_SIDE) for field in used]
        return AccessOrder(f"fields in rows, particles in columns; {description}", 8, GRID_SIDE, steps)
    label, steps = orders[transformation, version]
    return AccessOrder(label, GRID_SIDE, GRID_SIDE, steps)


def _is_inside(i: int, j: int) -> bool:
    return 0 < i < GRID_SIDE - 1 and 0 < j < GRID_SIDE - 1


def _stencil_cells(i: int, j: int) -> AccessStep:
    return [(i - 1, j), (i, j - 1), (i, j), (i, j + 1), (i + 1, j)]


def _vector_steps(width: int) -> Iterator[AccessStep]:
    for place in range(0, GRID_SIDE * GRID_SIDE, width):
        yield [divmod(place + lane, GRID_SIDE) for lane in range(width)]


def _parallel_steps(parts: int) -> Iterator[AccessStep]:
    share = GRID_SIDE * GRID_SIDE // parts
    for place in range(share):
        yield [divmod(part * share + place, GRID_SIDE) for part in range(parts)]


def _tile_steps(times: int) -> Iterator[AccessStep]:
    for ii in range(0, GRID_SIDE, TILE_SIDE):
        for jj in range(0, GRID_SIDE, TILE_SIDE):
            for _ in range(times):
                for i in range(ii, ii + TILE_SIDE):
                    for j in range(jj, jj + TILE_SIDE):
                        yield [(i, j)]


def _half_steps() -> Iterator[AccessStep]:
    half = GRID_SIDE // 2
    for i in range(1, half):
        for j in range(1, GRID_SIDE - 1):
            yield _stencil_cells(i, j) + _stencil_cells(i + half - 1, j)


def _sweep_steps(count: int) -> Iterator[AccessStep]:
    for front in range(1, GRID_SIDE - 1 + count):
        for sweep in range(count):
            if 1 <= front - sweep < GRID_SIDE - 1:
                for j in range(1, GRID_SIDE - 1):
                    yield _stencil_cells(front - sweep, j)


def simulate_cache(order: AccessOrder) -> CacheTrace:
    """The state of the model's cache when the array is accessed in this order."""
    lines: OrderedDict[int, None] = OrderedDict()
    touched: set[Cell] = set()
    accesses = count = 0
    states, lines_by_step = [], []
    for step in order.steps:
        for i, j in step:
            accesses += 1
            line = (i * order.columns + j) // LINE_ELEMENTS
            if line not in lines:
                count += 1
            lines[line] = None
            lines.move_to_end(line)
            while len(lines) > CACHE_LINES:
                lines.popitem(last=False)
        lines_by_step.append(count)
        touched.update(step)
        now = set(step)
        states.append(
            [
                [_cell_state(i, j, order.columns, now, lines, touched) for j in range(order.columns)]
                for i in range(order.rows)
            ]
        )
    return CacheTrace(accesses, count, lines_by_step, states)


def _cell_state(i: int, j: int, columns: int, now: set[Cell], lines: OrderedDict[int, None], touched: set[Cell]) -> int:
    if (i, j) in now:
        return NOW
    if (i * columns + j) // LINE_ELEMENTS in lines:
        return CACHED
    return TOUCHED if (i, j) in touched else UNTOUCHED


def build_animation(panels: Sequence[AnimatedVersion], theme: Theme) -> go.Figure:
    """The orders of access side by side, played by one button. At rest it shows a step near the beginning.

    A version with fewer steps stays at its last one while the others go on.
    """
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.06)
    for column, panel in enumerate(panels, start=1):
        axis = "" if column == 1 else str(column)
        figure.add_trace(_draw_step(panel, REST_STEP, theme), row=1, col=column)
        # Dotted lines separate the cache lines.
        for j in range(LINE_ELEMENTS, panel.order.columns, LINE_ELEMENTS):
            line = {"color": faint_colour(theme), "width": 1, "dash": "dot"}
            x = j - 0.5
            figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, xref=f"x{axis}", yref=f"y{axis} domain", line=line)
        figure.update_yaxes(autorange="reversed", scaleanchor=f"x{axis}", constrain="domain", row=1, col=column)
    steps = max(len(panel.trace.states) for panel in panels)
    figure.frames = [
        go.Frame(
            data=[_draw_step(panel, step, theme) for panel in panels],
            layout={"annotations": _count_lines(panels, step)},
            name=str(step),
        )
        for step in range(steps)
    ]
    figure.update_layout(
        {
            "template": plotly_template.template_name(theme),
            "height": ANIMATION_HEIGHT_PX,
            "annotations": _count_lines(panels, REST_STEP),
            "updatemenus": [_build_player()],
            "margin": {"l": 8, "r": 8, "t": 34, "b": 48},
        }
    )
    figure.update_xaxes(visible=False, fixedrange=True, constrain="domain")
    figure.update_yaxes(visible=False, fixedrange=True)
    return figure


def _draw_step(panel: AnimatedVersion, step: int, theme: Theme) -> go.Heatmap:
    shades = [add_opacity(faint_colour(theme), share) for share in (0.08, 0.3)]
    shades += [add_opacity(panel.colour, 0.4), panel.colour]
    # Two equal stops per state, so that there is no gradient between the shades.
    scale = [((place + edge) / 4, shade) for place, shade in enumerate(shades) for edge in (0, 1)]
    states = panel.trace.states
    return go.Heatmap(
        z=states[min(step, len(states) - 1)],
        zmin=-0.5,
        zmax=3.5,
        colorscale=scale,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )


def _count_lines(panels: Sequence[AnimatedVersion], step: int) -> list[dict[str, Any]]:
    """Above each panel: its name, and how many lines it has fetched until this step."""
    notes = []
    for column, panel in enumerate(panels):
        lines = panel.trace.lines_by_step
        fetched = lines[min(step, len(lines) - 1)]
        notes.append(
            {
                "text": f"{panel.name}: <b>{fetched}</b> lines fetched",
                "x": (column + 0.5) / len(panels),
                "xref": "paper",
                "xanchor": "center",
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
    return notes


def _build_player() -> dict[str, Any]:
    play = {"frame": {"duration": FRAME_MS, "redraw": True}, "transition": {"duration": 0}, "mode": "immediate"}
    stop = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate"}
    return {
        "type": "buttons",
        # In the dark theme, Plotly draws the active button white with white text.
        "showactive": False,
        "direction": "right",
        "x": 0,
        "xanchor": "left",
        "y": -0.04,
        "yanchor": "top",
        "buttons": [
            {"label": "Play", "method": "animate", "args": [None, play]},
            {"label": "Pause", "method": "animate", "args": [[None], stop]},
        ],
    }
