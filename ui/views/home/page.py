"""The home page: where to start, what the races on this machine found, the queue, and this machine in brief."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_bytes
from bench.machine.model import INSTRUCTION_SET_LABELS, Machine
from bench.workload.registry import load_workloads
from ui import services
from ui.design.glossary import explain
from ui.design.markdown import escape_markdown
from ui.views.home.cards import draw_card
from ui.views.home.preparation import draw_preparation
from ui.views.home.queue import draw_queue, remember_queue
from ui.views.home.start import draw_start

MIN_CARD_WIDTH_PX = 320
"""Narrowest card that shows the name and the time of both arms on one line."""
MAX_COLUMNS = 4


def draw_home_page() -> None:
    st.title("Is it really faster, on this machine?")
    st.markdown(
        "Fairlap races an accelerated library against its stock version, live and on the same cores, and claims only "
        "what the samples support.",
        help=explain("arm", "claim"),
    )
    st.page_link(
        services.page_script("tours"),
        label="New here, or about to show it to others? Take a guided tour.",
        icon=":material/tour:",
    )
    remember_queue()
    draw_queue()
    start, preparation = st.columns([5, 6], gap="medium")
    with start.container(border=True, height="stretch", key="home-start"):
        draw_start()
    with preparation.container(border=True, height="stretch", key="home-preparation"):
        draw_preparation()
    st.header("Races", anchor=False)
    workloads = [workload for workload in load_workloads().values() if not workload.hidden]
    # At least two columns, so that a single card does not fill the page.
    grid = st.grid(min(MAX_COLUMNS, max(2, len(workloads))), min_column_width=MIN_CARD_WIDTH_PX)
    for workload in workloads:
        with grid.container(border=True, height="stretch"):
            draw_card(workload)
    st.header("This machine", anchor=False)
    _draw_machine_summary(services.get_machine())


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
                st.markdown(escape_markdown(value))
        st.page_link(services.page_script("machine"), label="Load, noise and details", icon=":material/arrow_forward:")
