"""Tours in the test driver hold no races: their processes would outlive the test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_held_races(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.tours.frame.hold_next_race", lambda session, tour: None)
