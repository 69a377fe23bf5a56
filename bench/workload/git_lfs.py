"""Pointers of Git LFS: small texts that a clone has in place of files that were not downloaded."""

from pathlib import Path

POINTER_START = b"version https://git-lfs.github.com/spec/"
"""The first bytes of a pointer of any version. Source: docs/spec.md of github.com/git-lfs/git-lfs."""
POINTER_REMEDY = "Run git lfs pull in its repository, or download the file itself."


def is_pointer_file(file: Path) -> bool:
    """Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(POINTER_START)) == POINTER_START
