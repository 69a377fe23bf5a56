"""Reads a tour from its TOML file. Every mistake is reported with its line."""

from __future__ import annotations

import bisect
import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
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
_PART = r"""(?:[\w-]++|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{20}}")
"""A key of many parts. The time of the parser grows with the cube of their number."""
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_HTML = re.compile(r"<[/!?]?[a-zA-Z][^\s>]*")
_PICTURE = re.compile(r"!\[")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)|^[\s>*+\-\d.)]*\[(?:\\.|[^\]\\])+\]:\s*<?([^\s>]+)", re.MULTILINE)
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

    def __init__(self, file: Path, problems: list[TourProblem], *, lasts: bool = True) -> None:
        """`lasts`: only a change of the file can mend it, and no other file that is missing."""
        super().__init__(f"{file.name}, " + "; ".join(map(str, problems)))
        self.file = file
        self.problems = problems
        self.lasts = lasts


_Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""Of TOML. Its parser takes larger ones, which Python does not even show."""
_Setting = str | _Integer | Annotated[float, Field(allow_inf_nan=False)] | bool
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
    recording: str = Field(default="", max_length=255, pattern=r"^[^\x00]*$")


class _TourFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Line
    audience: _Line
    minutes: int = Field(ge=1, le=480)
    source: str = Field(default="", pattern=r"^(https?://[^\s<>()\[\]\\`]+)?$")
    steps: list[_StepFile] = Field(min_length=1, max_length=MAX_STEPS)


def read_tour(file: Path, *, shipped: bool = False) -> Tour:
    """The tour in `file`. Raises TourError, also if the file cannot be read."""
    text = _read_text(file)
    if found := _LONG_KEY.search(text):
        raise TourError(file, [TourProblem(text.count("\n", 0, found.start()) + 1, "a key has more than 20 parts")])
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TourError(file, [_describe_syntax(error, text)]) from error
    try:
        parsed = _TourFile.model_validate(content)
    except ValidationError as error:
        lines = find_key_lines(text)
        problems = [_describe_validation(entry, lines) for entry in error.errors(include_input=True)]
        # A wrong setting has one for each type that it might have.
        raise TourError(file, list(dict.fromkeys(problems))) from error
    found = [(path, fragment, problem) for path, fragment, problem in _find_problems(parsed, file)]
    if found:
        lines = find_key_lines(text)
        problems = [
            TourProblem(_find_fragment(text, _find_line(path, lines), fragment), _name_path(path) + problem)
            for path, fragment, problem in found
        ]
        lasts = all(path[-1:] != ("recording",) for path, _, _ in found)
        raise TourError(file, sorted(problems, key=lambda problem: problem.line), lasts=lasts)
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
        content = _read_bytes(file)
    except OSError as error:
        raise TourError(file, [TourProblem(1, f"the file cannot be read: {error.strerror}")]) from error
    if content is None:
        raise TourError(file, [TourProblem(1, f"it is no file, or has more than {MAX_FILE_BYTES:,} bytes")])
    try:
        # Some editors begin a file with a mark of the encoding.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        raise TourError(file, [TourProblem(line, "the file is not UTF-8; save it as UTF-8")]) from error


def _read_bytes(file: Path) -> bytes | None:
    """None for what is no file, such as a pipe or a device, or too large. Raises OSError."""
    # Without waiting for a writer, if it is a pipe.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        if stat.S_ISDIR(mode := os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        content = opened.read(MAX_FILE_BYTES + 1) if stat.S_ISREG(mode) else None
    return content if content is not None and len(content) <= MAX_FILE_BYTES else None


def _describe_syntax(error: ValueError | RecursionError, text: str) -> TourProblem:
    if isinstance(error, RecursionError):
        return TourProblem(_find_failing_line(text, RecursionError), "not valid: values are nested too deeply")
    if not isinstance(error, tomllib.TOMLDecodeError):
        return TourProblem(_find_failing_line(text, ValueError), f"not valid TOML: {str(error).partition(';')[0]}")
    message = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        # At the end of the document.
        return TourProblem(text.rstrip("\n").count("\n") + 1, f"not valid TOML: {message}")
    return TourProblem(int(place[1]), f"not valid TOML, column {place[2]}: {message[: place.start()]}")


def _find_failing_line(text: str, kind: type[Exception]) -> int:
    """The first line that the parser cannot read for a reason without a place: every beginning of the text with this
    line fails for it, and none without it does."""
    lines = text.split("\n")

    def fails(count: int) -> bool:
        try:
            tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            return False  # Ends within a value.
        except kind:
            return True
        return False

    return bisect.bisect_left(range(1, len(lines)), True, key=fails) + 1


def _describe_validation(entry: Any, lines: dict[KeyPath, int]) -> TourProblem:
    path: KeyPath = tuple(entry["loc"])
    if entry["type"] == "extra_forbidden":
        parent = _StepFile if "steps" in path else _TourFile
        text = f"there is no such key; there are {', '.join(parent.model_fields)}"
    elif entry["type"] == "missing":
        text = "the key is missing"
    elif path[2:3] == ("settings",) and len(path) > 3:
        path = path[:4]  # What follows is the type, of those that a setting may have.
        value = _describe_value(entry["input"])
        text = f"a setting is a text, a finite number of at most 64 bits, true or false, not {value}"
    else:
        text = f"{entry['msg'][:1].lower()}{entry['msg'][1:]}, got {_describe_value(entry['input'])}"
    return TourProblem(_find_line(path, lines), _name_path(path) + text)


def _describe_value(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "a table" if isinstance(value, Mapping) else "an array"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a larger number"  # Python refuses to write very large ones.
    return repr(str(value)[:80])


def _find_line(path: KeyPath, lines: dict[KeyPath, int]) -> int:
    """The line of the key, or of the table that it is missing from."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _name_path(path: KeyPath) -> str:
    """`step 3, page: `."""
    if path[:1] == ("steps",) and len(path) > 1:
        path = (f"step {int(path[1]) + 1}", *path[2:])
    return f"{', '.join(str(key + 1) if isinstance(key, int) else key for key in path)}: " if path else ""


def _find_fragment(text: str, line: int, fragment: str) -> int:
    """The line from `line` on that has the fragment; `line` itself without one."""
    lines = text.split("\n")
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
        recording = Path(os.path.realpath(file.parent / step.recording))
        if not recording.is_relative_to(file.parent.resolve()):
            yield ("recording",), f"{step.recording!r} is outside of the folder of the tour"
        elif not os.path.isfile(recording):
            yield ("recording",), f"there is no file {step.recording!r} in the folder of the tour"
    elif step.recording and not is_job_id(step.recording):
        yield ("recording",), f"{step.recording!r} is neither the id of a run nor a file ending with .json or .json.gz"


def _find_markdown_problems(text: str) -> Iterator[tuple[str, str]]:
    """HTML outside of code, pictures, and links to other schemes than the web's.

    HTML is never drawn as HTML. A picture would be fetched from where it is, so those are looked for in code too: what
    is code for a pattern may be none for the browser.
    """
    for found in _HTML.finditer(_CODE.sub("", text)):
        yield found[0], f"HTML is not shown: remove {found[0]!r}, or write it as code between backticks"
    if found := _PICTURE.search(text):
        yield found[0], "pictures are not shown: remove it"
    for found in _LINK.finditer(text):
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
