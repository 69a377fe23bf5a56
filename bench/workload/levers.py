"""The lever of a workload: the one thing that differs between the arms, and its values."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
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
    traits: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the value consists of, by name, such as its library and its precision. If two values differ in more than one
    trait, a claim names all of them. Empty if a value is one thing only."""
    code: str = ""
    """The code of this value, shown with that of the other arm as a diff; empty if that of the case shows it."""
    optional: bool = False
    """Whether the other settings run where the packages of this one are missing."""
    explain_obstacle: Callable[[], str] | None = None
    """Says why this machine cannot run the setting, and what to do about it; empty if it can. Imports no library. None:
    every machine can."""
    extra: str = ""
    """Name of the package to install, if it is not one of the pinned packages."""

    def unavailable(self) -> str:
        """Why this setting cannot run here, and what to do about it; empty if it can. Imports none of the packages."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if not missing:
            return self.explain_obstacle() if self.explain_obstacle else ""
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
    rival_trait: str = ""
    """The trait in which fair baselines for the same result differ, such as `library`; empty if there is none."""

    def __getitem__(self, name: str) -> LeverValue:
        """The value `name`. Raises KeyError."""
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(name)

    def list_rivals(self, name: str) -> list[LeverValue]:
        """The other values that give what `name` gives, in another way: they differ from it in `rival_trait` only.
        Those that are naive are left out."""
        value = self[name]
        return [
            other
            for other in self.values
            if other.baseline_kind is not BaselineKind.NAIVE and self._list_changes(value, other) == [self.rival_trait]
        ]

    def _list_changes(self, one: LeverValue, other: LeverValue) -> list[str]:
        """The traits in which two values differ."""
        return [trait for trait in one.traits if one.traits[trait] != other.traits.get(trait)]
