"""Preparing a workload: making everything that is cached, so that its first race starts without that wait."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, Field

from bench.system.cache_entry import list_used_entries
from bench.system.page_cache import list_mapped_libraries, measure_resident_bytes
from bench.workload.interface import BadInput, TaskReporter
from bench.workload.tasks import Task

PREPARE_TASK = "prepare"
"""Name of the task of each workload that can be prepared."""


class PreparedPart(BaseModel):
    """Something that was made, or found ready."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    seconds: float


class PreparationResult(BaseModel):
    """What a preparation has left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: list[PreparedPart]
    entries: list[str] = Field(default_factory=list[str])
    """The cache entries that a race will use, as paths in the cache."""
    resident_bytes: dict[str, int] = Field(default_factory=dict[str, int])
    """The large files of these entries and of the loaded libraries, with the number of bytes of each that were in the
    memory of the system at the end."""


def declare_preparation(label: str, usual_s: float, depends_on: tuple[str, ...] = ()) -> Task:
    """The task that prepares a workload. `label` is what it does, such as `quantize the model`. For `usual_s` see
    `Task.usual_s`."""
    return Task(PREPARE_TASK, label, PreparationResult, depends_on=depends_on, usual_s=usual_s)


class Preparation:
    """Runs and times the parts of a preparation, with progress."""

    def __init__(self, cache: Path, reporter: TaskReporter, part_count: int) -> None:
        self._cache, self._reporter, self._part_count = cache, reporter, part_count
        self._parts: list[PreparedPart] = []

    @contextmanager
    def part(self, label: str) -> Generator[None]:
        """A part that the block does."""
        self._reporter.progress(label, len(self._parts) / self._part_count)
        began = time.perf_counter()
        yield
        self._parts.append(PreparedPart(label=label, seconds=time.perf_counter() - began))

    def report(self, text: str, share: float | None = None) -> None:
        """Progress inside of a part, which is `share` done."""
        self._reporter.progress(text, (len(self._parts) + (share or 0.0)) / self._part_count)

    def refuse_unstored(self, what: str, why: str) -> NoReturn:
        """End a preparation that leaves nothing for a race, because the cache cannot be used. Raises BadInput."""
        raise BadInput(
            f"{what} was made and not stored: {why}",
            f"Free disk space and check that {self._cache} is a folder that this user may write to. Until then every "
            "race makes it again.",
        )

    def finish(self) -> PreparationResult:
        cache = self._cache.resolve()
        used = (path.resolve() for path in list_used_entries())
        entries = sorted(path for path in used if path.is_relative_to(cache))
        files = [file for entry in entries for file in sorted(entry.iterdir())]
        return PreparationResult(
            parts=self._parts,
            entries=[str(entry.relative_to(cache)) for entry in entries],
            resident_bytes=measure_resident_bytes([*files, *list_mapped_libraries()]),
        )
