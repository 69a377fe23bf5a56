"""Changes bytes of any file without regard to their meaning."""

from __future__ import annotations

import random
from collections.abc import Callable

Mutator = Callable[[random.Random, bytes], bytes]


def flip_bits(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 2, 8, 64))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite_bytes(rng: random.Random, content: bytes) -> bytes:
    start, end = _choose_slice(rng, content)
    fill = rng.choice((b"\0", b"\xff", b" ", bytes([rng.randrange(256)])))
    return content[:start] + fill * (end - start) + content[end:]


def truncate(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randint(0, len(content))]


def delete_slice(rng: random.Random, content: bytes) -> bytes:
    start, end = _choose_slice(rng, content)
    return content[:start] + content[end:]


def duplicate_slice(rng: random.Random, content: bytes) -> bytes:
    start, end = _choose_slice(rng, content)
    return content[:end] + content[start:end] * rng.choice((1, 1, 5)) + content[end:]


def swap_slices(rng: random.Random, content: bytes) -> bytes:
    a, b, c, d = sorted(rng.randint(0, len(content)) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def insert_token(rng: random.Random, content: bytes) -> bytes:
    place = rng.choice((0, len(content), rng.randint(0, len(content))))
    return content[:place] + rng.choice(TOKENS) + content[place:]


def _choose_slice(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.choice((1, 4, 32, 256, 4096)))


BYTE_MUTATORS: list[Mutator] = [
    flip_bits,
    overwrite_bytes,
    truncate,
    delete_slice,
    duplicate_slice,
    swap_slices,
    insert_token,
]
TOKENS = (
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"PAR1",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"version https://git-lfs.github.com/spec/v1\n",
    b"<html>",
    b'"',
    b'"""',
    b"\r",
    b"\n\n",
    b"\\",
    b"{",
    b"]]]]",
    b"[" * 100_000,
    b"9" * 5000,
    b"-1e999",
    b"NaN",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}".encode(),
    b"%s%n{0}${jndi}",
)
