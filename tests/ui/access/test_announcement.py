"""The paragraph that the server prints says who can do what, with the numbers that are set."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from streamlit import config

from bench.paths import ROOT
from ui.access.announcement import describe_access


@pytest.fixture
def listen() -> Iterator[Callable[[str | None], None]]:
    address = config.get_option("server.address")
    yield lambda chosen: config.set_option("server.address", chosen)
    config.set_option("server.address", address)


def describe() -> str:
    return " ".join(describe_access().split())


def test_local_by_its_address(listen: Callable[[str | None], None]) -> None:
    listen("127.0.0.1")
    text = describe()
    assert text.startswith("Access: local. Everybody who opens this address on this machine may do everything")
    assert "Scripts (the tab Your script) run with all rights of the user who started the server" in text
    assert "Connections through a proxy, and by another host name than localhost, get the restrictions" in text


@pytest.mark.parametrize(("address", "shown"), [("0.0.0.0", "0.0.0.0"), (None, "all addresses")])
def test_local_for_everybody_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, listen: Callable[[str | None], None], address: str | None, shown: str
) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "local")
    listen(address)
    text = describe()
    assert text.startswith(f"WARNING. Access: local, because FAIRLAP_MODE=local, but the server listens on {shown}.")
    assert "Everybody who can reach this address" in text and "get the restrictions" not in text


def test_forced_local_restricts_no_proxy(monkeypatch: pytest.MonkeyPatch, listen: Callable[[str | None], None]) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "local")
    listen("localhost")
    assert "connections through a proxy or a tunnel on this machine" in describe()
    assert "WARNING" not in describe() and "restrictions" not in describe()


def test_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", "77")
    monkeypatch.setenv("FAIRLAP_HUB_MODELS", "owner/model")
    text = " ".join(describe_access().split())
    assert "Everybody may start jobs, and stop and delete only those of the same browser." in text
    assert "77 s of time budget" in text and "Models of the Hugging Face hub: owner/model." in text


def test_a_server_with_settings_that_are_not_valid_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "open")
    done = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "Fairlap does not start: FAIRLAP_MODE is 'open', expected 'local' or 'served'." in done.stderr
