"""The settings that a workload or a case declares, with their bounds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Setting = int | float | str | bool

TABLE_ENDINGS = ("csv", "tsv", "txt", "parquet", "gz", "bz2", "xz", "zip", "zst")
"""Endings of the names of files that the reader of tables takes."""
MAX_TABLE_MB = 64
"""Largest table that may be uploaded."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a user may upload as the value of a parameter. The value is then `upload:` and the file's SHA-256."""

    label: str
    endings: tuple[str, ...]
    """Allowed endings of the file's name, without the dot."""
    largest_mb: int
    check: str
    """`module:function` that takes the path of a file and its name for messages, and returns a FileSummary, or raises
    BadInput. It runs in a process of its own."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a plan, with its bounds. The controls and the command line are built from it."""

    name: str
    label: str
    kind: Literal["integer", "real", "choice", "several", "flag", "image", "text"]
    """The value of `several` is a list of choices, separated by commas."""
    default: Setting
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    """Value to label. For an `image`, the pictures that need no upload; for a `text`, suggestions."""
    upload: Upload | None = None
    """For an `image` or a `text`: the kind of file that may be uploaded."""
    path: Literal["", "always", "if there"] = ""
    """For a `text`: whether a value that is none of the choices is a path on this machine. `if there`: only if the path
    exists, because the value may also be a name of another kind."""
    only_with: str = ""
    """A parameter that must not have its default: with the default, this one has no effect."""
    only_without: tuple[str, ...] = ()
    """Parameters that must have their defaults: with other values, this one has no effect."""
    column_of: str = ""
    """For a `text`: the parameter whose file has the column that the value names."""
    pattern: str = ""
    """For a `text`: regular expression of the values that are none of the choices; empty if any text is allowed."""
    noun: str = ""
    """For an `integer`: what it counts, in the singular, such as `row`; its plural ends in s. Empty for a factor."""
    stops: tuple[int, ...] = ()
    """Values that a slider snaps to, for ranges too wide for single steps."""
    stop_labels: Mapping[int, str] = field(default_factory=dict[int, str])
    """Labels of stops whose number says little ("all pixels")."""
    cores_per: str = ""
    """For an `integer`: the name of each of so many things that share the cores evenly, such as `instance`. A sweep can
    then vary the cores of each of them too. Empty if nothing shares the cores."""
    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    """For a `choice`: value to the environment variable that must be set where Fairlap was started."""

    @property
    def label_with_unit(self) -> str:
        """The label, with what the number counts: `Batch [questions]`, but `Rows`."""
        unit = f"{self.noun}s" if self.noun else ""
        return f"{self.label} [{unit}]" if unit and unit != self.label.lower() else self.label

    @property
    def takes_files(self) -> bool:
        """Whether a value that is none of the choices refers to a file."""
        return bool(self.upload or self.path)

    def has_effect(self, others: Iterable[Parameter], values: Mapping[str, Setting | None]) -> bool:
        """Whether the value matters beside `values` of the parameters `others`, by name."""
        changed = {other.name for other in others if values.get(other.name, other.default) != other.default}
        return (not self.only_with or self.only_with in changed) and changed.isdisjoint(self.only_without)

    def unavailable(self, value: Setting) -> str:
        """Why `value` cannot be chosen here; empty if it can."""
        variable = self.needs.get(str(value), "")
        if not variable or os.environ.get(variable):
            return ""
        label = self.choices[str(value)]
        return f"{self.label}: {label} is not available. Set {variable} where Fairlap is started."
