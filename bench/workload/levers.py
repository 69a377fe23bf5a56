"""The lever of a workload: the one thing that differs between the arms, and its values."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.values.arms import BaselineKind

INSTALL_REMEDY = "Install the pinned packages: pip install -r requirements.txt"


@dataclass(frozen=True, slots=True)
class LeverValue:
    """One setting of the lever."""

    name: str
    label: str
    baseline_kind: BaselineKind
    """Whether it is a fair baseline. Claims against a naive one have a reservation."""
    subject: str = ""
    """Its name at the beginning of a sentence, such as `Modin`; empty: its label."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that must be set before the worker's first import."""
    packages: tuple[str, ...] = ()
    """Import names of the packages that this setting needs."""
    extra: str = ""
    """Name of the package to install, if it is not one of the pinned packages. The other settings run without it."""

    def unavailable(self) -> str:
        """Why this setting cannot run here, and what to do about it; empty if it can. Imports none of the packages."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if not missing:
            return ""
        remedy = f"Install it: pip install {self.extra}" if self.extra else INSTALL_REMEDY
        return f"{self.label} cannot run here, not installed: {', '.join(missing)}. {remedy}"


@dataclass(frozen=True, slots=True)
class Lever:
    """The one thing that differs between the arms."""

    name: str
    label: str
    values: tuple[LeverValue, ...]
    baseline: str
    """Default value of the baseline arm."""
    accelerated: str
    """Default value of the accelerated arm."""
    changes_arithmetic: bool
    """True if results may differ. A claim then needs a measured quality."""

    def __getitem__(self, name: str) -> LeverValue:
        """The value `name`. Raises KeyError."""
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(name)
