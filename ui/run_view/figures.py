"""The Plotly charts of a run, each built once for all sessions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.run.record import Run
from ui.access.redaction import shows_everything
from ui.design.figures import draw_figure
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
        # The texts in a figure are redacted for strangers.
        key = (self.run.id, self.run.demonstration, self.name, self.version, self.theme, shows_everything())
        return figure_cache.get(key, self.build)


def draw_chart(chart: RunChart, key: str) -> None:
    """Draw a chart. `key` is the place on the page."""
    draw_figure(chart.figure(), key=f"{key}-{chart.name}", alt=chart.alt)
