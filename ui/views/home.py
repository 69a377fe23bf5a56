"""The home page: what Fairlap does, one card per workload, the queue, and this machine in brief."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.formatting import format_bytes, format_cores, format_duration
from bench.machine.model import INSTRUCTION_SET_LABELS, Machine
from bench.run.record import Run
from bench.scheduler.queue import QueueEntry
from bench.storage.attempts import append_attempts
from bench.storage.store import JobRow, StoreError
from bench.values import Arm
from bench.workload.declaration import PublishedRatio, Workload
from bench.workload.registry import load_workloads
from ui import services
from ui.design.badges import claim_badge
from ui.design.browser import detect_theme
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time, format_optional_ratio
from ui.design.theme import arm_name_markdown
from ui.history import find_last_result

MIN_CARD_WIDTH_PX = 360
"""Narrowest card that shows the name and the time of both arms on one line."""
QUEUE_REFRESH_S = 2.0


def draw_home_page() -> None:
    st.title("Fairlap")
    st.markdown(
        "Fairlap benchmarks an accelerated library against its stock version, live, on this machine and on the same "
        "cores.  \nYou see absolute times first, then their ratio with a 95 % interval.  \n"
        "Fairlap makes a claim only if the fast path really ran and the accuracy is within its limit. Otherwise it "
        "tells you why not."
    )
    _remember_queue()
    _draw_queue()
    st.subheader("Races")
    workloads = [workload for workload in load_workloads().values() if not workload.hidden]
    # At least two columns, so that a single card does not fill the page.
    grid = st.grid(min(3, max(2, len(workloads))), min_column_width=MIN_CARD_WIDTH_PX)
    for workload in workloads:
        with grid.container(border=True, height="stretch"):
            _draw_card(workload)
    st.subheader("This machine")
    _draw_machine_summary(services.get_machine())


# --- queue ---


def _remember_queue() -> None:
    """Store the queue as it was when the cards were drawn."""
    st.session_state["home_queue"] = [entry.job_id for entry in services.get_dispatcher().entries()]


@st.fragment(run_every=QUEUE_REFRESH_S)
def _draw_queue() -> None:
    """The queue. If a job has ended since the cards were drawn, the whole page is drawn again."""
    entries = services.get_dispatcher().entries()
    if set(st.session_state["home_queue"]) - {entry.job_id for entry in entries}:
        st.rerun()
    _remember_queue()
    with st.container(border=True):
        if not entries:
            st.markdown(":material/check_circle: **The machine is free.** A race would start immediately.")
        for position, entry in enumerate(entries):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_describe_entry(position, entry), width="stretch")
                if link := services.link_to_entry(entry):
                    st.page_link(link.page, label="Open", icon=":material/visibility:", query_params=link.query)


def _describe_entry(position: int, entry: QueueEntry) -> str:
    age_s = max(0, time.time() - entry.submitted)
    note = f":small[· from the {entry.origin} · for {age_s:.0f} s]"
    if position == 0:
        return f":material/flag: **{entry.title}** {_describe_progress(entry.job_id)} {note}"
    place = "next in the queue" if position == 1 else f"{position} before it"
    return f":material/hourglass_empty: **{entry.title}** is waiting, {place} {note}"


def _describe_progress(job_id: str) -> str:
    """The state of a job, as far as this user may read it."""
    try:
        record = services.get_dispatcher().status(job_id).record
    except StoreError:
        record = None
    if record is None:
        return "is running"
    pairs = f", {record.estimates[-1].pairs} pairs so far" if isinstance(record, Run) and record.estimates else ""
    return f"is {record.state}{pairs}"


# --- cards ---


def _draw_card(workload: Workload) -> None:
    problem = workload.unavailable()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {workload.icon} {workload.title}", width="stretch")
        if problem:
            st.badge("not available", icon=":material/block:", color="orange")
        else:
            st.badge("ready", icon=":material/check:", color="green")
    st.markdown(workload.summary)
    row = find_last_result(services.get_store(), workload.name, services.get_machine())
    if row:
        _draw_result(row, row.case_label if len(workload.cases) > 1 else "")
    elif not problem:
        st.caption("No race on this machine yet.")
    if problem:
        st.markdown(f":orange[:material/block:] {problem}")
    _draw_published(workload)
    st.space("stretch")
    if page := services.workload_page_script(workload.name):
        label = "Details" if problem else ":primary[**Open race**]"
        st.page_link(page, label=label, icon=":material/arrow_forward:", icon_position="right")


def _draw_result(row: JobRow, case_label: str) -> None:
    """The newest result: medians first, then the ratio, the claim, date and conditions."""
    with st.container(gap=None):
        baseline, accelerated = st.columns(2)
        _draw_time(baseline, Arm.BASELINE, row.baseline_label, row.baseline_s)
        _draw_time(accelerated, Arm.ACCELERATED, row.accelerated_label, row.accelerated_s)
        ratio = format_optional_ratio(row.ratio, row.ratio_low, row.ratio_high)
        attempts = services.get_store().summarize_attempts(row)
        sentence = append_attempts(row.race_sentence, attempts)
        st.markdown(f"**{ratio}** {claim_badge(row.claimed)}", help=escape_markdown(sentence))
        elsewhere = "" if row.is_from(services.get_machine()) else f"on another machine: {row.machine}"
        parts = [
            case_label,
            format_date_time(row.started),
            f"{format_cores(row.cores)}, batch {row.batch:,}",
            elsewhere,
        ]
        st.caption(" · ".join(filter(None, parts)))


def _draw_time(column: DeltaGenerator, arm: Arm, name: str, seconds: float | None) -> None:
    text = "unknown" if seconds is None else format_duration(seconds)
    column.metric(arm_name_markdown(arm, name, detect_theme()), text)


def _draw_published(workload: Workload) -> None:
    """The ratios that others published."""
    published = [
        (case.labels()[name], ratio) for case in workload.cases for name, ratio in case.published_ratios().items()
    ]
    if published:
        # Several cases may have the same step.
        text = ", ".join(dict.fromkeys(f"{label} {ratio.ratio:g}x" for label, ratio in published))
        help_text = "  \n".join(dict.fromkeys(_describe_published(label, ratio) for label, ratio in published))
        st.caption(f"Published elsewhere: {text}", help=help_text)


def _describe_published(label: str, ratio: PublishedRatio) -> str:
    return f"**{label} {ratio.ratio:g}x**: {ratio.source}. {ratio.why_it_differs}"


# --- machine ---


def _draw_machine_summary(machine: Machine) -> None:
    best = next((label for flag, label in INSTRUCTION_SET_LABELS.items() if machine.isa.get(flag)), "none of interest")
    facts = {
        "Processor": machine.processor,
        "Usable cores": f"{machine.core_limit} of {machine.logical_threads}",
        "Best instruction set": best,
        "Memory": format_bytes(machine.memory_bytes),
        "Hypervisor": machine.hypervisor or "none",
        "System": f"{machine.operating_system}, kernel {machine.kernel}",
    }
    with st.container(border=True):
        grid = st.grid(3, min_column_width=220, gap="small")
        for label, value in facts.items():
            with grid.container(gap=None):
                st.caption(label)
                st.markdown(value)
        st.page_link(services.page_script("machine"), label="Details", icon=":material/memory:")
