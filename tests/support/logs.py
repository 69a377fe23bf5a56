"""What a module logs."""

from __future__ import annotations

import logging

import pytest


def record_warnings(monkeypatch: pytest.MonkeyPatch, logger: logging.Logger) -> list[str]:
    """The warnings that `logger` gets from now on. In a process that has run thousands of tests, pytest's `caplog` may
    see none of them."""
    warnings: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda text, *values: warnings.append(text % values))
    return warnings
