"""Small pictures as bytes, and colour profiles."""

import struct
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

ADOBE_RGB = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
"""From linear red, green and blue of Adobe RGB (1998) to XYZ, adapted to D50."""
ADOBE_GAMMA = 563 / 256
"""Of Adobe RGB (1998), as its profile holds it."""


def write_picture(folder: Path, image: Image.Image, kind: str = "PNG", **options) -> Path:
    file = folder / "upload"
    image.save(file, kind, **options)
    return file


def make_profile(name: str, gamma: float, matrix: Sequence[Sequence[float]] | None = None) -> bytes:
    """An ICC profile, version 2.1: of colours with a `matrix` from linear RGB to XYZ, or of greys."""

    def encode_xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65_536) for value in values))

    text = name.encode() + b"\0"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": encode_xyz(0.9642, 1, 0.8249),
    }
    if matrix is None:
        tags[b"kTRC"] = curve
    else:
        for colour, column in zip(b"rgb", zip(*matrix, strict=True), strict=True):
            tags[bytes([colour]) + b"XYZ"] = encode_xyz(*column)
            tags[bytes([colour]) + b"TRC"] = curve
    content, table = b"", struct.pack(">I", len(tags))
    for tag, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += tag + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(content), len(value))
        content += padded
    size = 128 + len(table) + len(content)
    space = b"RGB " if matrix else b"GRAY"
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(24)
    header += struct.pack(">I3i", 0, 63_190, 65_536, 54_061)
    return header.ljust(128, b"\0") + table + content
