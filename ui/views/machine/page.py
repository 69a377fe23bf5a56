"""The machine page: what this machine is, what it does at the moment, and how quiet it is."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from bench.machine.describe import Cache, Machine
from bench.machine.noise import QUIET_BELOW, USABLE_BELOW, Noise, NoiseError, measure
from bench.machine.telemetry import Telemetry
from bench.values import Reading
from ui import services
from ui.design import theme
from ui.run_view import view
from ui.views.runs.page import size

WINDOWS_S = (32, 60, 120)
"""How far back the live charts look: the narrowest that holds all that is known."""
FRESH_S = 0.9
"""A reading younger than this serves every page that asks."""
GAP_S = 3.0
"""Nobody watched for longer than this: a reading would be the mean of that time, so that the history begins anew."""
MOST_LINES = 4
"""Cores above which lines would hide one another, so that a map of all of them is drawn."""
CHART_HEIGHT = 190

ISA_WORDS = {
    "avx2": ("AVX2", "256-bit vectors"),
    "fma": ("FMA", "multiply and add in one instruction"),
    "avx512f": ("AVX-512", "512-bit vectors"),
    "avx512_vnni": ("AVX-512 VNNI", "int8 dot products, 512 bits wide"),
    "avx512_bf16": ("AVX-512 BF16", "bfloat16 dot products, 512 bits wide"),
    "avx512_fp16": ("AVX-512 FP16", "half-precision arithmetic, 512 bits wide"),
    "avx_vnni": ("AVX-VNNI", "int8 dot products, 256 bits wide"),
    "amx_tile": ("AMX tile", "the registers that AMX's matrix products work on"),
    "amx_int8": ("AMX INT8", "matrix products of int8"),
    "amx_bf16": ("AMX BF16", "matrix products of bfloat16"),
    "neon": ("NEON", "128-bit vectors"),
    "sve": ("SVE", "vectors of the processor's own length"),
    "i8mm": ("I8MM", "matrix products of int8"),
    "bf16": ("BF16", "bfloat16 dot and matrix products"),
}
WORD_COLOURS = {"quiet": "green", "usable": "orange", "noisy": "red"}
WORD_MEANS = {
    "quiet": "Differences of a few percent between the arms can be seen within a short run.",
    "usable": "A run takes longer until its interval is narrow, but what it says holds.",
    "noisy": "Small differences drown. Quiet the machine first, or give a run a larger budget.",
}
REMEDIES = """\
- **Close what else runs**: browsers with many tabs, other containers, backups, an editor that indexes.
- **Steal** is time that the hypervisor gave to others: use an instance that is neither shared nor burstable.
- **Fix the frequency**: the `performance` governor, mains power, and turbo off where the heat limits it.
- **Leave cores free**: race on fewer cores than there are, so that the system has somewhere to be.
- **Keep it cool and out of swap**: throttling and swapping show in the live charts and are noted in every claim.
"""


def draw() -> None:
    machine = services.machine()
    st.title("Machine")
    st.markdown(machine.short)
    _live_section(machine)
    _noise_section()
    st.subheader("What it is")
    grid = st.grid(2, min_column_width=380)
    for title, icon, lines in (
        ("Processor", "memory", _processor(machine)),
        ("Memory and caches", "storage", _memory(machine)),
        ("System", "terminal", _system(machine)),
        ("What a container or service manager allows", "fence", _limits(machine)),
    ):
        with grid.container(border=True, height="stretch"):
            st.markdown(f"**:material/{icon}: {title}**")
            st.table(lines, border="horizontal", alt=title)
    with st.container(border=True):
        _instructions(machine.isa)
    with st.container(border=True):
        _versions(machine.versions)


# What it is


def _processor(machine: Machine) -> dict[str, str]:
    threads = f"{machine.logical_threads} logical processors"
    return {
        "Name": machine.processor,
        "Vendor": machine.vendor or _unknown(),
        "Architecture": machine.architecture,
        "Sockets": _number(machine.sockets),
        "Cores": f"{_number(machine.physical_cores)} ({threads})",
        "Usable": f"{machine.core_limit} (numbers {_ranges(machine.usable_cores)})",
        "Governor": machine.governor or _unknown("set by the host or the firmware"),
        "Turbo": {True: "on", False: "off", None: _unknown()}[machine.turbo],
        "Hypervisor": {None: "none", "unknown": "a virtual machine of an unknown maker"}.get(
            machine.hypervisor, machine.hypervisor
        ),
    }


def _memory(machine: Machine) -> dict[str, str]:
    lines = {
        "Memory": f"{size(machine.memory_bytes)}, {size(machine.memory_available_bytes)} available",
        "Swap": size(machine.swap_bytes) if machine.swap_bytes else "none",
        "Transparent huge pages": machine.transparent_hugepages or _unknown(),
    }
    for cache in machine.caches:
        lines[_cache_name(cache)] = f"{size(cache.bytes)}, {_shared(cache)}"
    for node in machine.numa_nodes:
        lines[f"NUMA node {node.node}"] = f"processors {_ranges(node.cores)}"
    return lines


def _cache_name(cache: Cache) -> str:
    kind = "" if cache.kind == "Unified" else f" {cache.kind.lower()}"
    return f"L{cache.level}{kind} cache"


def _shared(cache: Cache) -> str:
    return "each processor its own" if cache.shared_by == 1 else f"shared by {cache.shared_by} processors"


def _system(machine: Machine) -> dict[str, str]:
    return {
        "Operating system": machine.operating_system,
        "Kernel": f"{machine.system} {machine.kernel}",
        "C library": machine.c_library or _unknown(),
        "Python": machine.python,
        "Up since": (machine.booted_at or _unknown()).replace("T", " ").replace("+00:00", " UTC"),
    }


def _limits(machine: Machine) -> dict[str, str]:
    limits = machine.limits
    none = "no limit"
    return {
        "Control groups": f"version {limits.cgroup}" if limits.cgroup else _unknown("none"),
        "Processor time": none if limits.cpu_quota is None else f"{limits.cpu_quota:g} cores' worth",
        "Processors": none if limits.cpuset is None else _ranges(limits.cpuset),
        "Memory": none if limits.memory_bytes is None else size(limits.memory_bytes),
    }


def _instructions(isa: Mapping[str, bool]) -> None:
    st.markdown("**:material/developer_board: Instructions that matter here**")
    if not isa:
        st.caption("This system does not tell which it has.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        for flag, present in isa.items():
            name, meaning = ISA_WORDS.get(flag, (flag, ""))
            st.badge(
                name,
                icon=":material/check:" if present else ":material/close:",
                color="green" if present else "gray",
                help=f"`{flag}`: {meaning}. This processor {'has it' if present else 'does not have it, or hides it'}.",
            )


def _versions(versions: Mapping[str, str]) -> None:
    st.markdown("**:material/deployed_code: Versions of what is measured, and of what measures**")
    grid = st.grid(5, min_column_width=150, gap="small")
    for name, version in versions.items():
        with grid.container(gap=None):
            st.caption(name)
            st.markdown(version)


def _unknown(why: str = "") -> str:
    return f"not told{': ' + why if why else ''}"


def _number(count: int | None) -> str:
    return _unknown() if count is None else str(count)


def _ranges(numbers: Sequence[int]) -> str:
    """'0-3, 8', for many processors in little room."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


# What it does at the moment


class Sampler:
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
            if age >= FRESH_S:
                if age > GAP_S:
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
def _sampler() -> Sampler:
    return Sampler()


def _live_section(machine: Machine) -> None:
    st.subheader("Now")
    _live(machine)


@st.fragment(run_every=1)
def _live(machine: Machine) -> None:
    sampler = _sampler()
    readings = sampler.readings()
    ago = [reading.at - readings[-1].at for reading in readings]
    last = readings[-1]
    grid = st.grid(2, min_column_width=380, gap="small")
    with grid.cell():
        busy = sum(core.busy for core in last.cores)
        now = f"{busy:.1f} of {len(last.cores)} cores busy"
        _chart("Load per core", now, _load_figure(ago, readings, sampler.cores))
    with grid.cell():
        used = f"{size(last.memory_used)} of {size(machine.memory_bytes)} used"
        _chart("Memory", used, _memory_figure(ago, readings, machine.memory_bytes))
    with grid.cell():
        _frequency_chart(ago, readings, sampler.cores)
    with grid.cell():
        _steal_chart(ago, readings)
    _also(last)


def _chart(title: str, now: str, figure: go.Figure) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{title}** :small[{now}]")
        st.plotly_chart(
            figure,
            key=f"machine_{title}",
            config={"displayModeBar": False},
            alt=f"{title}, the last two minutes: {now}",
        )


def _frequency_chart(ago: Sequence[float], readings: Sequence[Reading], cores: Sequence[int]) -> None:
    known = [core.mhz for core in readings[-1].cores if core.mhz is not None]
    if not known:
        _no_chart("Frequency", "This system does not tell the frequency of its cores.")
        return
    now = f"{min(known):,.0f} MHz" if max(known) - min(known) < 1 else f"{min(known):,.0f} to {max(known):,.0f} MHz"
    figure = _figure(ago, "MHz", top=max(core.mhz or 0 for reading in readings for core in reading.cores) * 1.15)
    values = [[core.mhz for core in reading.cores] for reading in readings]
    if len(cores) > MOST_LINES:
        # Lowest and highest: with many cores, what matters is whether they differ and whether they drop.
        rows = [[mhz for mhz in row if mhz is not None] or [None] for row in values]
        _lines(figure, ago, {"lowest": [min(row) for row in rows], "highest": [max(row) for row in rows]}, "MHz")
    else:
        _lines(figure, ago, _by_core(values, cores), "MHz")
    _chart("Frequency", now, figure)


def _steal_chart(ago: Sequence[float], readings: Sequence[Reading]) -> None:
    shares = [None if reading.steal is None else 100 * reading.steal for reading in readings]
    known = [share for share in shares if share is not None]
    if not known:
        _no_chart("Steal", "This system does not tell how much time a hypervisor takes.")
        return
    figure = _figure(ago, "%", top=max(5.0, 1.2 * max(known)))
    _lines(figure, ago, {"steal": shares}, "%", filled=True)
    _chart("Steal", f"{known[-1]:.1f} % of the time went to others on the host", figure)


def _no_chart(title: str, why: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{title}**  \n:small[{why}]")


def _also(last: Reading) -> None:
    """What has no chart of its own, where it is known."""
    told = []
    if last.load is not None:
        told.append(f"{last.load:.2f} programs wanted to run, over the last minute")
    if last.celsius is not None:
        told.append(f"{last.celsius:.0f} °C")
    if last.throttled is not None:
        told.append(f"{last.throttled} thermal throttling events since boot")
    if last.swap_used:
        told.append(f"{size(last.swap_used)} of swap used")
    st.caption(" · ".join(told) or "Load average and temperature are not told.")


def _load_figure(ago: Sequence[float], readings: Sequence[Reading], cores: Sequence[int]) -> go.Figure:
    loads = [[round(100 * core.busy, 1) for core in reading.cores] for reading in readings]
    figure = _figure(ago, "%", top=104)  # A core at its limit is to be seen, not to be the frame.
    if len(cores) <= MOST_LINES:
        _lines(figure, ago, _by_core(loads, cores), "%")
        return figure
    figure.add_heatmap(
        x=ago,
        y=[str(core) for core in cores],
        z=[list(column) for column in zip(*loads, strict=True)],
        zmin=0,
        zmax=100,
        colorscale=theme.load_colours(view.theme()),
        colorbar={"ticksuffix": " %", "thickness": 10},
        hovertemplate="core %{y}: %{z:.0f} %<extra></extra>",
    )
    figure.update_yaxes(title="core", range=None, autorange=True, type="category")
    return figure


def _memory_figure(ago: Sequence[float], readings: Sequence[Reading], total: int) -> go.Figure:
    figure = _figure(ago, "GiB", top=total / 2**30)
    _lines(figure, ago, {"used": [reading.memory_used / 2**30 for reading in readings]}, "GiB", filled=True)
    return figure


def _by_core(values: Sequence[Sequence[float | None]], cores: Sequence[int]) -> dict[str, list[float | None]]:
    return {f"core {core}": [row[place] for row in values] for place, core in enumerate(cores)}


def _lines(
    figure: go.Figure,
    ago: Sequence[float],
    lines: Mapping[str, Sequence[float | None]],
    unit: str,
    *,
    filled: bool = False,
) -> None:
    for place, (name, values) in enumerate(lines.items()):
        colour = _colours()[place % len(_colours())]
        figure.add_scatter(
            x=ago,
            y=values,
            name=name,
            mode="lines",
            line={"color": colour, "width": 1.8, "dash": ("solid", "dash", "dot", "dashdot")[place % 4]},
            fill="tozeroy" if filled else None,
            fillcolor=theme.see_through(colour, 0.15) if filled else None,
            hovertemplate=f"{name}: %{{y:,.1f}} {unit}<extra></extra>",
        )
    figure.update_layout(showlegend=len(lines) > 1)


def _figure(ago: Sequence[float], unit: str, *, top: float) -> go.Figure:
    """Axes that stand still while the lines move, from nothing to `top`; they widen twice while the history grows."""
    window = next(window for window in WINDOWS_S if ago[0] >= -window)
    ticks = [round(-window * part / 4) for part in (4, 3, 2, 1, 0)]
    return go.Figure(
        layout={
            "height": CHART_HEIGHT,
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


def _colours() -> list[str]:
    """The theme's, without the two that mean the arms."""
    return st.get_option(f"theme.{view.theme()}.chartCategoricalColors")[2:]


# How quiet it is


class _Kept:
    """The last measurement of noise, the same for everybody who looks."""

    noise: Noise | None = None


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


@st.fragment
def _noise_section() -> None:
    st.subheader("How quiet it is")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button("Measure noise", icon=":material/graphic_eq:", key="machine_noise", type="primary")
            st.caption("Times a fixed piece of arithmetic over and over on up to four cores, for two seconds at most.")
        if pressed:
            _measure()
        if noise := _kept().noise:
            _noise(noise)
        with st.expander("What the score means, and what to do about a noisy machine", icon=":material/help:"):
            _explain()


def _measure() -> None:
    """Measure, unless a race runs: each would spoil the other's figures."""
    dispatcher = services.dispatcher()
    if entries := dispatcher.entries():
        st.warning(
            f"{entries[0].title} is racing or about to: the measurement would disturb the race, and the race the "
            "measurement. Measure when the queue is empty.",
            title="Not while a race runs",
            icon=":material/block:",
        )
        return
    # With the machine's lock in hand no race begins meanwhile; it waits these two seconds.
    lock = dispatcher.queue.take_machine()
    if lock is None:
        st.warning("A race is just ending. Try again in a moment.", icon=":material/hourglass_empty:")
        return
    try:
        with st.spinner("Timing each core …"):
            _kept().noise = measure()
    except NoiseError as error:
        st.error(str(error), title="The noise could not be measured", icon=":material/error:")
    finally:
        os.close(lock)


def _noise(noise: Noise) -> None:
    st.markdown(f":{WORD_COLOURS[noise.word]}-badge[{noise.word}] {WORD_MEANS[noise.word]} :small[{_age(noise)}]")
    grid = st.grid(6, min_column_width=115)
    for label, value, help_text in (
        ("Score", f"{noise.score:.1f} %", "Spread and late share together, of the worst core."),
        ("Spread", f"{noise.spread:.1f} %", "Interquartile range over the median."),
        ("Late", f"{noise.late:.1f} %", "Repetitions that took over 10 % longer than the median."),
        ("Worst pause", f"{noise.worst_pause_ms:.1f} ms", "The longest time over the median that one repetition took."),
        ("Steal", _percent(noise.steal), "Time that the hypervisor took."),
        ("Others", _busy(noise.background_cores), "Cores that other programs kept busy meanwhile."),
    ):
        with grid.container(gap=None):
            st.caption(label, help=help_text)
            st.markdown(f"##### {value}")


def _age(noise: Noise) -> str:
    return f"measured {noise.at.replace('T', ' ').replace('+00:00', ' UTC')}, {noise.repetitions:,} repetitions"


def _percent(share: float | None) -> str:
    return "not told" if share is None else f"{share:.1%}".replace("%", " %")


def _busy(count: float | None) -> str:
    return "not told" if count is None else f"{count:.2f} cores"


def _explain() -> None:
    st.markdown(
        "On a quiet machine the arithmetic takes the same time each time. The **score** is the spread of ordinary "
        "repetitions plus the share that came late, in percent, on the worst core. The word is the worst of what the "
        "score, other programs' load and steal each say:"
    )
    st.table(
        {
            "": ["score", "other programs", "steal"],
            ":green-badge[quiet] below": _limits_of(QUIET_BELOW),
            ":orange-badge[usable] below": _limits_of(USABLE_BELOW),
        },
        border="horizontal",
        width="content",
        alt="Limits of the words quiet and usable; above them the machine is noisy",
    )
    st.markdown("**A noisy machine**")
    st.markdown(REMEDIES)


def _limits_of(limits: Mapping[str, float]) -> list[str]:
    return [f"{limits['score']:g} %", f"{limits['background']:g} cores", f"{100 * limits['steal']:g} %"]
