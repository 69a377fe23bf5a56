"""All tours: those that come with Fairlap, and those in the folders of FAIRLAP_TOURS."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from ui.services import ASSETS
from ui.tours.model import Tour
from ui.tours.reading import SUFFIX, TourError, TourProblem, read_tour

FOLDERS_VARIABLE = "FAIRLAP_TOURS"
"""Environment variable: folders with tours, separated by the path separator of the system."""
SHIPPED_FOLDER = ASSETS / "tours"


@dataclass(frozen=True, slots=True)
class Catalogue:
    tours: dict[str, Tour] = field(default_factory=dict[str, Tour])
    """By name. A tour of FAIRLAP_TOURS replaces a shipped one of the same name."""
    errors: tuple[TourError, ...] = ()
    """Files that are no valid tours, and folders that cannot be read."""


def load_catalogue() -> Catalogue:
    """All tours as their files are now. A file is parsed again only after it has changed, or if a recording was
    missing."""
    tours: dict[str, Tour] = {}
    errors: list[TourError] = []
    for folder, shipped in [(SHIPPED_FOLDER, True), *((folder, False) for folder in list_own_folders())]:
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix == SUFFIX)
        except OSError as error:
            errors.append(
                TourError(
                    folder, [TourProblem(1, f"the folder of {FOLDERS_VARIABLE} cannot be read: {error.strerror}")]
                )
            )
            continue
        for file in files:
            key = (str(file), _stamp(file), shipped)
            match _read_cached(*key):
                case TourError() as error:
                    errors.append(error)
                    if not error.lasts:
                        _read_cached.clear(*key)
                case tour:
                    tours[tour.name] = tour
    return Catalogue(tours, tuple(errors))


def list_own_folders() -> list[Path]:
    """The folders of FAIRLAP_TOURS."""
    names = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    return [Path(os.path.expanduser(name)) for name in names if name.strip()]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


@st.cache_resource(max_entries=200, show_spinner=False)
def _read_cached(file: str, changed: tuple[int, int], shipped: bool) -> Tour | TourError:
    try:
        return read_tour(Path(file), shipped=shipped)
    except TourError as error:
        return error
