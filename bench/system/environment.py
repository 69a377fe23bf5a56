"""Settings in environment variables."""

from __future__ import annotations

import os


class SettingsError(ValueError):
    """A setting of the environment is not valid. The text says which, and what is allowed."""


def read_number(variable: str, default: float) -> float:
    """The number from 0 that a variable is set to; `default` if it is not set or empty. Raises SettingsError."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return float(default)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingsError(f"{variable} is {text!r}, expected a number from 0.")
    return number
