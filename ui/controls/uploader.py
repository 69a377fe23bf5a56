"""The control that takes a file, with the limit that applies and the reason why an upload failed.

A file can be refused before it reaches Fairlap: by the browser, because it is larger than the control allows, or by a
proxy in front of the server. The server sees neither. Streamlit's control shows the reason only while the pointer is on
the file, and that of a proxy as "AxiosError: Request failed with status code 413". An invisible component watches the
control in the browser and sends what it says, so that the page can explain it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components.v2 import component

from ui.access.upload_limit import expect_upload
from ui.design.markdown import escape_markdown

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

WATCH_SCRIPT = """
export default function ({ data, setStateValue }) {
  let reported = data.reported;
  const report = () => {
    const file = [...document.querySelectorAll(`.${data.css_class} .stFileChip`)].at(-1);
    const alert = file?.querySelector("[role=alert]")?.textContent;
    const failure = alert ? `${file.getAttribute("aria-label")}\\n${alert}` : "";
    if (failure !== reported) {
      reported = failure;
      setStateValue("failure", failure);
    }
  };
  const observer = new MutationObserver(report);
  observer.observe(document.body, { subtree: true, childList: true });
  report();
  return () => observer.disconnect();
}
"""
"""Sends the label of the newest file, a line break, and the alert on it; an empty text if it has none."""

_watch_alerts = component("fairlap_upload_alerts", js=WATCH_SCRIPT)

STATUS = re.compile(r"status code (\d{3})")
NETWORK_ERROR = "Network Error"
"""What the browser says if the connection ended before there was a status."""


@dataclass(frozen=True, slots=True)
class FailedUpload:
    """Why a file did not arrive, in plain text."""

    title: str
    explanation: str


def limit_upload_mb(largest_mb: int) -> int:
    """The largest file, in MB of 2^20 bytes, that a control for up to `largest_mb` may offer on this server.

    Streamlit's setting server.maxUploadSize is the limit of the server and, if the operator sets it so, of the proxy in
    front of it. A control with a limit of its own ignores it, and the file would be refused after its transfer.
    """
    return min(largest_mb, int(st.get_option("server.maxUploadSize")))


def draw_uploader(label: str, endings: Sequence[str], largest_mb: int, *, key: str) -> UploadedFile | None:
    """Take a file with one of `endings` and at most `largest_mb`. If it did not arrive, the page says why."""
    limit_mb = limit_upload_mb(largest_mb)
    expect_upload()
    file = st.file_uploader(label, type=list(endings), max_upload_size=limit_mb, key=key)
    failure_key = f"{key}:failure"
    # Streamlit makes a CSS class of the key, with hyphens in place of what a class name may not contain.
    css_class = f"st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}"
    reported = st.session_state.get(failure_key, {}).get("failure", "")
    _watch_alerts(
        key=failure_key,
        data={"css_class": css_class, "reported": reported},
        default={"failure": ""},
        on_failure_change=_keep_state,
    )
    if reported:
        file_label, _, alert = reported.partition("\n")
        failed = explain_failed_upload(file_label, alert, limit_mb)
        st.error(escape_markdown(failed.explanation), title=escape_markdown(failed.title))
    return file


def _keep_state() -> None:
    """Streamlit keeps a value that a component sends only if there is a callback for it."""


def explain_failed_upload(file_label: str, alert: str, limit_mb: int) -> FailedUpload:
    """Words for the text `alert` that Streamlit's control shows at a file. `file_label` has its name and its size."""
    status = STATUS.search(alert)
    if status is None and NETWORK_ERROR not in alert:
        return FailedUpload(f"{file_label}: not accepted", f"{alert.removeprefix('Error: ')} Choose another file.")
    title = f"{file_label}: the upload failed"
    if status is None:
        return FailedUpload(
            title,
            "The connection was cut during the transfer. Choose the file again. If it fails again, a proxy in front of "
            "this server may limit size or time: choose a smaller file, or ask the operator.",
        )
    code = int(status[1])
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return FailedUpload(
            title,
            "The file is larger than the proxy in front of this server accepts (HTTP status 413, Request Entity Too "
            "Large). Choose a smaller file, or ask the operator to raise the limit of the proxy (nginx: "
            f"client_max_body_size) to {limit_mb + 1} MB.",
        )
    if code in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN):
        return FailedUpload(
            title,
            f"The server did not recognize this page (HTTP status {code}). Reload the page and choose the file again. "
            "If it fails again, the proxy in front of the server drops cookies or headers: ask the operator.",
        )
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return FailedUpload(
            title,
            "The server holds too many files that were uploaded and not used yet, of this page or of all visitors. "
            "Remove the files from the controls of this page, or reload it, and choose the file again after a minute.",
        )
    return FailedUpload(
        title,
        f"The server answered with HTTP status {code}. Wait a moment and choose the file again; if it fails again, ask "
        "the operator.",
    )
