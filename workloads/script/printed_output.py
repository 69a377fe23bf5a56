"""Compares what a script prints in both arms, line by line.

A line that varies between runs of the stock script is not compared. Every other line must be the same in every run of
the patched script. Of output that is longer than `MAX_COMPARED_LINES` or twice `COMPARED_END_BYTES`, the middle is
compared as a whole: it must be exactly the same in every run of both arms.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.formatting import format_bytes, format_count

NUMBER_TOLERANCE = 0.01
"""Relative difference of two printed numbers that count as equal."""
OUTPUT_FILE = "output.json"
MAX_SHOWN_DIFFERENCES = 20
MAX_LINE_CHARS = 200
COMPARED_END_BYTES = 4 << 20
"""So much of the beginning of the output, and as much of its end, is compared line by line."""
MAX_COMPARED_LINES = 100_000
"""So many lines are: half of them at the beginning, half at the end."""
SEED_REMEDY = "Seed the script (random_state=0), and let it print a result with a number, such as a score."
PRINT_LESS_REMEDY = (
    f"Let the script print less: at most {format_bytes(2 * COMPARED_END_BYTES)} and {MAX_COMPARED_LINES:,} lines are "
    "compared line by line."
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TIME = re.compile(
    r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*(?:ns|us|µs|ms|s|secs?|seconds?|min|minutes?|h|hours?)\b", re.IGNORECASE
)
LEFT_OUT = "[… output left out here …]"
"""Takes the place of the middle. It has no number."""


def make_left_out_note(size_bytes: int) -> str:
    """The line between the beginning and the end of output whose middle was left out."""
    return f"[… {format_bytes(size_bytes)} of output left out here …]"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The middle of long output, which is not compared line by line."""

    size_bytes: int
    digest: str
    """SHA-256 of it."""


@dataclass(slots=True)
class PrintedLine:
    """One line of the standard output, in all runs of an arm."""

    text: str
    """In the first run."""
    lows: list[float] = field(default_factory=list[float])
    """The smallest value of each of its numbers, of the runs in which the line was equal to that of the first."""
    highs: list[float] = field(default_factory=list[float])
    varying_text: str | None = None
    """What another run printed that is not equal to the first; None if all runs printed the same."""

    @classmethod
    def read(cls, text: str) -> PrintedLine:
        _, numbers = _parse_line(text)
        return cls(text, list(numbers), list(numbers))

    @property
    def varies(self) -> bool:
        return self.varying_text is not None

    def add(self, text: str) -> None:
        """Note what one more run printed here."""
        if text == self.text:
            return
        if not are_equal_lines(self.text, text):
            self.varying_text = self.varying_text or text
            return
        _, numbers = _parse_line(text)
        self.lows = [min(pair) for pair in zip(self.lows, numbers, strict=True)]
        self.highs = [max(pair) for pair in zip(self.highs, numbers, strict=True)]

    def accepts(self, other: PrintedLine) -> bool:
        """Whether every run printed in `other` what is equal to this line of some run. Neither of them varies."""
        if _parse_line(self.text)[0] != _parse_line(other.text)[0] or len(self.lows) != len(other.lows):
            return False
        ranges = list(zip(self.lows, self.highs, strict=True))
        return all(
            _are_close(number, min(max(number, low), high))
            for numbers in (other.lows, other.highs)
            for number, (low, high) in zip(numbers, ranges, strict=True)
        )


@dataclass
class PrintedOutput:
    """The standard output of an arm's runs."""

    lines: list[PrintedLine] | None = None
    """None before the first run."""
    fewest: int = 0
    """Number of lines of the run that printed fewest. Lines of runs with another number are not compared."""
    most: int = 0
    left_out_bytes: int = 0
    """Size of the longest middle that is not in `lines`."""
    left_out_digests: list[str] = field(default_factory=list[str])
    """The digest of that middle, empty for a run without one; of two runs that differ, if any do."""

    def add(self, text: str, left_out: LeftOut | None = None) -> None:
        """Note the output of one more run. `left_out` is the middle of it if the text does not have it."""
        texts, left_out = _leave_out_middle(text, left_out)
        digest = left_out.digest if left_out else ""
        self.left_out_bytes = max(self.left_out_bytes, left_out.size_bytes if left_out else 0)
        if digest not in self.left_out_digests:
            self.left_out_digests = [*self.left_out_digests[:1], digest]
        if self.lines is None:
            self.lines = [PrintedLine.read(line) for line in texts]
            self.fewest = self.most = len(texts)
            return
        self.fewest, self.most = min(self.fewest, len(texts)), max(self.most, len(texts))
        if len(texts) == len(self.lines):
            for line, other in zip(self.lines, texts, strict=True):
                line.add(other)

    def save(self, folder: Path) -> None:
        (folder / OUTPUT_FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> PrintedOutput:
        content = json.loads((folder / OUTPUT_FILE).read_text())
        lines = content["lines"]
        return cls(**(content | {"lines": lines and [PrintedLine(**line) for line in lines]}))


def _leave_out_middle(text: str, left_out: LeftOut | None) -> tuple[list[str], LeftOut | None]:
    """The lines that are compared one by one, and the rest: the middle that `text` does not have, the lines that it
    cuts, and the lines that are too many."""
    lines, rest = text.splitlines(), list[str]()
    if left_out is not None:
        place = lines.index(make_left_out_note(left_out.size_bytes))
        # The text that was kept begins and ends somewhere in a line, maybe in a number.
        start, end = max(0, place - 1), place + 2
        rest = [*lines[start:place], left_out.digest, *lines[place + 1 : end]]
        lines = [*lines[:start], LEFT_OUT, *lines[end:]]
    if len(lines) > MAX_COMPARED_LINES:
        half = MAX_COMPARED_LINES // 2
        rest += lines[half:-half]
        lines = [*lines[:half], LEFT_OUT, *lines[-half:]]
    if not rest:
        return lines, None
    content = "\n".join(rest).encode()
    size_bytes = len(content) if left_out is None else left_out.size_bytes + len(content) - len(left_out.digest)
    return lines, LeftOut(size_bytes, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class OutputComparison:
    lines: int
    """Number of lines of the stock script that are not blank."""
    varying: int
    """How many of them vary in the stock script, and are not compared."""
    compared: int
    differences: list[tuple[str, str, str]]
    """Line number, and the line of the baseline and of the accelerated arm; empty text for a line that is missing."""
    why_not: str
    """Why equal lines do not show that the results are equal; empty if they do."""
    remedy: str = SEED_REMEDY
    """What to do if they do not."""

    @property
    def selection(self) -> str:
        """Which lines were compared, after their number."""
        if not self.varying:
            return "the same in every stock run"
        verb = "varies and was" if self.varying == 1 else "vary and were"
        return (
            f"the same in every stock run, {self.varying:,} of {format_count(self.lines, 'line')} {verb} not compared"
        )


def compare_outputs(baseline: PrintedOutput, accelerated: PrintedOutput) -> OutputComparison:
    """Blank lines are not compared, and times are left out of lines, because they differ in every run."""
    first, second = baseline.lines or [], accelerated.lines or []
    printed = [line for line in first if line.text.strip()]
    varying = sum(line.varies for line in printed)
    if baseline.fewest != baseline.most:
        return OutputComparison(len(printed), varying, 0, [], "the number of lines that the script prints varies")
    compared = compared_numbers = 0
    differences: list[tuple[str, str, str]] = []
    if accelerated.fewest != accelerated.most:
        compared += 1
        counts = f"{accelerated.fewest:,} to {format_count(accelerated.most, 'line')}"
        differences.append(("", f"{format_count(baseline.most, 'line')} in every run", counts))
    nothing = PrintedLine("")
    for place in range(max(len(first), len(second))):
        one, other = (lines[place] if place < len(lines) else nothing for lines in (first, second))
        if one.varies or not (one.text.strip() or other.text.strip()):
            continue
        compared += 1
        compared_numbers += bool(one.lows)
        if (text := _find_difference(one, other)) is not None:
            differences.append((str(place + 1), one.text, text))
    if not differences and (why_not := _explain_left_out(baseline, accelerated)):
        return OutputComparison(len(printed), varying, compared, [], why_not, PRINT_LESS_REMEDY)
    why_not = "" if compared_numbers or differences else _explain_no_number(printed)
    return OutputComparison(len(printed), varying, compared, differences, why_not)


def _explain_left_out(baseline: PrintedOutput, accelerated: PrintedOutput) -> str:
    """Why the middle of long output was not compared; empty if it is the same in every run of both arms."""
    if baseline.left_out_digests == accelerated.left_out_digests and len(baseline.left_out_digests) == 1:
        return ""
    sizes = " and ".join(format_bytes(output.left_out_bytes) for output in (baseline, accelerated))
    return f"the middle of the long output, {sizes} in the two arms, is not the same in every run"


def _find_difference(one: PrintedLine, other: PrintedLine) -> str | None:
    """What the patched script printed instead of `one`; None if every run printed the same."""
    if other.varying_text is not None:
        return other.varying_text if are_equal_lines(one.text, other.text) else other.text
    if one.accepts(other):
        return None
    return f"{other.text} (and other numbers in other runs)" if are_equal_lines(one.text, other.text) else other.text


def _explain_no_number(printed: list[PrintedLine]) -> str:
    if not printed:
        return "the script prints nothing"
    if not any(line.lows for line in printed):
        return "the script prints no number, apart from times"
    count = f"{sum(line.varies for line in printed):,} of {format_count(len(printed), 'line')}"
    return f"every line with a number varies from run to run, {count}"


def are_equal_lines(one: str, other: str) -> bool:
    """Whether two lines have the same words, and numbers that differ by at most `NUMBER_TOLERANCE`."""
    (words, numbers), (other_words, other_numbers) = _parse_line(one), _parse_line(other)
    return words == other_words and len(numbers) == len(other_numbers) and all(map(_are_close, numbers, other_numbers))


def _parse_line(text: str) -> tuple[list[str], list[float]]:
    """The words of a line, and its numbers apart from times."""
    text = _TIME.sub("<time>", text)
    return _NUMBER.sub(" # ", text).split(), [float(number) for number in _NUMBER.findall(text)]


def _are_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=NUMBER_TOLERANCE)
