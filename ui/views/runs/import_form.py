"""The form that takes the file of a race of another machine."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from bench.scheduler.run_import import ImportFileError
from bench.storage.store import StoreError
from ui import actions
from ui.access.redaction import describe_error
from ui.access.visitor import Denied
from ui.controls.uploader import draw_uploader
from ui.views.runs.actions import open_job

KEY = "runs_import"
REFUSED_KEY = "runs_import_refused"
"""Digest of the file that was refused last, and why: a file that stays in the control is read once."""
MAX_FILE_MB = 16


def draw_import_button() -> None:
    """A button that opens the form; disabled with the reason if the visitor may not upload files."""
    why_not = actions.why_not_start()
    with st.popover("Import", icon=":material/move_to_inbox:", key=KEY, disabled=bool(why_not), help=why_not or None):
        if not why_not:
            _draw_form()


def _draw_form() -> None:
    st.markdown(
        "A race of another machine, from a file that **Complete record as JSON** or `python -m bench export` wrote. It "
        "is checked, and marked as imported wherever it is shown."
    )
    file = draw_uploader("File of a race", ["json"], MAX_FILE_MB, key=f"{KEY}_file")
    if file is None:
        return
    content = file.getvalue()
    digest = sha256(content).hexdigest()
    refused, why = st.session_state.get(REFUSED_KEY, ("", ""))
    if refused != digest:
        try:
            run_id = actions.import_run(content, file.name)
        except (Denied, ImportFileError, StoreError) as error:
            why = describe_error(error)
            st.session_state[REFUSED_KEY] = digest, why
        else:
            st.toast("Imported.", icon=":material/move_to_inbox:")
            open_job(run_id)
            st.rerun()
    st.error(why, title="Not imported", icon=":material/error:")
