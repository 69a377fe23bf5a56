"""Files that people hand in: kept as they are, under the digest of their content, and looked into by workers alone."""

from __future__ import annotations

import hashlib
import uuid

from bench import paths

LARGEST_MB = 10
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How a PNG and a JPEG begin."""


class UploadError(ValueError):
    """A file that is not taken; the text says why and what to do."""


def keep(content: bytes) -> str:
    """Keep an image; the parameter's value that names it. Raises UploadError."""
    if len(content) > LARGEST_MB * 2**20:
        size = len(content) / 2**20
        raise UploadError(f"The file has {size:.1f} MB; up to {LARGEST_MB} MB are taken. Choose a smaller one.")
    if not content.startswith(SIGNATURES):
        raise UploadError("This is neither a PNG nor a JPEG file, whatever its name says. Choose another.")
    digest = hashlib.sha256(content).hexdigest()
    path = paths.uploads() / digest
    # Two sessions may hand in the same file at once: each writes its own draft, and the last name wins.
    draft = path.with_suffix(f".{uuid.uuid4().hex}")
    try:
        draft.write_bytes(content)
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UploadError(f"The file could not be kept: {error}. Check that its disk has room.") from error
    return f"upload:{digest}"
