"""Reads a tour from its TOML file. Every mistake is reported with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.plan.plan import format_setting
from bench.run.job import is_job_id
from ui.tours.contracts import find_setting_problems, list_pages, list_parts
from ui.tours.model import Step, Tour
from ui.tours.parts import PAGE_PARTS
from ui.tours.toml_lines import KeyPath, find_key_lines

SUFFIX = ".toml"
RUN_FILE_SUFFIXES = (".json", ".json.gz")
MAX_FILE_BYTES = 256 * 1024
MAX_STEPS = 60
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_HTML = re.compile(r"<[/!?]?[a-zA-Z][^\s>]*")
_PICTURE = re.compile(r"!\[")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)|^\s*\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_ADDRESS = re.compile(r"https?://|[a-z0-9-]*(?:[?#].*)?$", re.IGNORECASE)
"""Links of the web, and of pages of this dashboard such as `rules`."""


@dataclass(frozen=True, slots=True)
class TourProblem:
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class TourError(ValueError):
    """A file is no valid tour."""

    def __init__(self, file: Path, problems: list[TourProblem]) -> None:
        super().__init__(f"{file.name}, " + "; ".join(map(str, problems)))
        self.file = file
        self.problems = problems


_Setting = str | int | float | bool
_Line = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\n]+$")]


class _StepFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Line
    text: str = Field(min_length=1, max_length=4000)
    page: str
    settings: dict[str, _Setting] = Field(default_factory=dict[str, _Setting])
    look_at: list[str] = Field(default_factory=list[str])
    notes: str = Field(default="", max_length=8000)
    race: bool = False
    recording: str = ""


class _TourFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Line
    audience: _Line
    minutes: int = Field(ge=1, le=480)
    source: str = Field(default="", pattern=r"^(https?://\S+)?$")
    steps: list[_StepFile] = Field(min_length=1, max_length=MAX_STEPS)


def read_tour(file: Path, *, shipped: bool = False) -> Tour:
    """The tour in `file`. Raises TourError, also if the file cannot be read."""
    text = _read_text(file)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TourError(file, [_describe_syntax(error, text)]) from error
    try:
        parsed = _TourFile.model_validate(content)
    except ValidationError as error:
        lines = find_key_lines(text)
        raise TourError(file, [_describe_validation(entry, lines) for entry in error.errors()]) from error
    found = [(path, fragment, problem) for path, fragment, problem in _find_problems(parsed, file)]
    if found:
        lines = find_key_lines(text)
        problems = [
            TourProblem(_find_fragment(text, _find_line(path, lines), fragment), _name_path(path) + problem)
            for path, fragment, problem in found
        ]
        raise TourError(file, sorted(problems, key=lambda problem: problem.line))
    return Tour(
        name=file.stem,
        title=parsed.title,
        audience=parsed.audience,
        minutes=parsed.minutes,
        source=parsed.source,
        steps=tuple(_make_step(step) for step in parsed.steps),
        file=file,
        shipped=shipped,
    )


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise TourError(file, [TourProblem(1, f"the file has more than {MAX_FILE_BYTES:,} bytes")])
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise TourError(file, [TourProblem(1, f"the file cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        raise TourError(file, [TourProblem(line, "the file is not UTF-8; save it as UTF-8")]) from error


def _describe_syntax(error: tomllib.TOMLDecodeError, text: str) -> TourProblem:
    message = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        # At the end of the document.
        return TourProblem(max(1, len(text.splitlines())), f"not valid TOML: {message}")
    return TourProblem(int(place[1]), f"not valid TOML, column {place[2]}: {message[: place.start()]}")


def _describe_validation(entry: Any, lines: dict[KeyPath, int]) -> TourProblem:
    path: KeyPath = tuple(entry["loc"])
    if entry["type"] == "extra_forbidden":
        parent = _StepFile if "steps" in path else _TourFile
        text = f"there is no such key; there are {', '.join(parent.model_fields)}"
    elif entry["type"] == "missing":
        text = "the key is missing"
    else:
        text = f"{entry['msg'][:1].lower()}{entry['msg'][1:]}, got {str(entry['input'])[:80]!r}"
    # The union of types of a setting is named after its value.
    if "settings" in path:
        path = path[: path.index("settings") + 2]
    return TourProblem(_find_line(path, lines), _name_path(path) + text)


def _find_line(path: KeyPath, lines: dict[KeyPath, int]) -> int:
    """The line of the key, or of the table that it is missing from."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _name_path(path: KeyPath) -> str:
    """`step 3, page: `."""
    names = [f"step {key + 1}" if isinstance(key, int) else key for key in path if key != "steps"]
    return f"{', '.join(names)}: " if names else ""


def _find_fragment(text: str, line: int, fragment: str) -> int:
    """The line from `line` on that has the fragment; `line` itself without one."""
    lines = text.splitlines()
    return next((number for number in range(line, len(lines) + 1) if fragment and fragment in lines[number - 1]), line)


def _find_problems(tour: _TourFile, file: Path) -> Iterator[tuple[KeyPath, str, str]]:
    """Key, the wrong text in its value (empty for all of it), and a sentence."""
    if not NAME_PATTERN.fullmatch(file.stem):
        yield (), "", "the name of the file is in links: use small letters, digits and hyphens"
    pages = list_pages()
    for position, step in enumerate(tour.steps):
        path: KeyPath = ("steps", position)
        yield from (((*path, "text"), *found) for found in _find_markdown_problems(step.text))
        yield from (((*path, "notes"), *found) for found in _find_markdown_problems(step.notes))
        if step.page not in pages:
            yield (*path, "page"), "", f"there is no page {step.page!r}; there are {', '.join(pages)}"
            continue
        settings = {name: format_setting(value) for name, value in step.settings.items()}
        problems = find_setting_problems(step.page, settings)
        for name, problem in problems:
            yield (*path, "settings", *((name,) if name else ())), "", problem
        parts = list_parts(step.page)
        for name in step.look_at:
            if name not in parts:
                known = f"it has {', '.join(parts)}" if parts else "it has none"
                yield (*path, "look_at"), name, f"the page {step.page} has no part {name!r}; {known}"
        yield from ((path + key, "", problem) for key, problem in _find_race_problems(step, file))


def _find_race_problems(step: _StepFile, file: Path) -> Iterator[tuple[KeyPath, str]]:
    if step.race and step.page in PAGE_PARTS:
        yield ("race",), f"the page {step.page} has no race"
    if step.recording and not _make_step(step).shows_run:
        yield ("recording",), "only a step with race = true, or one that looks at a part of a run, has a recording"
    elif step.recording.endswith(RUN_FILE_SUFFIXES):
        recording = (file.parent / step.recording).resolve()
        if not recording.is_relative_to(file.parent.resolve()):
            yield ("recording",), f"{step.recording!r} is outside of the folder of the tour"
        elif not recording.is_file():
            yield ("recording",), f"there is no file {step.recording!r} in the folder of the tour"
    elif step.recording and not is_job_id(step.recording):
        yield ("recording",), f"{step.recording!r} is neither the id of a run nor a file ending with .json or .json.gz"


def _find_markdown_problems(text: str) -> Iterator[tuple[str, str]]:
    """HTML, pictures, and links to other schemes than the web's, outside of code."""
    plain = _CODE.sub("", text)
    for found in _HTML.finditer(plain):
        yield found[0], f"HTML is not shown: remove {found[0]!r}, or write it as code between backticks"
    if found := _PICTURE.search(plain):
        yield found[0], "pictures are not shown: remove it"
    for found in _LINK.finditer(plain):
        address = found[1] or found[2] or ""
        if not _ADDRESS.match(address):
            yield address, f"{address!r} is neither an address of the web nor a page of this dashboard"


def _make_step(step: _StepFile) -> Step:
    return Step(
        title=step.title,
        text=step.text.strip(),
        page=step.page,
        settings={name: format_setting(value) for name, value in step.settings.items()},
        look_at=tuple(step.look_at),
        notes=step.notes.strip(),
        race=step.race,
        recording=step.recording,
    )
