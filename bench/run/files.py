"""TODO: bench.run.files."""

from __future__ import annotations

import re
from pathlib import Path

from bench import paths


def is_run_id(name: str) -> bool:
    """Whether this can be a run's id. Ids become names of files, and come in URLs."""
    return re.fullmatch("[0-9a-f]{32}", name) is not None


def journal_path(run: str) -> Path:
    return paths.journals() / f"{run}.jsonl"


def stop_request_path(run: str) -> Path:
    """The file whose presence asks the run to stop."""
    return paths.journals() / f"{run}.stop"


def page_drawing_path(run: str) -> Path:
    """The file that a page touches when it begins to draw the run, so that the race may stand still meanwhile."""
    return paths.journals() / f"{run}.drawing"


def scratch_path(run: str) -> Path:
    return paths.journals() / f"{run}.scratch"


def error_log_path(run: str) -> Path:
    """What the run's own process said on standard error."""
    return paths.journals() / f"{run}.error"
