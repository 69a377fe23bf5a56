"""The mode follows from the address unless it is set; settings that are not valid are refused with the remedy."""

import pytest

from bench.system.environment import SettingsError
from ui.access.settings import Limits, Mode, is_loopback, read_forced_mode, read_hub_models, read_limits


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "LOCALHOST"])
def test_loopback_addresses_are_local(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.7", "example.org", "unix:///run/f.sock"])
def test_every_other_address_is_reachable_by_strangers(address: str | None) -> None:
    assert not is_loopback(address)


def test_the_setting_forces_either_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLAP_MODE", raising=False)
    assert read_forced_mode() is None
    for mode in Mode:
        monkeypatch.setenv("FAIRLAP_MODE", mode.upper())
        assert read_forced_mode() is mode


@pytest.mark.parametrize("value", ["open", "1", "loc al"])
def test_an_unknown_mode_is_an_error_and_not_a_mode(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", value)
    with pytest.raises(SettingsError, match="expected 'local' or 'served'"):
        read_forced_mode()


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_limits() == Limits()
    monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", "30")
    monkeypatch.setenv("FAIRLAP_MAX_QUEUE", " 2 ")
    assert (read_limits().budget_s, read_limits().queue_length) == (30, 2)


@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf"])
def test_a_limit_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_DISK_GB", value)
    with pytest.raises(SettingsError, match=r"FAIRLAP_MAX_DISK_GB is .*, expected a number from 0"):
        read_limits()


def test_hub_models_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_hub_models() == frozenset()
    monkeypatch.setenv("FAIRLAP_HUB_MODELS", "owner/one, owner/two,,")
    assert read_hub_models() == {"owner/one", "owner/two"}
