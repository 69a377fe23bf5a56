"""Where an imported run comes from."""

from __future__ import annotations

from datetime import datetime

from bench.values.base import Value


class Imported(Value):
    """Marks a run that was not made by this Fairlap: it was read from a file."""

    at: datetime
    file: str
    """Name of the file, without its folder."""
    machine: str
    """The machine that made the run, for people."""
    origin: str
    """The origin of the run there."""
    attempts: str = ""
    """What was known about other attempts at the plan when it was exported; empty if there were none."""
