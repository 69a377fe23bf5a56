"""Reads the Dockerfile and lays out what its image would contain, without Docker."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bench.paths import ROOT

DOCKERFILE = ROOT / "Dockerfile"
WORK_FOLDER = "/app"


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    text: str
    """Everything behind the name, on one line."""

    def words(self) -> list[str]:
        """The words of the exec form or the shell form."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def read_instructions() -> list[Instruction]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def read_final_stage() -> list[Instruction]:
    instructions = read_instructions()
    starts = [number for number, instruction in enumerate(instructions) if instruction.name == "FROM"]
    return instructions[starts[-1] :]


def find_instruction(name: str) -> Instruction:
    """The only instruction of this name in the final stage."""
    [found] = [instruction for instruction in read_final_stage() if instruction.name == name]
    return found


def read_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in find_instruction("ENV").words())


def is_ignored(path: PurePosixPath) -> bool:
    """Whether .dockerignore keeps a file of the work tree out of the build. The last pattern that matches decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        if any(_matches(part, pattern.removeprefix("!")) for part in (path, *path.parents)):
            ignored = not pattern.startswith("!")
    return ignored


def _matches(path: PurePosixPath, pattern: str) -> bool:
    parts, patterns = list(path.parts), pattern.split("/")
    if patterns[0] == "**":
        parts, patterns = parts[-len(patterns) + 1 :], patterns[1:]
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def copy_sources(folder: Path) -> dict[str, int]:
    """Copy what the final stage takes from the work tree to below `folder`. The number of files of every source."""
    counts = {}
    for instruction in read_final_stage():
        if instruction.name != "COPY" or instruction.text.startswith("--from"):
            continue
        *sources, target = instruction.words()
        for source in sources:
            files = list(_list_files(ROOT / source))
            counts[source] = len(files)
            for file in files:
                inside = file.relative_to(ROOT / source) if (ROOT / source).is_dir() else Path(file.name)
                copy = folder / target / inside
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
    return counts


def _list_files(source: Path) -> Iterator[Path]:
    for file in [source] if source.is_file() else sorted(source.rglob("*")):
        if file.is_file() and not is_ignored(PurePosixPath(file.relative_to(ROOT).as_posix())):
            yield file
