"""Documentation strings of a package: read from its source files, without importing them."""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from workloads.documents.corpus.libraries import Library, find_folder

MIN_WORDS = 100
"""Documents with fewer words say too little about anything: see the accuracies in docs/workloads/documents.md."""
MAX_CHARACTERS = 3_000
"""What is longer is cut off, because a few long documents would be most of the work."""
SKIPPED_FOLDERS = frozenset(
    (
        *("test", "tests", "testing", "idlelib", "lib2to3", "site-packages", "dist-packages", "pycache"),
        *("externals", "vendor", "thirdparty_files", "third_party", "benchmarks", "examples", "turtledemo"),
    )
)
"""Tests, and copies of other packages. Without underscores around the names."""
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that ends in `.py`."""

    path: Path
    name: str
    """Its path in the package, with slashes."""


@dataclass(frozen=True, slots=True)
class Docstring:
    """The documentation of a public module, class or function, with that of its members that is too short to be a
    document of its own."""

    file: str
    """Path of the file in the package."""
    path: str
    """Name of the class or function in the file; empty for the module."""
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.path}" if self.path else self.file


def list_files(library: Library) -> list[SourceFile]:
    """The source files of a library in an order that depends on their names only and mixes its folders. None if it is
    not installed."""
    folder = find_folder(library)
    if folder is None:
        return []
    files = [SourceFile(file, file.relative_to(folder).as_posix()) for file in folder.rglob("*.py")]
    kept = [
        file
        for file in files
        if SKIPPED_FOLDERS.isdisjoint(part.strip("_") for part in file.name.split("/"))
        and not file.path.stem.startswith(("test_", "conftest", "setup"))
    ]
    return sorted(kept, key=lambda file: make_key(file.name))


def make_key(text: str) -> str:
    """A key that sorts texts in an order without meaning, the same on every machine."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_docstrings(file: SourceFile) -> list[Docstring] | None:
    """The documents of a source file. None if it cannot be read, or is no valid source of this
    Python version."""
    try:
        with warnings.catch_warnings():
            # Invalid escapes in the strings of others.
            warnings.simplefilter("ignore")
            tree = ast.parse(file.path.read_bytes())
    # The parser raises the last two for sources that are nested too deeply.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    documents, _ = _collect(tree, "", file.name)
    return documents


_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _collect(node: _Documented, path: str, file: str) -> tuple[list[Docstring], list[str]]:
    """The documents of a module, class or function and of what is public in it, and the texts that are too short to be
    documents: they become part of the class or module around them."""
    text = ast.get_docstring(node)
    # A string may have half a surrogate pair, which no file can have.
    texts = [text[:MAX_CHARACTERS].strip().encode(errors="replace").decode()] if text else []
    documents: list[Docstring] = []
    if isinstance(node, ast.Module | ast.ClassDef):
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name[0] != "_":
                inner, short = _collect(child, f"{path}.{child.name}" if path else child.name, file)
                documents += inner
                texts += short
    joined = "\n\n".join(texts)[:MAX_CHARACTERS]
    if len(_WORD.findall(joined)) < MIN_WORDS:
        return documents, texts
    return [Docstring(file, path, joined), *documents], []
