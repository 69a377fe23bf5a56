"""The home page: what Fairlap is, a card for each workload, what runs now, and the machine at a glance."""

from __future__ import annotations

import time

import streamlit as st

from bench.formatting import format_bytes, format_cores, format_duration
from bench.machine.model import INSTRUCTION_SET_LABELS, Machine
from bench.scheduler.queue import QueueEntry
from bench.storage.store import JobRow, StoreError
from bench.values import Arm
from bench.workload.declaration import PublishedRatio, Workload
from bench.workload.registry import load_workloads
from ui import services
from ui.design import browser, theme
from ui.design.badges import claim_badge
from ui.design.text import format_date_time, format_optional_ratio
from ui.history import find_last_result
from ui.services import workload_page_script

MIN_CARD_WIDTH_PX = 360
"""Narrowest card in which both arms' names and times stand on one line."""


def draw_home_page() -> None:
    st.title("Fairlap")
    st.markdown(
        "See what an acceleration buys: stock and accelerated code race on this machine, live, on the same cores.  \n"
        "The absolute times stand in front of every ratio, and every ratio has its interval.  \n"
        "A claim is made only where the fast path ran and the accuracy held; where none is made, you read why."
    )
    _remember_queue()
    _draw_queue()
    st.subheader("Races")
    workloads = [workload for workload in load_workloads().values() if not workload.hidden]
    # Two columns at least, so that a single card is not as wide as the page.
    grid = st.grid(min(3, max(2, len(workloads))), min_column_width=MIN_CARD_WIDTH_PX)
    for workload in workloads:
        with grid.container(border=True, height="stretch"):
            _draw_card(workload)
    st.subheader("This machine")
    _draw_machine_summary(services.get_machine())


# What runs now


def _remember_queue() -> None:
    """What the queue was when the whole page was drawn: the cards are as old as that."""
    st.session_state["home_queue"] = [entry.run for entry in services.get_dispatcher().entries()]


@st.fragment(run_every=2)
def _draw_queue() -> None:
    """The queue, every two seconds. Draws the whole page anew when a run has ended, since it is the last result now."""
    entries = services.get_dispatcher().entries()
    if set(st.session_state["home_queue"]) - {entry.run for entry in entries}:
        st.rerun()
    _remember_queue()
    with st.container(border=True):
        if not entries:
            st.markdown(":material/check_circle: **The machine is free.** A race would start at once.")
        for place, entry in enumerate(entries):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_describe_entry(place, entry), width="stretch")
                if page := workload_page_script(entry.workload):
                    st.page_link(page, label="Watch", icon=":material/visibility:", query_params={"run": entry.run})


def _describe_entry(place: int, entry: QueueEntry) -> str:
    waited, origin = max(0, time.time() - entry.submitted), f"from the {entry.origin}"
    if place:
        where = "next in the queue" if place == 1 else f"{place} in front of it"
        return f":material/hourglass_empty: **{entry.title}** waits, {where} :small[· {origin} · for {waited:.0f} s]"
    return f":material/flag: **{entry.title}** {_describe_progress(entry.run)} :small[· {origin} · for {waited:.0f} s]"


def _describe_progress(run: str) -> str:
    """Where the race stands, of another user's as far as it can be read."""
    try:
        status = services.get_dispatcher().status(run)
    except StoreError:
        return "races"
    if status.run is None:
        return "races"
    pairs = status.run.estimates[-1].pairs if status.run.estimates else 0
    return f"is {status.run.state}" + (f", {pairs} pairs so far" if pairs else "")


# Cards


def _draw_card(workload: Workload) -> None:
    problem = workload.unavailable()
    page = workload_page_script(workload.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {workload.icon} {workload.title}", width="stretch")
        if problem:
            st.badge("cannot run here", icon=":material/block:", color="orange")
        else:
            st.badge("ready", icon=":material/check:", color="green")
    st.markdown(workload.summary)
    row = find_last_result(services.get_store(), workload.name, services.get_machine())
    if row:
        _draw_result(workload, row)
    elif not problem:
        st.caption("Not raced on this machine yet.")
    if problem:
        st.markdown(f":orange[:material/block:] {problem}")
    _draw_published(workload)
    st.space("stretch")
    if page:
        label = "See what it is" if problem else ":primary[**Race it**]"
        st.page_link(page, label=label, icon=":material/arrow_forward:", icon_position="right")


def _draw_result(workload: Workload, row: JobRow) -> None:
    """Absolute medians first, then the ratio; with its date, its conditions and whether it supports a claim."""
    with st.container(gap=None):
        for arm, seconds, place in zip(Arm, (row.baseline_s, row.accelerated_s), st.columns(2), strict=True):
            label = theme.arm_name_markdown(arm, _lever_label(workload, getattr(row, arm)), browser.detect_theme())
            place.metric(label, format_duration(seconds))
        ratio = format_optional_ratio(row.ratio, row.ratio_low, row.ratio_high)
        st.markdown(f"**{ratio}** {claim_badge(row.claimed)}", help=row.sentence)
        where = "" if row.is_from(services.get_machine()) else f" · on another machine: {row.machine}"
        st.caption(f"{format_date_time(row.started)} · {format_cores(row.cores)}, batch {row.batch}{where}")


def _lever_label(workload: Workload, lever: str) -> str:
    try:
        return workload.lever[lever].label
    except KeyError:
        return lever  # Kept by a version that had another lever.


def _draw_published(workload: Workload) -> None:
    """The figures that others published, which are not measured here and say so."""
    figures = [
        (case.labels()[name], published)
        for case in workload.cases
        for name, published in case.published_ratios().items()
    ]
    if figures:
        text = ", ".join(f"{label} {published.ratio:g}x" for label, published in figures)
        st.caption(
            f"Published elsewhere: {text}", help="  \n".join(_published_source(label, one) for label, one in figures)
        )


def _published_source(label: str, published: PublishedRatio) -> str:
    return f"**{label} {published.ratio:g}x**: {published.source}. {published.why_it_differs}"


# The machine


def _draw_machine_summary(machine: Machine) -> None:
    best = next(
        (label for flag, label in INSTRUCTION_SET_LABELS.items() if machine.isa.get(flag)), "none that matters here"
    )
    host = "none" if machine.hypervisor is None else machine.hypervisor
    lines = (
        ("Processor", machine.processor),
        ("Usable cores", f"{machine.core_limit} of {machine.logical_threads}"),
        ("Best instructions", best),
        ("Memory", format_bytes(machine.memory_bytes)),
        ("Hypervisor", host),
        ("System", f"{machine.operating_system}, kernel {machine.kernel}"),
    )
    with st.container(border=True):
        grid = st.grid(3, min_column_width=220, gap="small")
        for label, value in lines:
            with grid.container(gap=None):
                st.caption(label)
                st.markdown(value)
        st.page_link(services.page_script("machine"), label="All about it, live", icon=":material/memory:")
