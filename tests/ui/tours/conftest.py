"""Tours in the test driver hold no races and load no models: their processes would outlive the test."""

from __future__ import annotations

from typing import Never

import pytest

from ui.access.visitor import Denied


def refuse(*_: object) -> Never:
    raise Denied("Nothing is loaded in the background here.")


@pytest.fixture(autouse=True)
def no_background_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.tours.frame.hold_next_race", lambda session, tour: None)
    monkeypatch.setattr("ui.actions.prepare", refuse)
