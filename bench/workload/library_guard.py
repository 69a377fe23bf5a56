"""Version guard for adapter modules.

An adapter is the only module that touches private or undocumented names of one library. Before it does, it checks here
that the installed version is one that it was tested with: an upgrade of the library then ends in a message that says
what to do, and not in an AttributeError deep inside a race, or in wrong results.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from packaging.specifiers import SpecifierSet


class UnsupportedLibrary(RuntimeError):
    """The installed version of a library is not one that its adapter works with; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class LibraryGuard:
    """The versions of a library whose private names an adapter may use."""

    distribution: str
    """Name of the package as pip knows it, for example `neural-compressor`."""
    tested: str
    """Versions known to work, as a version specifier (PEP 440), for example `==3.10.*`."""
    purpose: str
    """What the private names are for; completes the sentence "Fairlap uses internals of X to ..."."""

    def require_version(self) -> str:
        """Return the installed version. Raises UnsupportedLibrary if it is not a tested one, or none is installed."""
        try:
            version = importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError as error:
            raise self._unsupported(f"{self.distribution} is not installed") from error
        # A pre-release of a tested version counts as that version.
        if not SpecifierSet(self.tested).contains(version, prereleases=True):
            raise self._unsupported(f"{self.distribution} {version} is installed")
        return version

    def require(self, path: str) -> Any:
        """Return what `module:attribute.attribute` names; only the module where there is no colon.

        Raises UnsupportedLibrary if the version is not a tested one or the name does not exist.
        """
        version = self.require_version()
        module, _, attributes = path.partition(":")
        try:
            names: Iterable[str] = attributes.split(".") if attributes else ()
            return reduce(getattr, names, importlib.import_module(module))
        except (ImportError, AttributeError) as error:
            raise self._unsupported(f"{self.distribution} {version} has no {path}") from error

    def _unsupported(self, what: str) -> UnsupportedLibrary:
        return UnsupportedLibrary(
            f"{what}. Fairlap uses internals of {self.distribution} to {self.purpose}. Versions known to work: "
            f"{self.tested}",
            f"Install a version that works: pip install '{self.distribution}{self.tested}', or make setup, which "
            "installs the versions of requirements.txt.",
        )
