"""The home page: what Fairlap is, a card for each workload, what runs now, and the machine at a glance."""

from __future__ import annotations

import time

import streamlit as st

from bench.claims.verdict import cores, duration
from bench.machine.describe import BEST_FLAGS, Machine
from bench.scheduler.queue import Entry
from bench.storage.store import Row, StoreError
from bench.values import Side
from bench.workload.declaration import Published, Workload, registry
from ui import services
from ui.design import theme
from ui.run_view import view
from ui.views.runs.page import claim_badge, date_and_time, last_on, page_of, ratio_text, size

CARD_WIDTH = 360
"""Narrowest card in which both arms' names and times stand on one line."""


def draw() -> None:
    st.title("Fairlap")
    st.markdown(
        "See what an acceleration buys: stock and accelerated code race on this machine, live, on the same cores.  \n"
        "The absolute times stand in front of every ratio, and every ratio has its interval.  \n"
        "A claim is made only where the fast path ran and the accuracy held; where none is made, you read why."
    )
    _remember_queue()
    _now()
    st.subheader("Races")
    workloads = [workload for workload in registry().values() if not workload.hidden]
    # Two columns at least, so that a single card is not as wide as the page.
    grid = st.grid(min(3, max(2, len(workloads))), min_column_width=CARD_WIDTH)
    for workload in workloads:
        with grid.container(border=True, height="stretch"):
            _card(workload)
    st.subheader("This machine")
    _glance(services.machine())


# What runs now


def _remember_queue() -> None:
    """What the queue was when the whole page was drawn: the cards are as old as that."""
    st.session_state["home_queue"] = [entry.run for entry in services.dispatcher().entries()]


@st.fragment(run_every=2)
def _now() -> None:
    """The queue, every two seconds. Draws the whole page anew when a run has ended, since it is the last result now."""
    entries = services.dispatcher().entries()
    if set(st.session_state["home_queue"]) - {entry.run for entry in entries}:
        st.rerun()
    _remember_queue()
    with st.container(border=True):
        if not entries:
            st.markdown(":material/check_circle: **The machine is free.** A race would start at once.")
        for place, entry in enumerate(entries):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_entry_text(place, entry), width="stretch")
                if page := page_of(entry.workload):
                    st.page_link(page, label="Watch", icon=":material/visibility:", query_params={"run": entry.run})


def _entry_text(place: int, entry: Entry) -> str:
    waited, origin = max(0, time.time() - entry.submitted), f"from the {entry.origin}"
    if place:
        where = "next in the queue" if place == 1 else f"{place} in front of it"
        return f":material/hourglass_empty: **{entry.title}** waits, {where} :small[· {origin} · for {waited:.0f} s]"
    return f":material/flag: **{entry.title}** {_progress(entry.run)} :small[· {origin} · for {waited:.0f} s]"


def _progress(run: str) -> str:
    """Where the race stands, of another user's as far as it can be read."""
    try:
        status = services.dispatcher().status(run)
    except StoreError:
        return "races"
    if status.run is None:
        return "races"
    pairs = status.run.estimates[-1].pairs if status.run.estimates else 0
    return f"is {status.run.state}" + (f", {pairs} pairs so far" if pairs else "")


# Cards


def _card(workload: Workload) -> None:
    problem = workload.unavailable()
    page = page_of(workload.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {workload.icon} {workload.title}", width="stretch")
        if problem:
            st.badge("cannot run here", icon=":material/block:", color="orange")
        else:
            st.badge("ready", icon=":material/check:", color="green")
    st.markdown(workload.sentence)
    row = last_on(services.store(), workload.name, services.machine().short)
    if row:
        _result(workload, row)
    elif not problem:
        st.caption("Not raced on this machine yet.")
    if problem:
        st.markdown(f":orange[:material/block:] {problem}")
    _published(workload)
    st.space("stretch")
    if page:
        label = "See what it is" if problem else ":primary[**Race it**]"
        st.page_link(page, label=label, icon=":material/arrow_forward:", icon_position="right")


def _result(workload: Workload, row: Row) -> None:
    """Absolute medians first, then the ratio; with its date, its conditions and whether it supports a claim."""
    with st.container(gap=None):
        for side, seconds, place in zip(Side, (row.baseline_s, row.accelerated_s), st.columns(2), strict=True):
            label = theme.named(side, _arm_label(workload, getattr(row, side)), view.theme())
            place.metric(label, duration(seconds))
        ratio = ratio_text(row.ratio, row.ratio_low, row.ratio_high)
        st.markdown(f"**{ratio}** {claim_badge(row.claimed)}", help=row.sentence)
        where = "" if row.machine == services.machine().short else f" · on another machine: {row.machine}"
        st.caption(f"{date_and_time(row.started)} · {cores(row.cores)}, batch {row.batch}{where}")


def _arm_label(workload: Workload, lever: str) -> str:
    try:
        return workload.lever[lever].label
    except KeyError:
        return lever  # Kept by a version that had another lever.


def _published(workload: Workload) -> None:
    """The figures that others published, which are not measured here and say so."""
    labels = workload.labels()
    figures = [(labels[name], published) for name, published in workload.figures().items()]
    if figures:
        text = ", ".join(f"{label} {published.ratio:g}x" for label, published in figures)
        st.caption(f"Published elsewhere: {text}", help="  \n".join(_source(label, one) for label, one in figures))


def _source(label: str, published: Published) -> str:
    return f"**{label} {published.ratio:g}x**: {published.source}. {published.why_it_differs}"


# The machine


def _glance(machine: Machine) -> None:
    best = next((label for flag, label in BEST_FLAGS.items() if machine.isa.get(flag)), "none that matters here")
    host = "none" if machine.hypervisor is None else machine.hypervisor
    lines = (
        ("Processor", machine.processor),
        ("Usable cores", f"{machine.core_limit} of {machine.logical_threads}"),
        ("Best instructions", best),
        ("Memory", size(machine.memory_bytes)),
        ("Hypervisor", host),
        ("System", f"{machine.operating_system}, kernel {machine.kernel}"),
    )
    with st.container(border=True):
        grid = st.grid(3, min_column_width=220, gap="small")
        for label, value in lines:
            with grid.container(gap=None):
                st.caption(label)
                st.markdown(value)
        st.page_link(services.page("machine"), label="All about it, live", icon=":material/memory:")
