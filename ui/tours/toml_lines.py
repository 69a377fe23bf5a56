"""The lines of the keys in a TOML file, for messages about values. The parser itself does not keep them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys, and positions in arrays of tables: `("steps", 2, "page")`."""


def find_key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, where each key of a valid TOML text begins.

    The beginnings of the text are parsed one after the other. The keys that a longer one has and the last valid one did
    not were written in the lines between.
    """
    lines: dict[KeyPath, int] = {}
    source = text.splitlines()
    began = 0
    for end in range(1, len(source) + 1):
        try:
            parsed = tomllib.loads("\n".join(source[:end]) + "\n")
        except tomllib.TOMLDecodeError:
            continue  # Ends within a value.
        first = next((number for number in range(began, end) if not _is_empty(source[number])), began)
        for path in _list_paths(parsed):
            lines.setdefault(path, first + 1)
        began = end
    return lines


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _list_paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        yield from _list_paths(item, (*path, key))
