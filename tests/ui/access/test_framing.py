"""Which sites may show the dashboard in a frame: by default none but itself, in every mode."""

from __future__ import annotations

import urllib.request

import pytest

from bench.system.environment import SettingsError
from tests.support.browser import start_server
from ui.access.framing import read_frame_ancestors


@pytest.mark.parametrize(
    ("mode", "ancestors", "policy", "option"),
    [
        ("local", "", "frame-ancestors 'self'", "SAMEORIGIN"),
        (
            "served",
            "'self' https://intranet.example.org",
            "frame-ancestors 'self' https://intranet.example.org",
            None,
        ),
    ],
)
def test_every_answer_names_who_may_frame_it(tmp_path, monkeypatch, mode, ancestors, policy, option):
    monkeypatch.setenv("FAIRLAP_MODE", mode)
    monkeypatch.setenv("FAIRLAP_FRAME_ANCESTORS", ancestors)
    server = start_server(tmp_path / "server.log")
    try:
        for path in ("", "/estimators?tab=Your+script", "/_stcore/health"):
            with urllib.request.urlopen(f"{server.address}{path}", timeout=60) as answer:
                assert policy in answer.headers.get_all("Content-Security-Policy")
                assert answer.headers["X-Frame-Options"] == option
    finally:
        server.stop()


@pytest.mark.parametrize("text", ["'self'; script-src *", "https://a.example,https://b.example", "'self'\r\nX: y;"])
def test_what_is_no_list_of_sites_is_an_error(monkeypatch, text):
    monkeypatch.setenv("FAIRLAP_FRAME_ANCESTORS", text)
    with pytest.raises(SettingsError, match="expected origins separated by spaces"):
        read_frame_ancestors()
