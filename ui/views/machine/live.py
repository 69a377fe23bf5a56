"""The live charts of the machine page: load, memory, frequency and steal."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes
from bench.machine.model import Machine
from bench.machine.telemetry import Telemetry
from bench.values.readings import Reading
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.markdown import escape_markdown
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, add_opacity, line_colours, load_colour_scale

REFRESH_S = 1.0
WINDOWS_S = (32, 60, 120)
"""Lengths of the time axis; the shortest one that holds all readings is used."""
MAX_READING_AGE_S = 0.9
"""A younger reading is used for every page that asks."""
MAX_GAP_S = 3.0
"""After a longer time without a page that watches, the history starts again: the next reading would be a mean over the
whole gap."""
MAX_LINES = 4
"""With more cores, lines would hide each other; a heat map is drawn instead."""
LINE_DASHES = ("solid", "dash", "dot", "dashdot")
CHART_HEIGHT_PX = 190


class TelemetryHistory:
    """The readings of the last two minutes, for all pages. Reads only when a page asks."""

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self._lock = threading.Lock()
        self._readings: deque[Reading] = deque()
        self.cores: list[int] = []
        """Number of each core in a reading."""

    def readings(self) -> list[Reading]:
        """All readings, the newest last. Takes a new one if the last is too old."""
        with self._lock:
            now = time.monotonic()
            age = now - self._readings[-1].at if self._readings else float("inf")
            if age >= MAX_READING_AGE_S:
                if age > MAX_GAP_S:
                    self._restart(now)
                else:
                    self._readings.append(self._telemetry.read(now))
                self.cores = self._telemetry.cores
            while self._readings and now - self._readings[0].at > WINDOWS_S[-1] - 1:
                self._readings.popleft()
            return list(self._readings)

    def _restart(self, now: float) -> None:
        """Read twice, because a load is the mean since the reading before."""
        self._readings.clear()
        self._telemetry.read(now)
        time.sleep(0.1)
        self._readings.append(self._telemetry.read(time.monotonic()))


@st.cache_resource(show_spinner=False)
def _get_history() -> TelemetryHistory:
    return TelemetryHistory()


def draw_live_section(machine: Machine) -> None:
    st.header("Live")
    _draw_live(machine)


@st.fragment(run_every=REFRESH_S)
def _draw_live(machine: Machine) -> None:
    history = _get_history()
    readings = history.readings()
    last = readings[-1]
    theme = detect_theme()
    grid = st.grid(2, min_column_width=380, gap="small")
    with grid.cell():
        busy = sum(core.busy for core in last.cores)
        text = f"{busy:.1f} of {len(last.cores)} cores busy"
        _draw_chart("Load per core", text, _build_load_figure(readings, history.cores, theme))
    with grid.cell():
        text = f"{format_bytes(last.memory_used)} of {format_bytes(machine.memory_bytes)} used"
        _draw_chart("Memory", text, _build_memory_figure(readings, machine.memory_bytes, theme))
    with grid.cell():
        _draw_frequency(readings, history.cores, theme)
    with grid.cell():
        _draw_steal(readings, theme)
    st.caption(
        " · ".join(_describe_other_readings(last)) or "This system reports neither load average nor temperature."
    )


def _draw_chart(title: str, text: str, figure: go.Figure) -> None:
    """A chart in a box. `text` is the newest value."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{title}** :small[{text}]")
        draw_figure(
            figure,
            key=f"machine_{title}",
            config={"displayModeBar": False},
            alt=f"{title} over the last two minutes: {text}",
        )


def _draw_missing_chart(title: str, reason: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{title}**  \n:small[{escape_markdown(reason)}]")


def _draw_frequency(readings: Sequence[Reading], cores: Sequence[int], theme: Theme) -> None:
    newest = [core.mhz for core in readings[-1].cores if core.mhz is not None]
    if not newest:
        _draw_missing_chart("Frequency", "This system does not report the frequency of its cores.")
        return
    low, high = min(newest), max(newest)
    text = f"{low:,.0f} MHz" if high - low < 1 else f"{low:,.0f} to {high:,.0f} MHz"
    top = max(core.mhz or 0 for reading in readings for core in reading.cores) * 1.15
    figure = _new_live_figure(readings, "MHz", top, theme)
    mhz = [[core.mhz for core in reading.cores] for reading in readings]
    if len(cores) <= MAX_LINES:
        lines = _split_by_core(mhz, cores)
    else:
        # With many cores, it matters whether they differ and whether they slow down.
        known = [[value for value in row if value is not None] for row in mhz]
        lines = {
            "lowest": [min(row, default=None) for row in known],
            "highest": [max(row, default=None) for row in known],
        }
    _add_lines(figure, readings, lines, "MHz", theme)
    _draw_chart("Frequency", text, figure)


def _draw_steal(readings: Sequence[Reading], theme: Theme) -> None:
    percents = [None if reading.steal is None else 100 * reading.steal for reading in readings]
    known = [percent for percent in percents if percent is not None]
    if not known:
        _draw_missing_chart("Steal", "This system does not report how much CPU time the hypervisor takes.")
        return
    figure = _new_live_figure(readings, "%", max(5.0, 1.2 * max(known)), theme)
    _add_lines(figure, readings, {"steal": percents}, "%", theme, filled=True)
    _draw_chart("Steal", f"the hypervisor took {known[-1]:.1f} % of the CPU time", figure)


def _describe_other_readings(reading: Reading) -> Iterator[str]:
    """The values that have no chart, as far as they are known."""
    if reading.load is not None:
        yield f"Load average over the last minute: {reading.load:.2f}"
    if reading.celsius is not None:
        yield f"{reading.celsius:.0f} °C"
    if reading.throttled is not None:
        yield f"{reading.throttled} thermal throttling events since boot"
    if reading.swap_used:
        yield f"{format_bytes(reading.swap_used)} of swap used"


def _build_load_figure(readings: Sequence[Reading], cores: Sequence[int], theme: Theme) -> go.Figure:
    loads = [[round(100 * core.busy, 1) for core in reading.cores] for reading in readings]
    # Above 100, so that the line of a fully busy core is not hidden by the edge of the plot.
    figure = _new_live_figure(readings, "%", 104, theme)
    if len(cores) <= MAX_LINES:
        _add_lines(figure, readings, _split_by_core(loads, cores), "%", theme)
        return figure
    figure.add_heatmap(
        x=_seconds_ago(readings),
        y=[str(core) for core in cores],
        z=[list(column) for column in zip(*loads, strict=True)],
        zmin=0,
        zmax=100,
        colorscale=load_colour_scale(theme),
        colorbar={"ticksuffix": " %", "thickness": 10},
        hovertemplate="core %{y}: %{z:.0f} %<extra></extra>",
    )
    figure.update_yaxes(title="core", range=None, autorange=True, type="category")
    return figure


def _build_memory_figure(readings: Sequence[Reading], total_bytes: int, theme: Theme) -> go.Figure:
    figure = _new_live_figure(readings, "GiB", total_bytes / 2**30, theme)
    used = [reading.memory_used / 2**30 for reading in readings]
    _add_lines(figure, readings, {"used": used}, "GiB", theme, filled=True)
    return figure


def _seconds_ago(readings: Sequence[Reading]) -> list[float]:
    """Time of each reading before the newest one, as negative seconds."""
    return [reading.at - readings[-1].at for reading in readings]


def _split_by_core(values: Sequence[Sequence[float | None]], cores: Sequence[int]) -> dict[str, list[float | None]]:
    """One line per core from one row per reading."""
    return {f"core {core}": [row[index] for row in values] for index, core in enumerate(cores)}


def _add_lines(
    figure: go.Figure,
    readings: Sequence[Reading],
    lines: Mapping[str, Sequence[float | None]],
    unit: str,
    theme: Theme,
    *,
    filled: bool = False,
) -> None:
    colours = line_colours(theme)
    for index, (name, values) in enumerate(lines.items()):
        colour = colours[index % len(colours)]
        figure.add_scatter(
            x=_seconds_ago(readings),
            y=values,
            name=name,
            mode="lines",
            line={"color": colour, "width": 1.8, "dash": LINE_DASHES[index % len(LINE_DASHES)]},
            fill="tozeroy" if filled else None,
            fillcolor=add_opacity(colour, 0.15) if filled else None,
            hovertemplate=f"{name}: %{{y:,.1f}} {unit}<extra></extra>",
        )
    figure.update_layout(showlegend=len(lines) > 1)


def _new_live_figure(readings: Sequence[Reading], unit: str, top: float, theme: Theme) -> go.Figure:
    """A figure from 0 to `top` whose axes do not move with every reading."""
    window = next(window for window in WINDOWS_S if _seconds_ago(readings)[0] >= -window)
    ticks = [round(-window * quarter / 4) for quarter in (4, 3, 2, 1, 0)]
    layout = {
        "margin": MARGINS | {"r": 20},
        "xaxis": {
            "range": [-window, 0],
            "tickvals": ticks,
            "ticktext": [f"{-tick} s ago" for tick in ticks[:-1]] + ["now"],
            "fixedrange": True,
        },
        "yaxis": {"range": [0, top], "title": {"text": unit}, "fixedrange": True, "nticks": 5},
        "hovermode": "x unified",
        "legend": {"x": 1, "xanchor": "right"},
        "uirevision": "live",
    }
    return new_figure(theme, CHART_HEIGHT_PX, layout=layout)
