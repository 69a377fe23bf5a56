"""The control that takes a file: its limit, and words for an upload that failed. The browser tests have the rest."""

import pytest
from streamlit import config

from tests.support.pages import run_script
from ui.controls.uploader import explain_failed_upload

SCRIPT = """
import streamlit as st
from ui.controls.uploader import draw_uploader, limit_upload_mb

draw_uploader("A table", ("csv",), 64, key="table:file")
st.text(limit_upload_mb(64))
"""


@pytest.mark.parametrize(("server_mb", "limit_mb"), [(64, 64), (200, 64), (3, 3)])
def test_the_smaller_limit_of_control_and_server_applies(server_mb, limit_mb):
    before = config.get_option("server.maxUploadSize")
    config.set_option("server.maxUploadSize", server_mb)
    try:
        app = run_script(SCRIPT)
    finally:
        config.set_option("server.maxUploadSize", before)
    assert app.text[0].value == str(limit_mb)
    assert not app.error
    [uploader] = app.get("file_uploader")
    assert uploader.proto.max_upload_size_mb == limit_mb


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        ("Error: AxiosError: Request failed with status code 413", "raise the limit of the proxy (nginx: client_max"),
        ("Error: AxiosError: Request failed with status code 400", "Reload the page and choose the file again"),
        ("Error: AxiosError: Request failed with status code 403", "drops cookies or headers"),
        ("Error: AxiosError: Request failed with status code 429", "holds too many files that were uploaded"),
        ("Error: AxiosError: Request failed with status code 502", "HTTP status 502. Wait a moment"),
        ("Error: AxiosError: Network Error", "The connection was cut during the transfer"),
        ("Error: File must be 10.0MB or smaller.", "File must be 10.0MB or smaller. Choose another file."),
        ("image/gif files are not allowed.", "image/gif files are not allowed. Choose another file."),
    ],
)
def test_a_failed_upload_is_explained_in_words(alert, words):
    failed = explain_failed_upload("mine.csv, 3.1MB", alert, 64)
    assert failed.title.startswith("mine.csv, 3.1MB: ")
    assert words in failed.explanation
    assert "Axios" not in failed.explanation
