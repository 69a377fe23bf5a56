"""What stands beside every page: the machine, how busy it is, and who races or waits.

Made to cost next to nothing: one reading of the machine serves all sessions, and each redraw is a few lines of text.
"""

from __future__ import annotations

import streamlit as st

from bench.machine.model import INSTRUCTION_SET_LABELS, Machine
from bench.scheduler.queue import Queue, QueueEntry
from bench.values import Reading
from bench.workload.registry import load_workloads
from ui import services
from ui.design.browser import rerun_after_theme_change
from ui.services import get_telemetry_monitor

REFRESH_S = 2.0
MAX_CORE_BARS = 4
"""Up to so many cores have a bar each; more have one letter each."""
BAR_LETTERS = "▁▂▃▄▅▆▇█"
MAX_SHOWN_ENTRIES = 4
"""Tickets of the queue that are listed."""


def draw_sidebar() -> None:
    """The strip, in the sidebar."""
    with st.sidebar:
        machine = services.get_machine()
        st.markdown(f"**{_processor_name(machine)}**  \n:small[{_core_summary(machine)}]")
        if badges := _instruction_badges(machine):
            st.markdown(badges)
        _draw_live()


def _processor_name(machine: Machine) -> str:
    return machine.short.split(",")[0]


def _core_summary(machine: Machine) -> str:
    return ", ".join(
        part.strip() for part in machine.short.split(",")[1:] if part.strip() not in INSTRUCTION_SET_LABELS.values()
    )


def _instruction_badges(machine: Machine) -> str:
    """The instruction sets that are worth naming, the best first."""
    labels = dict.fromkeys(label for flag, label in INSTRUCTION_SET_LABELS.items() if machine.isa.get(flag))
    return " ".join(f":gray-badge[{label}]" for label in labels)


@st.fragment(run_every=REFRESH_S)
def _draw_live() -> None:
    rerun_after_theme_change()
    reading = get_telemetry_monitor().read()
    _draw_load(reading)
    _draw_queue()


def _draw_load(reading: Reading) -> None:
    busy = [core.busy for core in reading.cores]
    mhz = [core.mhz for core in reading.cores if core.mhz is not None]
    frequency = f"{sum(mhz) / len(mhz):,.0f} MHz" if mhz else ""
    mean = sum(busy) / len(busy) if busy else 0.0
    if len(busy) <= MAX_CORE_BARS:
        for core, share in enumerate(busy):
            st.progress(share, text=f":small[core {core}: {share:.0%}]")
    else:
        letters = "".join(BAR_LETTERS[min(len(BAR_LETTERS) - 1, int(share * len(BAR_LETTERS)))] for share in busy)
        rows = [letters[start : start + 24] for start in range(0, len(letters), 24)]
        st.code("\n".join(rows), language=None)
    parts = [f"load {mean:.0%} of {len(busy)} cores"] + ([frequency] if frequency else [])
    parts += [f"{reading.celsius:.0f} °C"] if reading.celsius is not None else []
    st.caption(", ".join(parts))


def _draw_queue() -> None:
    """What races now and who waits, each a link to its race."""
    entries = Queue().entries()
    if not entries:
        st.caption(":material/check_circle: nothing races on this machine")
        return
    for place, entry in enumerate(entries[:MAX_SHOWN_ENTRIES]):
        if place < 2:
            st.caption("Races now" if place == 0 else f"Waiting: {len(entries) - 1}")
        _draw_entry(place, entry)
    if len(entries) > MAX_SHOWN_ENTRIES:
        st.caption(f"and {len(entries) - MAX_SHOWN_ENTRIES} more")


def _draw_entry(place: int, entry: QueueEntry) -> None:
    known = load_workloads().get(entry.workload)
    words = "Races now" if place == 0 else f"Waits, {place} in front"
    icon = ":material/sports_score:" if place == 0 else ":material/hourglass_top:"
    if known is None or known.hidden:
        st.caption(f"{icon} {words}: {entry.title}")
        return
    st.page_link(
        services.page_script(entry.workload),
        label=entry.title,
        icon=icon,
        help=f"{words}, from the {entry.origin}. Follow it.",
        query_params={"run": entry.run},
    )
