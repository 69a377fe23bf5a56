"""What the check of a file found, and what is kept of it beside an uploaded file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from bench.values.base import Value
from bench.values.output import Picture

UPLOAD_PREFIX = "upload:"
"""A parameter's value that refers to an upload is this prefix and the SHA-256 of the file."""


class FileSummary(Value):
    """What the check of a file found."""

    text: str
    """What the file holds, as a clause: `40 × 60 pixels, 2,345 colours`."""
    notes: list[str] = Field(default_factory=list[str])
    """What is converted, left out or missing when the file is used, as sentences."""
    picture: Picture | None = None
    """A thumbnail."""
    columns: list[str] = Field(default_factory=list[str])
    """For a table: the names of its first columns."""


class UploadedFile(Value):
    """What is kept beside an uploaded file, which itself is named by its digest."""

    name: str
    """The name that the file had where it came from."""
    summary: FileSummary


def find_upload(uploads: Path, value: str) -> Path:
    """The uploaded file in the folder `uploads` that a parameter's value refers to. It may not exist."""
    return uploads / Path(value.removeprefix(UPLOAD_PREFIX)).name


def find_description(file: Path) -> Path:
    """The file that holds the UploadedFile of the uploaded file `file`."""
    return file.with_name(f"{file.name}.json")


def read_description(file: Path) -> UploadedFile | None:
    """What is known about the uploaded file `file`; None for uploads of versions that did not record it."""
    try:
        return UploadedFile.model_validate_json(find_description(file).read_bytes())
    except (OSError, ValidationError):
        return None


def find_upload_name(file: Path) -> str:
    """The name that an uploaded file had, or the beginning of its digest."""
    described = read_description(file)
    return described.name if described else f"upload {file.name[:12]}"
