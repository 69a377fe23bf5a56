"""Uploaded images: what is accepted, and how it is decoded."""

import struct
import zlib

import pytest
from PIL import Image

from bench.workload.interface import BadInput
from tests.support.pictures import write_picture
from workloads.colour_quantization.image import MAX_FILE_BYTES, decode_image


def make_png(width: int, height: int) -> bytes:
    """A PNG file whose header declares a size, without pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a PNG or JPEG"),
        (b"GIF89a" + bytes(100), "not a PNG or JPEG"),
        (b"<svg/>", "not a PNG or JPEG"),
        (make_png(6_000, 5_000), "30.0 megapixels"),
        (make_png(30_000, 30_000), "megapixels"),
        (make_png(2**31 - 1, 2**31 - 1), "megapixels"),
        (make_png(100, 100), "cannot be decoded"),
        (make_png(10, 10), "only 100 pixels"),
        (bytes(MAX_FILE_BYTES + 1), "10.0 MB"),
    ],
)
def test_an_upload_that_is_not_a_usable_image_is_refused_with_a_remedy(tmp_path, content, message):
    file = tmp_path / "upload"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=message) as refusal:
        decode_image(file)
    assert refusal.value.remedy


def test_a_truncated_jpeg_is_refused(tmp_path):
    file = write_picture(tmp_path, Image.effect_noise((300, 300), 80), "JPEG")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(BadInput, match="cannot be decoded"):
        decode_image(file)


def test_an_upload_that_no_longer_exists_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no longer exists"):
        decode_image(tmp_path / "nothing")


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_images_of_every_mode_become_rgb(tmp_path, mode):
    file_format = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (40, 30))
    assert decode_image(write_picture(tmp_path, image, file_format)).shape == (30, 40, 3)


def test_transparent_pixels_become_white(tmp_path):
    assert (decode_image(write_picture(tmp_path, Image.new("RGBA", (40, 30), (255, 0, 0, 0)))) == 255).all()
