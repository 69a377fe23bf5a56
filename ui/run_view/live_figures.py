"""TODO: ui.run_view.live_figures."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import plotly.graph_objects as go
import streamlit as st

from bench.run.record import Run
from ui.design import plotly_template
from ui.design.theme import Theme

MAX_CACHED_FIGURES = 96
"""Figures that are kept, for the sessions that watch the same run and for redraws that bring nothing new."""


class FigureCache:
    """Figures by what they show. Drawing the same again costs nothing, and does not remount the chart."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, go.Figure] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], go.Figure]) -> go.Figure:
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = make()
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > MAX_CACHED_FIGURES:
                self._kept.popitem(last=False)
        return found


figure_cache = FigureCache()


def draw_figure(
    run: Run, name: str, seen: Hashable, key: str, colours: Theme, make: Callable[[], go.Figure], alt: str
) -> None:
    """A chart of what stood in the run when `seen` was last another."""
    drawn = figure_cache.get((run.id, name, seen, colours), make)
    st.plotly_chart(drawn, key=f"{key}-{name}", config=plotly_template.PLOTLY_CONFIG, alt=alt)


@dataclass(slots=True)
class _DoubleBuffer:
    """Two slots for the chart that changes all the time, one in sight and one behind it."""

    figures: list[tuple[go.Figure, str] | None] = field(default_factory=lambda: [None, None])
    """Each with its description: a chart under another description is mounted anew, too."""
    seen: Hashable = None
    newest: int = 0


def draw_live_figure(drawn: go.Figure, seen: Hashable, key: str, alt: str) -> None:
    """Show a live chart without a flash.

    Streamlit mounts a Plotly chart anew for every change, and for a frame or two there is nothing. So the new figure is
    drawn in the slot behind, and comes into sight with the next redraw, when it is surely there.
    """
    stage: _DoubleBuffer = st.session_state.setdefault(f"{key}-stage", _DoubleBuffer())
    front = stage.newest
    if stage.seen != seen:
        stage.newest = front if stage.figures[front] is None else 1 - front
        stage.figures[stage.newest] = (drawn, alt)
        stage.seen = seen
    name = f"{key}-stage"
    with st.container(key=name):
        # The empty word keeps Streamlit from moving what is style alone to another place, where it comes too late.
        st.html(
            f"<i></i><style>.st-key-{name} {{display: grid; grid-template-columns: minmax(0, 1fr)}} "
            f".st-key-{name} > * {{grid-area: 1 / 1; width: 100%; min-width: 0}} "
            f".st-key-{name}-{1 - front} {{visibility: hidden}}</style>"
        )
        for slot, there in enumerate(stage.figures):
            with st.container(key=f"{name}-{slot}"):
                if there is not None:
                    st.plotly_chart(
                        there[0], key=f"{name}-{slot}-chart", config=plotly_template.PLOTLY_CONFIG, alt=there[1]
                    )
