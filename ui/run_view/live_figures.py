"""Charts of a run that are drawn again and again: built once for all sessions, and replaced without a flash."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import plotly.graph_objects as go
import streamlit as st

from bench.run.record import Run
from ui.design.plotly_template import PLOTLY_CONFIG
from ui.design.theme import Theme

MAX_CACHED_FIGURES = 96


class FigureCache:
    """The figures that were used last, for all sessions that watch the same run.

    Streamlit does not mount a chart again if it gets the same figure again.
    """

    def __init__(self) -> None:
        self._figures: OrderedDict[Hashable, go.Figure] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, build: Callable[[], go.Figure]) -> go.Figure:
        """The figure of `key`, built by `build` if it is not in the cache."""
        with self._lock:
            figure = self._figures.get(key)
        if figure is None:
            figure = build()
        with self._lock:
            self._figures[key] = figure
            self._figures.move_to_end(key)
            while len(self._figures) > MAX_CACHED_FIGURES:
                self._figures.popitem(last=False)
        return figure


figure_cache = FigureCache()


@dataclass(frozen=True, slots=True)
class RunChart:
    """One chart of a run."""

    run: Run
    name: str
    theme: Theme
    version: Hashable
    """Changes when the chart has to be built again."""
    build: Callable[[], go.Figure]
    alt: str
    """Description for screen readers."""

    def figure(self) -> go.Figure:
        return figure_cache.get((self.run.id, self.name, self.version, self.theme), self.build)


def draw_chart(chart: RunChart, key: str) -> None:
    """Draw a chart of a run that is over. `key` is the place on the page."""
    st.plotly_chart(chart.figure(), key=f"{key}-{chart.name}", config=PLOTLY_CONFIG, alt=chart.alt)


@dataclass(slots=True)
class _DoubleBuffer:
    """Two slots for a live chart: one is visible, the other is hidden behind it."""

    slots: list[tuple[go.Figure, str] | None] = field(default_factory=lambda: [None, None])
    """Figure and description. Both are kept, because Streamlit also mounts a chart again if its description changes."""
    version: Hashable = None
    newest: int = 0
    """Index of the slot with the newest figure."""


def draw_live_chart(chart: RunChart, key: str) -> None:
    """Draw a chart of a running race without a flash.

    Streamlit mounts a Plotly chart again for every change, and leaves its place empty for a frame or two. The new
    figure is therefore drawn in the hidden slot, which becomes visible with the next redraw, when it is mounted.
    """
    name = f"{key}-{chart.name}-buffer"
    buffer: _DoubleBuffer = st.session_state.setdefault(name, _DoubleBuffer())
    visible = buffer.newest
    version = (chart.run.id, chart.version)
    if buffer.version != version:
        buffer.newest = visible if buffer.slots[visible] is None else 1 - visible
        buffer.slots[buffer.newest] = (chart.figure(), chart.alt)
        buffer.version = version
    with st.container(key=name):
        # Without the empty <i>, Streamlit moves HTML that is only a style to another container, which is mounted later.
        st.html(
            f"<i></i><style>.st-key-{name} {{display: grid; grid-template-columns: minmax(0, 1fr)}} "
            f".st-key-{name} > * {{grid-area: 1 / 1; width: 100%; min-width: 0}} "
            f".st-key-{name}-{1 - visible} {{visibility: hidden}}</style>"
        )
        for index, slot in enumerate(buffer.slots):
            with st.container(key=f"{name}-{index}"):
                if slot is not None:
                    figure, alt = slot
                    st.plotly_chart(figure, key=f"{name}-{index}-chart", config=PLOTLY_CONFIG, alt=alt)
