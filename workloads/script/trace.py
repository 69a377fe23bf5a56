"""Reads what `fairlap_tracer` has written, and adds it up by call site."""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.workload.library_guard import LibraryGuard

LIBRARY = LibraryGuard(
    "scikit-learn-intelex", "==2026.2.*", "tell by its log and its calls of oneDAL which code the calls of a script ran"
)
STARTUP_FOLDER = Path(__file__).parent / "startup"
"""The folder whose `sitecustomize` starts the tracer."""
ACCELERATED = "running accelerated version"
FALLBACK = "fallback to original"
CAUSE = "patching failed with cause - "
UTILITIES = ("sklearn.utils.",)
"""Scopes of messages about checks of data, which say nothing about the call."""

CallKey = tuple[str, int, tuple[str, ...]]
"""File, line, and the calls that lead to a call, the outermost first."""


@dataclass
class CallTotals:
    """What all calls of one key have used. See `fairlap_trace_file.Totals`."""

    calls: int = 0
    total_s: float = 0.0
    self_s: float = 0.0
    onedal_s: float = 0.0
    errors: int = 0
    onedal_calls: int = 0
    calls_with_onedal: int = 0
    patched: bool = False
    in_workers: bool = False
    messages: Counter[str] = field(default_factory=Counter)

    def add(self, node: Mapping[str, Any], *, in_workers: bool) -> None:
        for name in ("calls", "total_s", "self_s", "onedal_s", "errors", "onedal_calls", "calls_with_onedal"):
            setattr(self, name, getattr(self, name) + node[name])
        self.patched = self.patched or node["patched"]
        self.in_workers = self.in_workers or in_workers or node["parallel"]
        for text, count in node["messages"].items():
            if not text.startswith(UTILITIES) and (ACCELERATED in text or FALLBACK in text or CAUSE in text):
                self.messages[text] += count

    def count_messages(self, words: str) -> int:
        return sum(count for text, count in self.messages.items() if words in text)

    def list_causes(self) -> list[str]:
        """The reasons of the library for not accelerating, each once."""
        return list(dict.fromkeys(text.partition(CAUSE)[2] for text in self.messages if CAUSE in text))


@dataclass
class Trace:
    """The calls of one run of a script."""

    calls: dict[CallKey, CallTotals] = field(default_factory=dict)
    loaded: Mapping[str, bool] = field(default_factory=dict)
    """Whether the main process had imported `sklearn`; empty if it did not exit by itself."""
    tracing_s: float = 0.0
    """Time that tracing the calls of the main process cost, estimated."""
    problems: list[str] = field(default_factory=list)

    def children(self, key: CallKey) -> list[CallKey]:
        """The calls that calls of this key made directly."""
        file, line, path = key
        depth = len(path) + 1
        return [
            other
            for other in self.calls
            if other[:2] == (file, line) and len(other[2]) == depth and other[2][:-1] == path
        ]

    def roots(self) -> list[CallKey]:
        return [key for key in self.calls if len(key[2]) == 1]


def make_trace_environment(environment: Mapping[str, str], folder: Path, source: Path) -> dict[str, str]:
    """`environment` with what starts the tracer; it writes into `folder`. `source` is the script's folder."""
    paths = [str(STARTUP_FOLDER), *filter(None, [environment.get("PYTHONPATH")])]
    return {
        **environment,
        "PYTHONPATH": ":".join(paths),
        "FAIRLAP_TRACE_FOLDER": str(folder),
        "FAIRLAP_TRACE_SOURCE": str(source),
    }


def read_trace(folder: Path, main_pid: int) -> Trace:
    """Add up the files in `folder`; `main_pid` is the process of the script itself.

    A call in a worker process belongs to the call of the main process during which it began.
    """
    trace = Trace()
    intervals: list[tuple[float, float, CallKey]] = []
    root_calls = all_calls = 0
    costs = [0.0, 0.0]
    files = sorted(folder.glob("*.jsonl"))
    main_files = [file for file in files if file.name.startswith(f"{main_pid}-")]
    for line in _read_lines(main_files):
        if "exit" in line:
            costs, trace.loaded = line["costs_s"], line["loaded"]
        elif "problem" in line:
            trace.problems.append(line["problem"])
        else:
            _add_nodes(trace, line, in_workers=False)
            all_calls += sum(node["calls"] for node in line["nodes"])
            # A call that a thread ended after its root has a line without a root.
            root = next((node for node in line["nodes"] if len(node["path"]) == 1), None)
            if root is None:
                continue
            root_calls += root["calls"]
            if line["start"] is not None:
                key = (*_get_place(line), tuple(root["path"]))
                intervals.append((line["start"], line["start"] + root["total_s"], key))
    trace.tracing_s = root_calls * costs[0] + (all_calls - root_calls) * costs[1]
    intervals.sort()
    starts = [start for start, _, _ in intervals]
    for line in _read_lines([file for file in files if file not in main_files]):
        if "nodes" not in line:
            continue
        start = line["start"]
        place = bisect.bisect_right(starts, start) - 1 if start is not None else -1
        outer = intervals[place][2] if start is not None and place >= 0 and start <= intervals[place][1] else None
        _add_nodes(trace, line, in_workers=True, outer=outer)
    return trace


def _add_nodes(trace: Trace, line: Mapping[str, Any], *, in_workers: bool, outer: CallKey | None = None) -> None:
    file, number = _get_place(line)
    prefix: tuple[str, ...] = ()
    if outer is not None:
        file, number, prefix = outer
    for node in line["nodes"]:
        key = file, number, (*prefix, *node["path"])
        trace.calls.setdefault(key, CallTotals()).add(node, in_workers=in_workers)


def _get_place(line: Mapping[str, Any]) -> tuple[str, int]:
    """File and line number; an empty name if they are not known."""
    file, number = line["site"] or ("", 0)
    return file, number


def _read_lines(files: list[Path]) -> Iterator[Mapping[str, Any]]:
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # The process was killed while it wrote the line.
