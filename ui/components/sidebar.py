"""What stands beside every page: the machine, how busy it is, and who races or waits.

Made to cost next to nothing: one reading of the machine serves all sessions, and each redraw is a few lines of text.
"""

from __future__ import annotations

import gc
import threading
import time

import streamlit as st

from bench.machine.describe import BEST_FLAGS, Machine
from bench.machine.telemetry import Telemetry
from bench.scheduler.queue import Entry, Queue
from bench.values import Reading
from bench.workload.declaration import registry
from ui import services

EVERY_S = 2.0
FRESH_S = 1.5
"""How old a reading may be that another session has taken."""
FEW_CORES = 4
"""Up to so many cores have a bar each; more have one letter each."""
BARS = "▁▂▃▄▅▆▇█"
SHOWN = 4
"""Tickets of the queue that are listed."""


class _Monitor:
    """The machine's telemetry, read once for all sessions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._telemetry = Telemetry()
        self._reading: Reading | None = None

    def read(self) -> Reading:
        with self._lock:
            now = time.monotonic()
            if self._reading is None or now - self._reading.at > FRESH_S:
                self._reading = self._telemetry.read(now)
            return self._reading


@st.cache_resource(show_spinner=False)
def _monitor() -> _Monitor:
    lighten()
    return _Monitor()


def lighten() -> None:
    """Take what is loaded out of the garbage collector's sight.

    Streamlit collects all garbage after every redraw, and with all modules in sight that takes a tenth of a second of a
    core, twice a second, beside the race. What is unreachable now is collected first, so that nothing stays for good.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def draw() -> None:
    """The strip, in the sidebar."""
    with st.sidebar:
        machine = services.machine()
        st.markdown(f"**{_processor(machine)}**  \n:small[{_cores(machine)}]")
        if badges := _instructions(machine):
            st.markdown(badges)
        _now()


def _processor(machine: Machine) -> str:
    return machine.short.split(",")[0]


def _cores(machine: Machine) -> str:
    return ", ".join(part.strip() for part in machine.short.split(",")[1:] if part.strip() not in BEST_FLAGS.values())


def _instructions(machine: Machine) -> str:
    """The instruction sets that are worth naming, the best first."""
    labels = dict.fromkeys(label for flag, label in BEST_FLAGS.items() if machine.isa.get(flag))
    return " ".join(f":gray-badge[{label}]" for label in labels)


@st.fragment(run_every=EVERY_S)
def _now() -> None:
    reading = _monitor().read()
    _load(reading)
    _queue()


def _load(reading: Reading) -> None:
    busy = [core.busy for core in reading.cores]
    mhz = [core.mhz for core in reading.cores if core.mhz is not None]
    frequency = f"{sum(mhz) / len(mhz):,.0f} MHz" if mhz else ""
    mean = sum(busy) / len(busy) if busy else 0.0
    if len(busy) <= FEW_CORES:
        for core, share in enumerate(busy):
            st.progress(share, text=f":small[core {core}: {share:.0%}]")
    else:
        letters = "".join(BARS[min(len(BARS) - 1, int(share * len(BARS)))] for share in busy)
        rows = [letters[start : start + 24] for start in range(0, len(letters), 24)]
        st.code("\n".join(rows), language=None)
    parts = [f"load {mean:.0%} of {len(busy)} cores"] + ([frequency] if frequency else [])
    parts += [f"{reading.celsius:.0f} °C"] if reading.celsius is not None else []
    st.caption(", ".join(parts))


def _queue() -> None:
    """What races now and who waits, each a link to its race."""
    entries = Queue().entries()
    if not entries:
        st.caption(":material/check_circle: nothing races on this machine")
        return
    for place, entry in enumerate(entries[:SHOWN]):
        if place < 2:
            st.caption("Races now" if place == 0 else f"Waiting: {len(entries) - 1}")
        _entry(place, entry)
    if len(entries) > SHOWN:
        st.caption(f"and {len(entries) - SHOWN} more")


def _entry(place: int, entry: Entry) -> None:
    known = registry().get(entry.workload)
    words = "Races now" if place == 0 else f"Waits, {place} in front"
    icon = ":material/sports_score:" if place == 0 else ":material/hourglass_top:"
    if known is None or known.hidden:
        st.caption(f"{icon} {words}: {entry.title}")
        return
    st.page_link(
        services.page(entry.workload),
        label=entry.title,
        icon=icon,
        help=f"{words}, from the {entry.origin}. Follow it.",
        query_params={"run": entry.run},
    )
