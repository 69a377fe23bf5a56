"""The text of a user's file, in whatever encoding it is: most files of a folder were written by one program."""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.formatting import format_count
from bench.tables.identify import CONTROL_BYTES, HEAD_BYTES
from bench.tables.text_encoding import Encoding, detect_head, guess_bytes, is_damaged_utf_8
from bench.workload.git_lfs import POINTER_START
from workloads.documents.own.limits import MAX_DOCUMENT_CHARACTERS

MAX_DOCUMENT_BYTES = 4 * MAX_DOCUMENT_CHARACTERS
"""Bytes of a file that are read: no encoding has longer characters."""
OTHER_STARTS = (b"%PDF-", b"{\\rtf", POINTER_START)
"""How files begin that look like texts and are none."""
MAX_SAMPLE_BYTES = 1 << 16
"""Of the files that are not UTF-8: what their encoding is guessed from."""
UTF_8 = "UTF-8"


@dataclass(slots=True)
class Decoder:
    """Decodes the files of a folder. `decode_rest` guesses one encoding for all that name none and are not UTF-8."""

    encodings: Counter[str] = field(default_factory=Counter[str])
    """By name: files in it."""
    damaged: int = 0
    """Files in UTF-8 with some bytes that are not."""
    _pending: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _guessed: Encoding | None = None

    def decode(self, number: int, content: bytes) -> str | None:
        """The text of a file whose first MAX_DOCUMENT_BYTES are `content`. None if it is no text, or if its encoding
        must be guessed: then `decode_rest` has it under `number`."""
        head = detect_head(content)
        if head.codec == "utf-8" and not is_text(content):
            return None
        try:
            # Not final: the last character may be cut.
            text = codecs.getincrementaldecoder(head.codec)().decode(content)
        except UnicodeDecodeError:
            if head.codec == "utf-8":
                self._pending[number] = content
            return None
        if "\0" in text:
            return None
        self.encodings[head.name] += 1
        return text

    def decode_rest(self) -> dict[int, str]:
        """The texts of the files whose encoding is guessed, by their number, without those that have none."""
        texts: dict[int, str] = {}
        others: dict[int, bytes] = {}
        for number, content in self._pending.items():
            if is_damaged_utf_8(content):
                texts[number] = content.decode("utf-8", errors="replace")
                self.encodings[UTF_8] += 1
                self.damaged += 1
            else:
                others[number] = content
        encoding = _guess(list(others.values()))
        for number, content in others.items():
            if encoding is None:
                break
            try:
                texts[number] = codecs.getincrementaldecoder(encoding.codec)().decode(content)
            except UnicodeDecodeError:
                continue
            self.encodings[encoding.name] += 1
        self._pending.clear()
        self._guessed = encoding
        return texts

    def describe(self) -> str:
        """In which encodings the files are; empty if all are UTF-8."""
        clauses = [f"{format_count(count, 'file')} in {name}" for name, count in self.encodings.most_common()]
        if not clauses or (set(self.encodings) == {UTF_8} and not self.damaged):
            return ""
        if self._guessed:
            clauses.append(f"an assumed encoding reads, for example, {', '.join(map(repr, self._guessed.examples))}")
        if self.damaged:
            clauses.append(f"{format_count(self.damaged, 'file')} in UTF-8 with other bytes, which are left out")
        return "; ".join(clauses)


def is_text(content: bytes) -> bool:
    """Whether a file that begins so can be a text of one byte or more per character, not of a binary format."""
    return not (b"\0" in content or CONTROL_BYTES.search(content[:HEAD_BYTES]) or content.startswith(OTHER_STARTS))


def _guess(contents: list[bytes]) -> Encoding | None:
    """One encoding for all: from the first part of each."""
    if not contents:
        return None
    each = max(1_000, MAX_SAMPLE_BYTES // len(contents))
    return guess_bytes(b"\n".join(content[:each] for content in contents)[:MAX_SAMPLE_BYTES])


def read_beginning(path: Path) -> bytes:
    """The first bytes of a file. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_DOCUMENT_BYTES)
