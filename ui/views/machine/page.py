"""The machine page: what this machine does now, how quiet it is, and what it is."""

from __future__ import annotations

import streamlit as st

from bench.machine.model import Machine
from ui import services
from ui.design.markdown import escape_mapping, escape_markdown
from ui.views.machine.description import (
    describe_limits,
    describe_memory,
    describe_processor,
    describe_system,
    draw_instruction_sets,
    draw_versions,
)
from ui.views.machine.live import draw_live_section
from ui.views.machine.noise import draw_noise_section


def draw_machine_page() -> None:
    machine = services.get_machine()
    st.title("Machine")
    st.markdown(escape_markdown(machine.short))
    with st.container(key="machine-load"):
        draw_live_section(machine)
    with st.container(key="machine-noise"):
        draw_noise_section()
    with st.container(key="machine-description"):
        _draw_description(machine)


def _draw_description(machine: Machine) -> None:
    st.header("Description")
    grid = st.grid(2, min_column_width=380)
    for title, icon, facts in (
        ("Processor", "memory", describe_processor(machine)),
        ("Memory and caches", "storage", describe_memory(machine)),
        ("System", "terminal", describe_system(machine)),
        ("Limits of the container or service", "fence", describe_limits(machine)),
    ):
        with grid.container(border=True, height="stretch"):
            st.markdown(f"**:material/{icon}: {title}**")
            st.table(escape_mapping(facts), border="horizontal", alt=title)
    with st.container(border=True):
        draw_instruction_sets(machine.isa)
    with st.container(border=True):
        draw_versions(machine.versions)
