"""Compares what a script prints in both arms: the lines that are the same in every run of an arm."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

NUMBER_TOLERANCE = 0.01
"""Relative difference of two printed numbers that count as equal."""
OUTPUT_FILE = "output.json"
MAX_SHOWN_DIFFERENCES = 20
MAX_LINE_CHARS = 200
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TIME = re.compile(
    r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*(?:ns|us|µs|ms|s|secs?|seconds?|min|minutes?|h|hours?)\b", re.IGNORECASE
)


@dataclass
class PrintedOutput:
    """The standard output of an arm's runs."""

    lines: list[str] | None = None
    """Those of the first run."""
    varying: set[int] = field(default_factory=set)
    """Positions of the lines that another run printed differently."""
    has_other_length: bool = False
    """Whether another run printed more or fewer lines, so that no line can be compared."""

    def add(self, text: str) -> None:
        """Note the output of one more run."""
        lines = text.splitlines()
        if self.lines is None:
            self.lines = lines
        elif len(lines) != len(self.lines):
            self.has_other_length = True
        else:
            self.varying |= {
                place for place, pair in enumerate(zip(self.lines, lines, strict=True)) if pair[0] != pair[1]
            }

    def save(self, folder: Path) -> None:
        content = {
            "lines": self.lines or [],
            "varying": sorted(self.varying),
            "has_other_length": self.has_other_length,
        }
        (folder / OUTPUT_FILE).write_text(json.dumps(content))

    @classmethod
    def load(cls, folder: Path) -> PrintedOutput:
        content = json.loads((folder / OUTPUT_FILE).read_text())
        return cls(content["lines"], set(content["varying"]), content["has_other_length"])


@dataclass(frozen=True, slots=True)
class OutputComparison:
    compared: int
    """Number of lines that could be compared."""
    differences: list[tuple[int, str, str]]
    """Line number, and the line of the baseline and of the accelerated arm; empty text for a line that is missing."""
    why_not: str
    """Why no line was compared; empty if some were."""


def compare_outputs(baseline: PrintedOutput, accelerated: PrintedOutput) -> OutputComparison:
    """Blank lines are not compared, and times are left out of lines, because they differ in every run."""
    first, second = baseline.lines or [], accelerated.lines or []
    if baseline.has_other_length or accelerated.has_other_length:
        return OutputComparison(0, [], "the script prints another number of lines in every run")
    varying = baseline.varying | accelerated.varying
    count = max(len(first), len(second))
    compared = 0
    differences: list[tuple[int, str, str]] = []
    for place in range(count):
        one, other = (lines[place] if place < len(lines) else "" for lines in (first, second))
        if place in varying or not (one.strip() or other.strip()):
            continue
        compared += 1
        if not are_equal_lines(one, other):
            differences.append((place + 1, one, other))
    if not compared:
        why_not = "every line that the script prints differs from run to run" if count else "the script prints nothing"
        return OutputComparison(0, [], why_not)
    return OutputComparison(compared, differences, "")


def are_equal_lines(one: str, other: str) -> bool:
    """Whether two lines have the same words, and numbers that differ by at most `NUMBER_TOLERANCE`."""
    one, other = (_TIME.sub("<time>", line) for line in (one, other))
    if _NUMBER.sub(" # ", one).split() != _NUMBER.sub(" # ", other).split():
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= NUMBER_TOLERANCE * max(abs(float(a)), abs(float(b))) for a, b in pairs)
