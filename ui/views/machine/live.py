"""TODO: ui.views.machine.live."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes
from bench.machine.model import Machine
from bench.machine.telemetry import Telemetry
from bench.values import Reading
from ui.design import browser, theme

WINDOWS_S = (32, 60, 120)
"""How far back the live charts look: the narrowest that holds all that is known."""


MAX_READING_AGE_S = 0.9
"""A reading younger than this serves every page that asks."""


MAX_GAP_S = 3.0
"""Nobody watched for longer than this: a reading would be the mean of that time, so that the history begins anew."""


MAX_LINES = 4
"""Cores above which lines would hide one another, so that a map of all of them is drawn."""


CHART_HEIGHT_PX = 190


class TelemetryHistory:
    """The last two minutes of the machine, shared by every page that watches; it reads only while one does."""

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self._lock = threading.Lock()
        self._readings: deque[Reading] = deque()
        self.cores: list[int] = []

    def readings(self) -> list[Reading]:
        """The readings so far, the newest last, with a new one where the last is no longer fresh."""
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
        """Read twice: the first reading of all has no load, and one after a gap has the mean of the gap."""
        self._readings.clear()
        self._telemetry.read(now)
        time.sleep(0.1)
        self._readings.append(self._telemetry.read(time.monotonic()))


@st.cache_resource(show_spinner=False)
def _get_history() -> TelemetryHistory:
    return TelemetryHistory()


def draw_live_section(machine: Machine) -> None:
    st.subheader("Now")
    _draw_live(machine)


@st.fragment(run_every=1)
def _draw_live(machine: Machine) -> None:
    sampler = _get_history()
    readings = sampler.readings()
    ago = [reading.at - readings[-1].at for reading in readings]
    last = readings[-1]
    grid = st.grid(2, min_column_width=380, gap="small")
    with grid.cell():
        busy = sum(core.busy for core in last.cores)
        now = f"{busy:.1f} of {len(last.cores)} cores busy"
        _draw_chart("Load per core", now, _build_load_figure(ago, readings, sampler.cores))
    with grid.cell():
        used = f"{format_bytes(last.memory_used)} of {format_bytes(machine.memory_bytes)} used"
        _draw_chart("Memory", used, _build_memory_figure(ago, readings, machine.memory_bytes))
    with grid.cell():
        _draw_frequency(ago, readings, sampler.cores)
    with grid.cell():
        _draw_steal(ago, readings)
    _draw_other_readings(last)


def _draw_chart(title: str, now: str, figure: go.Figure) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{title}** :small[{now}]")
        st.plotly_chart(
            figure,
            key=f"machine_{title}",
            config={"displayModeBar": False},
            alt=f"{title}, the last two minutes: {now}",
        )


def _draw_frequency(ago: Sequence[float], readings: Sequence[Reading], cores: Sequence[int]) -> None:
    known = [core.mhz for core in readings[-1].cores if core.mhz is not None]
    if not known:
        _draw_missing_chart("Frequency", "This system does not tell the frequency of its cores.")
        return
    now = f"{min(known):,.0f} MHz" if max(known) - min(known) < 1 else f"{min(known):,.0f} to {max(known):,.0f} MHz"
    figure = _build_empty_figure(
        ago, "MHz", top=max(core.mhz or 0 for reading in readings for core in reading.cores) * 1.15
    )
    values = [[core.mhz for core in reading.cores] for reading in readings]
    if len(cores) > MAX_LINES:
        # Lowest and highest: with many cores, what matters is whether they differ and whether they drop.
        rows = [[mhz for mhz in row if mhz is not None] or [None] for row in values]
        _add_lines(figure, ago, {"lowest": [min(row) for row in rows], "highest": [max(row) for row in rows]}, "MHz")
    else:
        _add_lines(figure, ago, _split_by_core(values, cores), "MHz")
    _draw_chart("Frequency", now, figure)


def _draw_steal(ago: Sequence[float], readings: Sequence[Reading]) -> None:
    shares = [None if reading.steal is None else 100 * reading.steal for reading in readings]
    known = [share for share in shares if share is not None]
    if not known:
        _draw_missing_chart("Steal", "This system does not tell how much time a hypervisor takes.")
        return
    figure = _build_empty_figure(ago, "%", top=max(5.0, 1.2 * max(known)))
    _add_lines(figure, ago, {"steal": shares}, "%", filled=True)
    _draw_chart("Steal", f"{known[-1]:.1f} % of the time went to others on the host", figure)


def _draw_missing_chart(title: str, why: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{title}**  \n:small[{why}]")


def _draw_other_readings(last: Reading) -> None:
    """What has no chart of its own, where it is known."""
    told = []
    if last.load is not None:
        told.append(f"{last.load:.2f} programs wanted to run, over the last minute")
    if last.celsius is not None:
        told.append(f"{last.celsius:.0f} °C")
    if last.throttled is not None:
        told.append(f"{last.throttled} thermal throttling events since boot")
    if last.swap_used:
        told.append(f"{format_bytes(last.swap_used)} of swap used")
    st.caption(" · ".join(told) or "Load average and temperature are not told.")


def _build_load_figure(ago: Sequence[float], readings: Sequence[Reading], cores: Sequence[int]) -> go.Figure:
    loads = [[round(100 * core.busy, 1) for core in reading.cores] for reading in readings]
    figure = _build_empty_figure(ago, "%", top=104)  # A core at its limit is to be seen, not to be the frame.
    if len(cores) <= MAX_LINES:
        _add_lines(figure, ago, _split_by_core(loads, cores), "%")
        return figure
    figure.add_heatmap(
        x=ago,
        y=[str(core) for core in cores],
        z=[list(column) for column in zip(*loads, strict=True)],
        zmin=0,
        zmax=100,
        colorscale=theme.load_colour_scale(browser.detect_theme()),
        colorbar={"ticksuffix": " %", "thickness": 10},
        hovertemplate="core %{y}: %{z:.0f} %<extra></extra>",
    )
    figure.update_yaxes(title="core", range=None, autorange=True, type="category")
    return figure


def _build_memory_figure(ago: Sequence[float], readings: Sequence[Reading], total: int) -> go.Figure:
    figure = _build_empty_figure(ago, "GiB", top=total / 2**30)
    _add_lines(figure, ago, {"used": [reading.memory_used / 2**30 for reading in readings]}, "GiB", filled=True)
    return figure


def _split_by_core(values: Sequence[Sequence[float | None]], cores: Sequence[int]) -> dict[str, list[float | None]]:
    return {f"core {core}": [row[place] for row in values] for place, core in enumerate(cores)}


def _add_lines(
    figure: go.Figure,
    ago: Sequence[float],
    lines: Mapping[str, Sequence[float | None]],
    unit: str,
    *,
    filled: bool = False,
) -> None:
    for place, (name, values) in enumerate(lines.items()):
        colour = _line_colours()[place % len(_line_colours())]
        figure.add_scatter(
            x=ago,
            y=values,
            name=name,
            mode="lines",
            line={"color": colour, "width": 1.8, "dash": ("solid", "dash", "dot", "dashdot")[place % 4]},
            fill="tozeroy" if filled else None,
            fillcolor=theme.add_opacity(colour, 0.15) if filled else None,
            hovertemplate=f"{name}: %{{y:,.1f}} {unit}<extra></extra>",
        )
    figure.update_layout(showlegend=len(lines) > 1)


def _build_empty_figure(ago: Sequence[float], unit: str, *, top: float) -> go.Figure:
    """Axes that stand still while the lines move, from nothing to `top`; they widen twice while the history grows."""
    window = next(window for window in WINDOWS_S if ago[0] >= -window)
    ticks = [round(-window * part / 4) for part in (4, 3, 2, 1, 0)]
    return go.Figure(
        layout={
            "height": CHART_HEIGHT_PX,
            "margin": {"l": 8, "r": 20, "t": 8, "b": 8},
            "xaxis": {
                "range": [-window, 0],
                "tickvals": ticks,
                "ticktext": [f"{-tick} s ago" for tick in ticks[:-1]] + ["now"],
                "fixedrange": True,
            },
            "yaxis": {"range": [0, top], "title": unit, "fixedrange": True, "nticks": 5},
            "hovermode": "x unified",
            "legend": {"orientation": "h", "y": 1.0, "x": 1.0, "xanchor": "right", "yanchor": "bottom"},
            "uirevision": "live",
        }
    )


def _line_colours() -> list[str]:
    """The theme's, without the two that mean the arms."""
    return st.get_option(f"theme.{browser.detect_theme()}.chartCategoricalColors")[2:]
