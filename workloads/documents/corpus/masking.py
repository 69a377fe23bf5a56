"""Removes from documents the names that would give their label away."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from workloads.documents.table import LETTERS

MASK = "•"
"""What stands for a masked name. It is no letter, so that cleaning removes it."""
_PATH = re.compile(r"\w+(?:\.\w+)*")
_RUN = re.compile(LETTERS)
_CAMEL_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""The words of a name such as HfApi or SQLAlchemyError."""


class NameMask:
    """Masks names of libraries and of their modules, in all documents alike.

    If only its own names were masked in a document, the names that are left would tell whose document it is. A word is
    what cleaning makes one: a run of letters. So `_orm`, `hf_user` and `tf2` have names in them, and `stump` has none.
    """

    def __init__(self, libraries: Iterable[str], modules: Iterable[str]) -> None:
        """Words in any case. After a name of a library, the rest of a dotted path is masked too."""
        libraries, modules = {name.lower() for name in libraries}, {name.lower() for name in modules}
        self._libraries = frozenset(filter(_RUN.fullmatch, libraries))
        self._modules = frozenset(filter(_RUN.fullmatch, modules))
        # A name of several words, such as hugging-face, and with digits, such as base64.
        self._compounds = [
            re.compile(rf"(?<![^\W_])(?:{_join(names)})(?![^\W_]){rest}", re.IGNORECASE)
            for names, rest in ((libraries - self._libraries, r"\w*(?:\.\w+)*"), (modules - self._modules, ""))
            if names
        ]

        # Documents repeat most words, so each is looked at once.
        self._mask_path_once = functools.cache(self._mask_path)

    def mask(self, text: str) -> str:
        """The text with MASK in the place of every name."""
        for compound in self._compounds:
            text = compound.sub(MASK, text)
        return _PATH.sub(lambda path: self._mask_path_once(path[0]), text)

    def _mask_path(self, path: str) -> str:
        for run in _RUN.finditer(path):
            if self._names_library(run[0]):
                path = path[: run.start()] + MASK
                break
        return _RUN.sub(lambda run: MASK if run[0].lower() in self._modules else run[0], path)

    def _names_library(self, run: str) -> bool:
        """Whether one or several words of a run of letters are the name of a library."""
        if run.lower() in self._libraries:
            return True
        parts = _CAMEL_PART.findall(run)
        ends = range(1, len(parts) + 1)
        return any("".join(parts[first:end]).lower() in self._libraries for end in ends for first in range(end))


def _join(names: Iterable[str]) -> str:
    """A pattern of names, the longest first, in which any separator stands for another.

    Names that start alike are one alternative, so that at most words a few are tried instead of a hundred.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        groups.setdefault(_write_pattern(name[0]), []).append(_write_pattern(name[1:]))
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in groups.items())


def _write_pattern(text: str) -> str:
    return r"[\W_]".join(map(re.escape, re.split(r"[\W_]", text)))
