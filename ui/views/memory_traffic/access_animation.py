"""The order in which a loop goes over a small array, drawn step by step, with a small cache beside it.

The picture is a model, and says so: eight lines of four elements, the least recently used one thrown out. It is there
to make stride and tile visible; what they cost on this machine, the race tells.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from ui.design import theme as design_theme
from ui.design.theme import Theme

SIDE = 12
LINE = 4
"""Elements of a line."""
LINES = 8
"""Lines that the cache holds."""
TILE = 4
THREADS = 3
STRIPS = 4
UNTOUCHED, TOUCHED, CACHED, NOW = range(4)
FRAME_MS = 60
FIELDS = {
    1: ((6,), "one field is read"),
    2: ((6, 3), "two fields are read"),
    8: ((6, 3, 4, 5, 7, 0, 1, 2), "all eight fields are read"),
}
"""Of a particle, which are used where so many are, in the order of the kernels, and how that is said."""

Cell = tuple[int, int]
Step = list[Cell]
"""What is touched at once: by one instruction, by several strips, or by several threads."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A loop's way over an array of `rows` by `columns`, kept row by row in memory."""

    what: str
    rows: int
    columns: int
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Fetched:
    """How the model's cache fared."""

    accesses: int
    lines: int
    """Lines fetched, each anew after it was thrown out."""
    states: list[list[list[int]]]
    """After every step, the state of every element."""


def walk(transformation: str, version: str, fields: int = 1) -> Walk:
    """The way of a version's main array; of the layout, with so many of the eight fields used. Raises KeyError for what
    has none."""
    row = [[(i, j)] for i in range(SIDE) for j in range(SIDE)]
    column = [[(i, j)] for j in range(SIDE) for i in range(SIDE)]
    flat = [[divmod(place, SIDE)] for place in range(SIDE * SIDE)]
    ways: dict[tuple[str, str], tuple[str, list[Step]]] = {
        ("unit-stride", "columns"): ("the matrix, read down its columns", column),
        ("unit-stride", "rows"): ("the matrix, read along its rows", row),
        ("vectorization", "strict"): ("one vector, element after element", flat),
        ("vectorization", "reordered"): ("one vector, four elements at once", list(_at_once(LINE))),
        ("dependence", "recurrence"): ("the running sum, element after element", flat),
        ("dependence", "strips"): ("the running sum, four strips side by side", list(_side_by_side(STRIPS))),
        ("multithreading", "one"): ("one thread", flat),
        ("multithreading", "all"): ("three threads, a third each", list(_side_by_side(THREADS))),
        ("tiling", "ijk"): ("the second matrix, for two rows of the first", column * 2),
        ("tiling", "ikj"): ("the second matrix, for two rows of the first", row * 2),
        ("tiling", "tiled"): ("the second matrix, each tile for two rows of the first", list(_tiles(2))),
        ("tiling", "blocked"): ("the second matrix, each tile once for two rows of the first", list(_tiles(1))),
        ("transpose", "rows"): ("the transpose, as it is written", column),
        ("transpose", "tiles"): ("the transpose, as it is written", [[(j, i)] for ((i, j),) in _tiles(1)]),
        ("stencil", "columns"): ("the grid, five elements a step", [_five(*cell) for (cell,) in column if _in(*cell)]),
        ("stencil", "rows"): ("the grid, five elements a step", [_five(*cell) for (cell,) in row if _in(*cell)]),
        ("stencil", "threads"): ("the grid, two threads a half each", list(_halves())),
        ("stencil", "tiles"): ("the grid, tile by tile", [_five(*cell) for (cell,) in _tiles(1) if _in(*cell)]),
        ("stencil", "time"): ("the grid, three sweeps a row behind one another", list(_sweeps(3))),
    }
    if transformation == "layout":
        # Eight fields: two lines of the model for each particle, or three for each field of twelve particles.
        used, read = FIELDS[fields]
        if version == "aos":
            way = [[(particle, field)] for particle in range(SIDE) for field in used]
            return Walk(f"particles in rows, fields in columns; {read}", SIDE, 8, way)
        way = [[(field, particle)] for particle in range(SIDE) for field in used]
        return Walk(f"fields in rows, particles in columns; {read}", 8, SIDE, way)
    what, steps = ways[transformation, version]
    return Walk(what, SIDE, SIDE, steps)


def _in(i: int, j: int) -> bool:
    return 0 < i < SIDE - 1 and 0 < j < SIDE - 1


def _five(i: int, j: int) -> Step:
    return [(i - 1, j), (i, j - 1), (i, j), (i, j + 1), (i + 1, j)]


def _at_once(width: int) -> Iterator[Step]:
    for place in range(0, SIDE * SIDE, width):
        yield [divmod(place + lane, SIDE) for lane in range(width)]


def _side_by_side(parts: int) -> Iterator[Step]:
    share = SIDE * SIDE // parts
    for place in range(share):
        yield [divmod(part * share + place, SIDE) for part in range(parts)]


def _tiles(times: int) -> Iterator[Step]:
    for ii in range(0, SIDE, TILE):
        for jj in range(0, SIDE, TILE):
            for _ in range(times):
                for i in range(ii, ii + TILE):
                    for j in range(jj, jj + TILE):
                        yield [(i, j)]


def _halves() -> Iterator[Step]:
    half = SIDE // 2
    for i in range(1, half):
        for j in range(1, SIDE - 1):
            yield _five(i, j) + _five(i + half - 1, j)


def _sweeps(count: int) -> Iterator[Step]:
    for front in range(1, SIDE - 1 + count):
        for sweep in range(count):
            if 1 <= front - sweep < SIDE - 1:
                for j in range(1, SIDE - 1):
                    yield _five(front - sweep, j)


def fetched(way: Walk) -> Fetched:
    """Send a walk through the model's cache."""
    lines: OrderedDict[int, None] = OrderedDict()
    touched: set[Cell] = set()
    accesses = count = 0
    states = []
    for step in way.steps:
        for i, j in step:
            accesses += 1
            line = (i * way.columns + j) // LINE
            if line not in lines:
                count += 1
            lines[line] = None
            lines.move_to_end(line)
            while len(lines) > LINES:
                lines.popitem(last=False)
        touched.update(step)
        now = set(step)
        states.append(
            [[_state(i, j, way.columns, now, lines, touched) for j in range(way.columns)] for i in range(way.rows)]
        )
    return Fetched(accesses, count, states)


def _state(i: int, j: int, columns: int, now: set[Cell], lines: OrderedDict[int, None], touched: set[Cell]) -> int:
    if (i, j) in now:
        return NOW
    if (i * columns + j) // LINE in lines:
        return CACHED
    return TOUCHED if (i, j) in touched else UNTOUCHED


def figure(way: Walk, seen: Fetched, colour: str, theme: Theme) -> go.Figure:
    """The walk as an animation; it stands at its last step until it is played."""
    shades = [design_theme.see_through(design_theme.faint(theme), share) for share in (0.08, 0.3)]
    shades += [design_theme.see_through(colour, 0.4), colour]
    # Each state has its own shade, with no passage between them.
    scale = [((place + edge) / 4, shade) for place, shade in enumerate(shades) for edge in (0, 1)]
    heat = {"zmin": -0.5, "zmax": 3.5, "colorscale": scale, "showscale": False}
    heat |= {"xgap": 2, "ygap": 2, "hoverinfo": "skip"}
    drawn = go.Figure(
        data=[go.Heatmap(z=seen.states[-1], **heat)],
        frames=[go.Frame(data=[go.Heatmap(z=state, **heat)], name=str(step)) for step, state in enumerate(seen.states)],
    )
    # A line is drawn as a line: what is fetched together stands between two strokes.
    for j in range(LINE, way.columns, LINE):
        drawn.add_vline(x=j - 0.5, line={"color": design_theme.faint(theme), "width": 1, "dash": "dot"})
    play = {"frame": {"duration": FRAME_MS, "redraw": True}, "transition": {"duration": 0}, "mode": "immediate"}
    stop = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate"}
    drawn.update_layout(
        design_theme.layout(330)
        | {
            "updatemenus": [
                {
                    "type": "buttons",
                    # The last one pressed would be white under white letters in the dark theme.
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
            ],
            "margin": {"l": 8, "r": 8, "t": 8, "b": 44},
        }
    )
    drawn.update_xaxes(visible=False, fixedrange=True)
    drawn.update_yaxes(visible=False, fixedrange=True, autorange="reversed", scaleanchor="x")
    return drawn
