"""How long the phases of interactive tasks took when they were last done on this machine.

Interactive tasks are not stored, but a page shows how long a preparation will probably take. There is one small file
for each task in the cache folder. It is only a forecast: a file that cannot be read or written is ignored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bench import paths
from bench.system.cache_entry import write_atomically

FOLDER = "phase-times"
MAX_SETTINGS = 50
"""Number of settings of a task whose times are kept; the oldest are dropped."""
_times_adapter: TypeAdapter[dict[str, dict[str, float]]] = TypeAdapter(dict[str, dict[str, float]])


def load_times(workload: str, task: str, settings: str) -> dict[str, float]:
    """Return the seconds of each phase with `settings`, a digest; empty if they are not known."""
    return _read(_find_file(workload, task)).get(settings, {})


def save_times(workload: str, task: str, settings: str, times: Mapping[str, float]) -> None:
    """Keep the seconds of the phases that were done. Phases that were not done keep their last times."""
    file = _find_file(workload, task)
    known = _read(file)
    known[settings] = known.pop(settings, {}) | dict(times)
    newest = dict(list(known.items())[-MAX_SETTINGS:])
    with contextlib.suppress(OSError):
        write_atomically(file, _times_adapter.dump_json(newest))


def _find_file(workload: str, task: str) -> Path:
    return paths.cache() / FOLDER / f"{workload}-{task}.json"


def _read(file: Path) -> dict[str, dict[str, float]]:
    try:
        return _times_adapter.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return {}
