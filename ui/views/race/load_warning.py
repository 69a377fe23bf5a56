"""A warning beside Run while other programs keep the processor busy."""

from __future__ import annotations

import streamlit as st

from ui import services
from ui.components.machine_load import ADVICE, measure_other_load

REFRESH_S = 3.0


@st.fragment(run_every=REFRESH_S)
def draw_load_warning() -> None:
    """How many cores other programs keep busy, and what to do. Nothing on a quiet machine, and nothing while a job
    waits or runs: it would be part of the load, and reading the load would disturb it."""
    if services.get_dispatcher().entries():
        return
    load = measure_other_load()
    if load is None or not load.disturbs:
        return
    label = f":orange[{load.text}]"
    with st.popover(label, icon=":material/warning:", type="tertiary", help="The result would be noisy. What to do"):
        st.markdown(f"**The result of a race would be noisy now.**\n\n{ADVICE}")
        st.page_link(services.page_script("machine"), label="What uses this machine", icon=":material/monitoring:")
