"""The libraries whose documentation strings are the default corpus: one class for each."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from bench.workload.interface import BadInput
from workloads import ROOT

REQUIREMENTS_FILE = ROOT / "requirements.txt"
STANDARD_LIBRARY = "standard library"
REMEDY = "Install the pinned packages: pip install -r requirements.txt."
MIN_LIBRARIES = 4
"""Least number of classes: fewer are told apart by a few words."""


@dataclass(frozen=True, slots=True)
class Library:
    """A class of documents."""

    label: str
    package: str
    """Import name; empty for the standard library."""
    distribution: str
    """Name of the package as pip knows it; empty for the standard library."""
    aliases: tuple[str, ...] = ()
    """Other names that documents use for it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that would give the label away, in lower case."""
        words = (self.package, self.distribution, self.distribution.replace("-", "_"), *self.aliases)
        return tuple(dict.fromkeys(word.lower() for word in words if word))


LIBRARIES = (
    Library(STANDARD_LIBRARY, "", "", ("python", "cpython", "stdlib")),
    Library("SciPy", "scipy", "scipy", ("sp", "numpy", "np")),
    Library("pandas", "pandas", "pandas", ("pd", "dataframe", "dataframes")),
    Library("scikit-learn", "sklearn", "scikit-learn", ("scikit",)),
    Library("TensorFlow", "tensorflow", "tensorflow", ("tf",)),
    Library("Ray", "ray", "ray", ("rllib",)),
    Library("Plotly", "plotly", "plotly", ("plotly.js", "go", "px")),
    Library("SQLAlchemy", "sqlalchemy", "sqlalchemy", ("sa",)),
    Library("Streamlit", "streamlit", "streamlit", ("st",)),
    Library("Hugging Face Hub", "huggingface_hub", "huggingface-hub", ("huggingface", "hugging-face", "hf")),
    Library("Pydantic", "pydantic", "pydantic", ("basemodel",)),
    Library("Authlib", "authlib", "authlib"),
)
"""In the order of the labels."""


def find_folder(library: Library) -> Path | None:
    """The folder of its source files; None if it is not installed. Imports nothing."""
    if not library.package:
        return Path(sysconfig.get_path("stdlib"))
    found = importlib.util.find_spec(library.package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0])


def list_installed() -> tuple[Library, ...]:
    """The libraries that are installed, in the order of their labels. Raises BadInput if they are too few."""
    installed = tuple(library for library in LIBRARIES if find_folder(library) is not None)
    if len(installed) < MIN_LIBRARIES:
        missing = ", ".join(library.package for library in LIBRARIES if library not in installed)
        raise BadInput(
            f"the documents of {len(installed)} of {len(LIBRARIES)} libraries are installed, and {MIN_LIBRARIES} are "
            f"needed; not installed: {missing}",
            REMEDY,
        )
    return installed


def read_version(library: Library) -> str:
    """The version of an installed library, whatever its distribution is called: tensorflow may be tensorflow-cpu."""
    if not library.package:
        return platform.python_version()
    try:
        return importlib.metadata.version(library.distribution)
    except importlib.metadata.PackageNotFoundError:
        names = importlib.metadata.packages_distributions().get(library.package, [])
        return importlib.metadata.version(names[0]) if names else "of unknown version"


def list_other_versions(versions: Mapping[str, str], requirements: Path = REQUIREMENTS_FILE) -> list[str]:
    """What differs from the versions that this Fairlap was tested with, in the order of the labels. Other versions have
    other documents, so accuracies cannot be compared with those of other machines."""
    pins, texts = read_pins(requirements), []
    for library in LIBRARIES:
        pinned, version = pins.get(library.distribution), versions.get(library.label)
        if version is None:
            texts.append(f"{library.label} is not installed")
        elif pinned not in (None, version):
            texts.append(f"{library.label} {version} instead of {pinned}")
    return texts


def read_pins(requirements: Path) -> dict[str, str]:
    """The pinned version of each package by its name. Empty if there is no such file, as in an installed package."""
    pins = {}
    try:
        lines = requirements.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        try:
            requirement = Requirement(line.partition("#")[0].strip().removesuffix("\\"))
        except InvalidRequirement:
            continue
        exact = [specifier.version for specifier in requirement.specifier if specifier.operator == "=="]
        if exact:
            pins[requirement.name] = exact[0]
    return pins
