"""The lines of the keys in a TOML file, for messages about values. The parser itself does not keep them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys, and positions in arrays of tables: `("steps", 2, "page")`."""
MAX_DEPTH = 5
"""Keys further inside have the line of what they are in."""
CLOSING = ('"""', "'''", "]", "}")
"""With one of them ends the last line of a value that has several lines."""
MAX_PARSED_CHARS = 4 << 20
"""Values of many lines are parsed again with each line that may be their last. After so much, no more lines are
looked for: those of the keys that follow are the last one that was found."""


def find_key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, where each key of a valid TOML text begins.

    Its statements are parsed one after the other, each as soon as it is complete.
    """
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, statement in _split_statements(text.split("\n")):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _open_table(parsed, counts)
            found = [table[:length] for length in range(1, len(table) + 1)]
        else:
            found = [(*table, *path) for path in _list_paths(parsed)]
        for path in found:
            lines.setdefault(path, number)
    return lines


def _split_statements(source: list[str]) -> Iterator[tuple[int, str]]:
    """Each key with its value, and each header of a table, with its first line."""
    began, parsed_chars = 0, 0
    for end, line in enumerate(source, start=1):
        if end == began + 1 and (not line.strip() or line.lstrip().startswith("#")):
            began = end
            continue
        if end > began + 1 and not any(mark in line for mark in CLOSING):
            continue
        statement = "\n".join(source[began:end])
        parsed_chars += len(statement) if end > began + 1 else 0
        if parsed_chars > MAX_PARSED_CHARS:
            return
        if _is_complete(statement):
            yield began + 1, statement
            began = end


def _is_complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False  # Ends within a value.
    return True


def _open_table(header: Mapping[str, Any], counts: dict[KeyPath, int]) -> KeyPath:
    """The path of a table by its parsed header. `counts` has the number of tables in each array so far."""
    path: KeyPath = ()
    value: Any = header
    while value and isinstance(value, Mapping):
        [(key, value)] = value.items()
        path = (*path, key)
        if isinstance(value, list):
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _list_paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        if len(path) < MAX_DEPTH:
            yield from _list_paths(item, (*path, key))
