"""Writes the traced calls of one process into a file.

It runs inside the user's program: it imports the standard library only, and prints nothing.
"""

from __future__ import annotations

import json
import os
import time

MAX_ROOTS = 20_000
"""Roots with a line of their own; later ones are added up by call site and written at the end."""
MAX_MESSAGES = 20
"""Different messages of the log that a node keeps."""


class Totals:
    """What all calls of one node have used."""

    def __init__(self) -> None:
        self.calls = 0
        self.total_s = self.self_s = self.onedal_s = 0.0
        self.errors = self.onedal_calls = self.calls_with_onedal = 0
        self.patched = self.parallel = False
        self.messages: dict[str, int] = {}

    def as_json(self, path: tuple[str, ...]) -> dict[str, object]:
        return {"path": path, **vars(self)}

    def add(self, other: Totals) -> None:
        for name in ("calls", "total_s", "self_s", "onedal_s", "errors", "onedal_calls", "calls_with_onedal"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.patched, self.parallel = self.patched or other.patched, self.parallel or other.parallel
        self.add_messages(other.messages)

    def add_messages(self, messages: dict[str, int]) -> None:
        for text, count in messages.items():
            if text in self.messages or len(self.messages) < MAX_MESSAGES:
                self.messages[text] = self.messages.get(text, 0) + count


class Root:
    """An outermost call, with the totals of what it calls."""

    __slots__ = ("ended", "nodes", "site", "start")

    def __init__(self, site: tuple[str, int] | None, start: float = 0.0) -> None:
        self.site, self.start = site, start
        self.ended = False
        """Whether the outermost call has returned, so that its line is written. A thread may go on nevertheless."""
        self.nodes: dict[tuple[str, ...], Totals] = {}


class TraceWriter:
    """Writes a line for each root, at once, because a worker process may be killed when it has done its work.

    `{"site": [file, line] or null, "start": monotonic seconds, "nodes": [{"path": [...], ...}]}`. Roots after the first
    `MAX_ROOTS` have no start. A call that a thread ends after its root has a line of its own, without the node of
    the root. `{"exit": true, ...}` is the line of the main process when it exits.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self.reopen()

    def reopen(self) -> None:
        """Write into a new file of this process; after a fork, the old one belongs to the parent."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        name = os.path.join(os.environ["FAIRLAP_TRACE_FOLDER"], f"{os.getpid()}-{time.monotonic_ns()}.jsonl")
        self.descriptor = -1
        self._name = name
        self._roots = 0
        self._later: dict[tuple[tuple[str, int] | None, tuple[str, ...]], Root] = {}

    def write_root(self, root: Root) -> None:
        self._roots += 1
        if self._roots <= MAX_ROOTS:
            self.write({"site": root.site, "start": root.start, "nodes": list_nodes(root)})
            return
        first = next(iter(root.nodes), ())
        later = self._later.setdefault((root.site, first), Root(root.site))
        for path, totals in root.nodes.items():
            later.nodes.setdefault(path, Totals()).add(totals)

    def write_later(self) -> None:
        for root in self._later.values():
            self.write({"site": root.site, "start": None, "nodes": list_nodes(root)})
        self._later.clear()

    def write(self, line: dict[str, object]) -> None:
        try:
            if self.descriptor < 0:
                self.descriptor = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:
            # The script may have closed the descriptor or changed its limits; it goes on without a trace.
            self.descriptor = -1


def list_nodes(root: Root) -> list[dict[str, object]]:
    return [totals.as_json(path) for path, totals in root.nodes.items()]
