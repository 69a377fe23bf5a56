"""PNG files, and what changes their headers and chunks."""

from __future__ import annotations

import io
import random
import struct
import zlib

from PIL import Image

from tests.support.mutations.byte_mutators import (
    duplicate_slice,
    flip_bits,
    truncate,
)


def write_png(rng: random.Random) -> bytes:
    size = rng.choice(((40, 30), (64, 48), (300, 200)))
    image = Image.effect_noise(size, 90).convert(rng.choice(("L", "RGB", "RGBA", "P", "1", "LA", "I;16")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _split_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of the chunks, up to the first that is not whole."""
    chunks, place = [], len(PNG_SIGNATURE)
    while place + 8 <= len(content):
        [length] = struct.unpack(">I", content[place : place + 4])
        if place + 12 + length > len(content):
            break
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    return chunks


def _join_chunks(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG file with checksums that are right, so that a reader does not stop at them."""
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return PNG_SIGNATURE + b"".join(parts)


def change_header_field(rng: random.Random, content: bytes) -> bytes:
    chunks = _split_chunks(content)
    if not chunks or len(chunks[0][1]) != 13:
        return content
    fields = list(struct.unpack(">IIBBBBB", chunks[0][1]))
    index = rng.randrange(len(fields))
    sides = (0, 1, 2, 4000, 65_535, 2**31 - 1, 2**32 - 1)
    fields[index] = rng.choice(sides) if index < 2 else rng.choice((0, 1, 2, 3, 4, 6, 7, 16, 255))
    return _join_chunks([(b"IHDR", struct.pack(">IIBBBBB", *fields)), *chunks[1:]])


def rearrange_chunks(rng: random.Random, content: bytes) -> bytes:
    chunks = _split_chunks(content)
    if len(chunks) > 1:
        index = rng.randrange(len(chunks))
        match rng.randrange(3):
            case 0:
                del chunks[index]
            case 1:
                chunks.insert(rng.randrange(len(chunks)), chunks[index])
            case _:
                rng.shuffle(chunks)
    return _join_chunks(chunks)


def damage_chunk(rng: random.Random, content: bytes) -> bytes:
    chunks = _split_chunks(content)
    if chunks:
        index = rng.randrange(len(chunks))
        name, data = chunks[index]
        chunks[index] = (name, rng.choice((flip_bits, truncate, duplicate_slice))(rng, data))
    return _join_chunks(chunks)


def add_chunk(rng: random.Random, content: bytes) -> bytes:
    bomb = zlib.compress(b"\0" * 50_000_000)
    chunk = rng.choice(
        (
            (b"zTXt", b"Comment\0\0" + bomb),
            (b"iCCP", b"icc\0\0" + bomb),
            (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x"),
            (b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([rng.randrange(12)]) + b"\0" * 7),
            (b"eXIf", b"MM\0*" + b"\xff" * 20),
            (b"acTL", struct.pack(">II", rng.choice((0, 1, 5, 2**32 - 1)), 0)),
            (b"tRNS", b"\0" * rng.choice((0, 1, 2, 6, 300))),
            (b"PLTE", b"\xff" * rng.choice((1, 3, 768, 900))),
            (b"gAMA", b"\0\0\0\0"),
            (b"pHYs", b"\0" * 9),
        )
    )
    chunks = _split_chunks(content)
    chunks.insert(min(1, len(chunks)), chunk)
    return _join_chunks(chunks)
