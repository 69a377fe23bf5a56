"""Finds out in which encoding a text file is. UTF-8 is assumed, as pandas does, until its bytes contradict."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from charset_normalizer import from_bytes

from bench.tables.foreign_words import find_foreign_words, is_strange_word
from bench.tables.identify import TableFile
from bench.workload.interface import BadInput

CHUNK_BYTES = 1 << 18
BYTE_ORDER_MARKS: Mapping[bytes, str] = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""UTF-32 before UTF-16: its mark begins with the other."""
NULL_SHARE = 0.3
"""Share of null bytes at even or odd positions from which a text without a mark is UTF-16: half of a Latin text is."""
CANDIDATE_CODECS = (
    *("cp1252", "latin_1", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "cp1253", "cp1254", "cp1257", "koi8_r"),
    *("cp866", "mac_roman", "cp437", "cp850", "cp852"),
    *("cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp949"),
)
"""Encodings that files without a mark are tried in, in the order in which they win a tie."""
MAX_CHAOS = 0.5
"""Largest share of a text that may look disordered, by charset-normalizer: names are short and mixed."""
MAX_STRANGE_SHARE = 0.1
"""Largest share of words that no language writes so."""
MAX_EXAMPLES = 3
MAX_EXAMPLE_CHARACTERS = 30
UTF_8_REMEDY = (
    "Convert it to UTF-8, for example: iconv -f ENCODING -t UTF-8 table.csv > utf8.csv, with the encoding of the "
    "program that wrote it, such as CP1250 or CP850."
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the text of a file is encoded."""

    codec: str
    """Python's name of it."""
    examples: tuple[str, ...] = ()
    """For a guessed encoding: words as it reads them."""
    others: tuple[str, ...] = ()
    """For a guessed encoding: others that give readable, other words, each with an example."""

    @property
    def name(self) -> str:
        """`UTF-8`, or `CP1252 (assumed)`."""
        name = self.codec.upper().replace("_", "-").removesuffix("-SIG")
        return f"{name} (assumed)" if self.examples else name

    def describe_guess(self) -> str:
        """What was assumed, what is read by it, and what to do if that is wrong. Empty if nothing was assumed."""
        if not self.examples:
            return ""
        examples = ", ".join(map(repr, self.examples))
        text = f"{self.name.partition(' ')[0]} is assumed: the file names no encoding and is not UTF-8. It reads "
        text += examples
        if self.others:
            text += f"; also readable as {', '.join(self.others)}"
        return f"{text}. If these texts are wrong, convert the file to UTF-8 (iconv -f ENCODING -t UTF-8)"


def detect_encoding(file: TableFile) -> Encoding:
    """The encoding of a file by its first bytes: see `detect_head`."""
    with file.open_bytes() as content:
        return detect_head(content.read(CHUNK_BYTES))


def detect_head(head: bytes) -> Encoding:
    """The encoding of a text by its first bytes: by its byte order mark, by null bytes, else UTF-8."""
    for mark, codec in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return Encoding(codec)
    even, odd = head[::2], head[1::2]
    if odd and odd.count(0) > NULL_SHARE * len(odd) and not even.count(0):
        return Encoding("utf-16-le")
    if even and even.count(0) > NULL_SHARE * len(even) and not odd.count(0):
        return Encoding("utf-16-be")
    return Encoding("utf-8")


def guess_encoding(file: TableFile) -> Encoding:
    """The encoding of a file that is not UTF-8, guessed around the first byte that UTF-8 does not allow.

    Raises BadInput if most of the text there is UTF-8, so that this byte is damage, and if no encoding fits.
    """
    with file.open_bytes() as content:
        chunk, line, bad, letters = _find_bad_chunk(content)
    name = file.name
    if is_damaged_utf_8(chunk, letters):
        raise BadInput(
            f"Line {line:,} of {name} has the byte {bad:#04x}, which is not UTF-8, in a file that is UTF-8 otherwise",
            "Correct that line.",
        )
    encoding = guess_bytes(chunk)
    if encoding is None:
        raise BadInput(
            f"Line {line:,} of {name} has the byte {bad:#04x}, which is not UTF-8, and no other encoding makes words",
            UTF_8_REMEDY,
        )
    return encoding


def is_damaged_utf_8(text: bytes, letters_before: int = 0) -> bool:
    """Whether most characters beyond ASCII of a text that is not UTF-8 are UTF-8, so that the rest is damage.
    `letters_before` is the number of such characters before it."""
    replaced = text.decode("utf-8", errors="replace")
    damaged = replaced.count("\ufffd")
    return letters_before + _count_letters(replaced) - damaged > damaged


def guess_bytes(text: bytes) -> Encoding | None:
    """The encoding of a text that is not UTF-8, guessed from its lines that are not ASCII; None if no encoding makes
    words of them."""
    # Only the lines with other letters than ASCII: they would be lost among the rest.
    sample = b"\n".join(line for line in text.splitlines() if not line.isascii())
    readings = _read_plausibly(sample)
    if not readings:
        return None
    chosen = _choose_codec(sample, readings)
    words = readings.pop(chosen)
    others: dict[tuple[str, ...], str] = {}
    for codec, other in readings.items():
        if other != words:
            others.setdefault(other, f"{Encoding(codec).name} ({_find_difference(words, other)!r})")
    return Encoding(chosen, _list_examples(words), tuple(others.values())[:MAX_EXAMPLES])


def _read_plausibly(sample: bytes) -> dict[str, tuple[str, ...]]:
    """By codec: the words of `sample` with other characters than ASCII, for the codecs that make the fewest strange
    words of it, in the order of CANDIDATE_CODECS. Empty if all codecs make too many."""
    readings: dict[str, tuple[str, ...]] = {}
    shares: dict[str, float] = {}
    for codec in CANDIDATE_CODECS:
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        words = tuple(dict.fromkeys(find_foreign_words(text)))
        readings[codec] = words
        shares[codec] = sum(map(is_strange_word, words)) / max(1, len(words))
    least = min(shares.values(), default=1.0)
    if least > MAX_STRANGE_SHARE:
        return {}
    return {codec: words for codec, words in readings.items() if shares[codec] == least}


def _choose_codec(sample: bytes, readings: Mapping[str, Sequence[str]]) -> str:
    """The codec whose text looks most like a language. If no word has two letters, nothing does: the first codec."""
    codecs = list(readings)
    if all(sum(map(str.isalpha, word)) < 2 for word in readings[codecs[0]]):
        return codecs[0]
    matches = from_bytes(sample, cp_isolation=codecs, threshold=MAX_CHAOS)

    def rank(names: Sequence[str]) -> int:
        return min((codecs.index(name) for name in names if name in codecs), default=len(codecs))

    usable = [match for match in matches if rank(match.could_be_from_charset) < len(codecs)]
    if not usable:
        return codecs[0]
    best = min(usable, key=lambda match: (match.chaos, -match.coherence, rank(match.could_be_from_charset)))
    return codecs[rank(best.could_be_from_charset)]


def _list_examples(words: Sequence[str]) -> tuple[str, ...]:
    longest_first = sorted(words, key=len, reverse=True)
    return tuple(word[:MAX_EXAMPLE_CHARACTERS] for word in longest_first[:MAX_EXAMPLES])


def _find_difference(words: Sequence[str], others: Sequence[str]) -> str:
    """The first of the words `others` that `words` does not have."""
    return next((word for word in others if word not in words), others[0])[:MAX_EXAMPLE_CHARACTERS]


def _count_letters(text: str) -> int:
    """Number of characters that are not ASCII."""
    return 0 if text.isascii() else sum(character > "\x7f" for character in text)


def _find_bad_chunk(content: IO[bytes]) -> tuple[bytes, int, int, int]:
    """The part of a file around the first byte that is not UTF-8, the number of its line, the byte, and the number of
    characters before that part that are not ASCII."""
    before, line, letters = b"", 1, 0
    while chunk := content.read(CHUNK_BYTES):
        text = before + chunk
        try:
            text.decode()
        except UnicodeDecodeError as error:
            is_cut = error.end == len(text) and error.reason == "unexpected end of data"
            if not is_cut:
                return text, line + text[: error.start].count(b"\n"), text[error.start], letters
            before, text = text[error.start :], text[: error.start]
        else:
            before = b""
        line += text.count(b"\n")
        letters += _count_letters(text.decode())
    return before, line, before[0] if before else 0, letters
