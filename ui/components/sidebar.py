"""The sidebar of every page: the machine, its load, and the jobs that run or wait.

It must cost little: all sessions share one reading of the machine, and a redraw is a few lines of text. While a job
runs, the load is not shown, because reading and drawing it would be part of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_percent
from bench.machine.model import INSTRUCTION_SET_LABELS, Machine
from bench.run.job import JobKind
from bench.scheduler.queue import Queue, QueueEntry
from bench.values.readings import Reading
from ui import records, services
from ui.access.redaction import describe_error
from ui.design.browser import rerun_after_theme_change
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.services import get_telemetry_monitor

REFRESH_S = 3.0
MAX_CORE_BARS = 4
"""Largest number of cores with a bar each. More cores are shown as one letter each."""
BAR_LETTERS = "▁▂▃▄▅▆▇█"
LETTERS_PER_LINE = 24
MAX_SHOWN_ENTRIES = 4
"""Number of jobs that are listed."""
RUNNING_WORDS: dict[JobKind | str, str] = {JobKind.RACE: "Races now", JobKind.MEASUREMENT: "Measures now"}
RUNNING_ICONS: dict[JobKind | str, str] = {
    JobKind.RACE: ":material/sports_score:",
    JobKind.MEASUREMENT: ":material/straighten:",
}


def draw_sidebar() -> None:
    with st.sidebar:
        machine = services.get_machine()
        name, cores = escape_markdown(_processor_name(machine)), escape_markdown(_core_summary(machine))
        st.markdown(f"**{name}**  \n:small[{cores}]")
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
    """The machine's instruction sets for fast arithmetic, the best first."""
    labels = dict.fromkeys(label for flag, label in INSTRUCTION_SET_LABELS.items() if machine.isa.get(flag))
    return " ".join(f":gray-badge[{label}]" for label in labels)


@st.fragment(run_every=REFRESH_S)
def _draw_live() -> None:
    rerun_after_theme_change()
    try:
        entries = records.hide_private_entries(Queue().entries())
    except OSError as error:
        st.caption(f":material/error: The queue cannot be read: {describe_error(error)}")
        return
    if not entries:
        _draw_load(get_telemetry_monitor().read())
    _draw_queue(entries)


def _draw_load(reading: Reading) -> None:
    busy = [core.busy for core in reading.cores]
    mhz = [core.mhz for core in reading.cores if core.mhz is not None]
    frequency = f"{sum(mhz) / len(mhz):,.0f} MHz" if mhz else ""
    mean = sum(busy) / len(busy) if busy else 0.0
    if len(busy) <= MAX_CORE_BARS:
        for core, share in enumerate(busy):
            draw_progress(share, f":small[core {core}: {format_percent(share, 0)}]", f"Load of core {core}")
    else:
        letters = "".join(BAR_LETTERS[min(len(BAR_LETTERS) - 1, int(share * len(BAR_LETTERS)))] for share in busy)
        lines = [letters[start : start + LETTERS_PER_LINE] for start in range(0, len(letters), LETTERS_PER_LINE)]
        st.code("\n".join(lines), language=None)
    parts = [f"load {format_percent(mean, 0)} of {len(busy)} cores"] + ([frequency] if frequency else [])
    parts += [f"{reading.celsius:.0f} °C"] if reading.celsius is not None else []
    st.caption(", ".join(parts))


def _draw_queue(entries: Sequence[QueueEntry]) -> None:
    """The job that runs and those that wait, each with a link to where it can be followed."""
    if not entries:
        st.caption(":material/check_circle: no job runs on this machine")
        return
    for place, entry in enumerate(entries[:MAX_SHOWN_ENTRIES]):
        if place == 0:
            st.caption(_running_words(entry))
        elif place == 1:
            st.caption(f"Waiting: {len(entries) - 1}")
        _draw_entry(place, entry)
    if len(entries) > MAX_SHOWN_ENTRIES:
        st.caption(f"and {len(entries) - MAX_SHOWN_ENTRIES} more")


def _running_words(entry: QueueEntry) -> str:
    return RUNNING_WORDS.get(entry.kind, "Runs now")


def _draw_entry(place: int, entry: QueueEntry) -> None:
    status = _running_words(entry) if place == 0 else f"Waits, {place} in front"
    icon = RUNNING_ICONS.get(entry.kind, ":material/sports_score:") if place == 0 else ":material/hourglass_top:"
    link = records.link_to_entry(entry)
    if link is None:
        st.caption(f"{icon} {status}: {escape_markdown(entry.title)}")
        return
    st.page_link(
        link.page,
        label=escape_markdown(entry.title),
        icon=icon,
        help=f"{status}, started by {escape_markdown(f'{entry.requester} from the {entry.origin}')}. Follow it.",
        query_params=link.query,
    )
