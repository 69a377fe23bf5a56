"""The last measurement of the noise of this machine, kept in the cache folder for pages and for the command line."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from bench import paths
from bench.machine.noise import Noise
from bench.system.cache_entry import write_atomically

FILE = "noise.json"


def save_noise(noise: Noise) -> None:
    """Keep it in place of the one before. Nothing is kept if the cache folder cannot be written."""
    with contextlib.suppress(OSError):
        write_atomically(_find_file(), noise.model_dump_json().encode())


def load_noise() -> Noise | None:
    """None if none is kept, or if the file cannot be read."""
    try:
        return Noise.model_validate_json(_find_file().read_bytes())
    except (OSError, ValidationError):
        return None


def measure_age_s(noise: Noise, now: datetime | None = None) -> float:
    """Seconds since the noise was measured; at least 0."""
    return max(0.0, ((now or datetime.now(UTC)) - datetime.fromisoformat(noise.at)).total_seconds())


def _find_file() -> Path:
    return paths.cache() / FILE
