"""Secrets that are damaged, or lose sign-in while the server runs, take rights away and never give them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton

from bench.paths import ROOT
from bench.system.environment import SettingsError
from ui.access import roles
from ui.access.announcement import describe_access
from ui.access.roles import is_sign_in_configured, read_rules

SIGN_IN = '[auth]\nclient_id = "fairlap"\ncookie_secret = "secret"\n'
DAMAGED = {
    "typo": SIGN_IN + "[access\n",
    "access without auth": '[auht]\nclient_id = "fairlap"\n[access]\nanonymous = "viewer"\n',
    "empty auth": "[auth]\n",
    "not a table": "access = 1\n" + SIGN_IN,
}


def reload_secrets() -> None:
    """As Streamlit does when it finds the file changed."""
    secrets_singleton._reset()


@pytest.fixture
def secrets_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "secrets.toml"
    files = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    monkeypatch.setattr(roles, "_sign_in_seen", threading.Event())
    monkeypatch.setattr(secrets_singleton, "_file_watchers_installed", True)
    reload_secrets()
    yield file
    config.set_option("secrets.files", files)
    reload_secrets()


def test_no_file_is_no_sign_in(secrets_file: Path) -> None:
    assert not is_sign_in_configured()
    secrets_file.write_text('[other]\nkey = "value"\n')
    assert not is_sign_in_configured()


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_secrets_are_an_error(secrets_file: Path, damage: str) -> None:
    secrets_file.write_text(DAMAGED[damage])
    with pytest.raises(SettingsError, match=r"secrets"):
        is_sign_in_configured()
        read_rules()


def test_secrets_that_cannot_be_opened_are_an_error(secrets_file: Path) -> None:
    secrets_file.mkdir()
    with pytest.raises(SettingsError, match="Is a directory"):
        is_sign_in_configured()
    secrets_file.rmdir()
    secrets_file.symlink_to("missing.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        is_sign_in_configured()


@pytest.mark.parametrize("content", [*DAMAGED.values(), "", None])
def test_sign_in_does_not_end_while_the_server_runs(secrets_file: Path, content: str | None) -> None:
    secrets_file.write_text(SIGN_IN)
    assert is_sign_in_configured()
    if content is None:
        secrets_file.unlink()
    else:
        secrets_file.write_text(content)
    reload_secrets()
    with pytest.raises(SettingsError):
        is_sign_in_configured()
        read_rules()
    secrets_file.write_text(SIGN_IN)
    reload_secrets()
    assert is_sign_in_configured(), "the repaired file works without a restart"


def test_a_local_server_notices_sign_in_at_its_start(secrets_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLAP_MODE", raising=False)
    address = config.get_option("server.address")
    config.set_option("server.address", "localhost")
    try:
        secrets_file.write_text(SIGN_IN)
        describe_access()
        secrets_file.unlink()
        reload_secrets()
        with pytest.raises(SettingsError, match="Sign-in was configured"):
            is_sign_in_configured()
    finally:
        config.set_option("server.address", address)


@pytest.mark.parametrize("damage", ["typo", "directory"])
def test_the_server_does_not_start_with_damaged_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    file = tmp_path / "secrets.toml"
    if damage == "typo":
        file.write_text(DAMAGED["typo"])
    else:
        file.mkdir()
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from streamlit import config; config.set_option('secrets.files', [{str(file)!r}]); import app",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "Fairlap does not start: The secrets of sign-in cannot be read" in done.stderr


TWO_PROVIDERS = '[auth.one]\nclient_id = "a"\n[auth.two]\nclient_id = "b"\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[access]\nanonymous = "operator"', "makes everybody an operator who opens the page"),
        ('[access]\ndefault = "operator"', "makes everybody an operator who signs in"),
        ('[access]\nrunners = ["00u1abcd"]', "expected an e-mail address or, for a subject, 'sub:00u1abcd'"),
    ],
)
def test_rules_that_give_too_much_are_an_error(secrets_file: Path, content: str, message: str) -> None:
    secrets_file.write_text(SIGN_IN + content)
    with pytest.raises(SettingsError, match=message):
        read_rules()


def test_subjects_of_several_providers_need_the_issuer(secrets_file: Path) -> None:
    lists = '[access]\noperators = ["sub:{}7"]\n'
    secrets_file.write_text(SIGN_IN + lists.format(""))
    assert read_rules().operators == {"sub:7"}
    reload_secrets()
    secrets_file.write_text(TWO_PROVIDERS + lists.format(""))
    with pytest.raises(SettingsError, match="there are 2 providers"):
        read_rules()
    reload_secrets()
    secrets_file.write_text(TWO_PROVIDERS + lists.format("https://a.example "))
    assert read_rules().operators == {"sub:https://a.example 7"}
