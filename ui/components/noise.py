"""Measuring the noise of the machine from a page."""

from __future__ import annotations

import streamlit as st

from bench.machine.noise import Noise, NoiseError
from ui import actions, records
from ui.access.redaction import describe_error
from ui.access.visitor import Denied
from ui.design.markdown import escape_markdown


def measure_noise_if_free() -> None:
    """Measure and keep the noise, unless a job is running: each would disturb the other. Draws why it was not
    measured."""
    try:
        with st.spinner("Timing each core …"):
            result = actions.measure_noise_now()
    except Denied as denied:
        st.error(describe_error(denied), icon=":material/lock:")
        return
    except NoiseError as error:
        st.error(describe_error(error), icon=":material/error:")
        return
    if isinstance(result, Noise):
        return
    if result is None:
        st.warning("A job is just ending. Try again in a moment.", icon=":material/hourglass_empty:")
    else:
        (entry,) = records.hide_private_entries([result])
        st.warning(
            f"{escape_markdown(entry.title)} is running or about to start. It and this measurement would disturb each "
            "other. Measure when the queue is empty.",
            title="Not available during another job",
            icon=":material/block:",
        )
