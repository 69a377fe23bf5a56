"""A file that a user uploads as the value of a parameter: stored once, and described."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import streamlit as st

from bench.storage.uploads import UploadError, describe_upload
from bench.workload.file_summary import UPLOAD_PREFIX
from bench.workload.parameters import Upload
from ui import actions
from ui.access.redaction import describe_error
from ui.access.visitor import Denied
from ui.controls.uploader import draw_uploader
from ui.design.markdown import escape_markdown

SHORT_DIGEST_CHARS = 12
THUMBNAIL_WIDTH_PX = 120


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file in an uploader, after it was stored."""

    value: str
    """The value of the parameter that refers to it."""
    is_new: bool
    """Whether it was stored in this rerun."""


def take_file(key: str, upload: Upload) -> TakenFile | None:
    """The file that is in the uploader, checked and stored once; None if there is none, or if it is refused."""
    if not _may_upload():
        return None
    file = draw_uploader(upload.label, upload.endings, upload.largest_mb, key=f"{key}:file")
    if file is None:
        return None
    checked: tuple[str, str, str] | None = st.session_state.get(f"{key}:checked")
    is_new = checked is None or checked[0] != file.file_id
    if checked is None or is_new:
        value = problem = ""
        try:
            with st.spinner("Checking the file"):
                value, _ = actions.save_file(file.getvalue(), file.name, upload)
        except (UploadError, Denied) as error:
            problem = describe_error(error)
        checked = st.session_state[f"{key}:checked"] = (file.file_id, value, problem)
    _, value, problem = checked
    if problem:
        st.error(problem, title=escape_markdown(f"{file.name} was not accepted"))
        return None
    return TakenFile(value, is_new)


def draw_uploaded_file(value: str) -> None:
    """What is known about the uploaded file that a parameter's value refers to."""
    described = describe_upload(value)
    if described is None:
        st.caption(f"Uploaded earlier: `{_short_digest(value)}`.")
        return
    summary = described.summary
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if summary.picture:
            st.image(base64.b64decode(summary.picture.base64), width=min(summary.picture.width, THUMBNAIL_WIDTH_PX))
        st.caption(f":material/check: {escape_markdown(described.name)}: {escape_markdown(summary.text)}.")
    for note in summary.notes:
        st.caption(f":material/info: {escape_markdown(note)}")


def _may_upload() -> bool:
    """Whether this visitor may upload files; if not, says why."""
    why_not = actions.why_not_start()
    if why_not:
        st.caption(f":material/lock: {escape_markdown(why_not)}")
    return not why_not


def shorten_upload(value: str) -> str:
    return f"uploaded, {_short_digest(value)}" if value.startswith(UPLOAD_PREFIX) else value


def _short_digest(upload: str) -> str:
    return upload.removeprefix(UPLOAD_PREFIX)[:SHORT_DIGEST_CHARS]
