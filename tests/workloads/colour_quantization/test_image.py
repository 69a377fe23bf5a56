"""Pictures: which are accepted, what their pixels become, and what is said about them."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from bench.workload.interface import BadInput
from tests.support.pictures import ADOBE_GAMMA, ADOBE_RGB, make_profile, write_picture
from workloads.colour_quantization.image import (
    MAX_FILE_BYTES,
    MAX_SIDE_PIXELS,
    TRANSPOSITIONS,
    check,
    count_colours,
    decode_image,
    find_image,
    make_picture,
)

RAMP = np.tile(np.linspace(0, 65_535, 256).astype(np.uint16), (16, 1))
"""Every grey of 8 bits, as 16 bits."""


def make_png(
    width: int, height: int, *, bits: int = 8, colour_type: int = 2, pixels: np.ndarray | None = None
) -> bytes:
    """A PNG file with a header that declares a size, and `pixels`, (height, …) big-endian numbers, if any."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    # Every row begins with the number of its filter: 0, none.
    rows = b"".join(b"\0" + row.tobytes() for row in pixels) if pixels is not None else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def save(folder: Path, image: Image.Image, kind: str, **options) -> Path:
    return write_picture(folder, image, kind, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"\(0 bytes\) is no picture that can be read"),
        (b"BM" + bytes(100), "is no picture that can be read"),
        (b"<svg/>", "is no picture that can be read"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n", "is a pointer of Git LFS"),
        (make_png(6_000, 5_000), r"30.0 megapixels \(6,000 × 5,000 pixels\)"),
        (make_png(30_000, 30_000), "megapixels"),
        (make_png(2**31 - 1, 2**31 - 1), "megapixels"),
        (make_png(100, 100), r"the picture \(100 × 100 pixels\) cannot be decoded"),
        (make_png(1, 1), r"only 1 pixel \(1 × 1 pixels\)"),
        (make_png(10, 10), r"only 100 pixels \(10 × 10 pixels\)"),
        (bytes(MAX_FILE_BYTES + 1), "10.0 MB"),
    ],
)
def test_a_file_that_is_not_a_usable_picture_is_refused_with_size_and_reason(tmp_path, content, message):
    file = tmp_path / "upload"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=message) as refusal:
        check(file)
    assert refusal.value.remedy


def test_a_picture_with_large_metadata_is_not_called_damaged(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "x" * 3_000_000, zip=True)
    with pytest.raises(BadInput, match="larger than 1 MiB") as refusal:
        check(save(tmp_path, Image.new("RGB", (40, 30)), "PNG", pnginfo=texts))
    assert refusal.value.remedy == "Save it without metadata."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_a_truncated_picture_is_refused_with_its_size(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    file = save(tmp_path, Image.fromarray(noise), kind)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    with pytest.raises(BadInput, match=r"cannot be decoded|no picture that can be read") as refusal:
        check(file)
    if kind in ("JPEG", "PNG"):
        assert "(200 × 300 pixels)" in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["upload:" + "0" * 64, "nothing-of-the-kind"], ids=["upload that is gone", "unknown sample"]
)
def test_a_picture_that_does_not_exist_is_refused(tmp_path, name):
    with pytest.raises(BadInput) as refusal:
        find_image(name, tmp_path)
    assert refusal.value.remedy


def test_sample_images_are_those_of_scikit_learn(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    for name in ("china", "flower"):
        expected = datasets.load_sample_image(f"{name}.jpg")
        assert np.array_equal(decode_image(find_image(name, tmp_path)).pixels, expected)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_images_of_every_mode_become_rgb(tmp_path, mode):
    file_format = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (40, 30))
    assert decode_image(save(tmp_path, image, file_format)).pixels.shape == (30, 40, 3)


@pytest.mark.parametrize(("kind", "order"), [("PNG", "<"), ("TIFF", "<"), ("TIFF", ">")])
def test_16_bit_greys_are_scaled_to_8_bits(tmp_path, kind, order):
    image = Image.fromarray(RAMP)
    if order == ">":
        image = Image.frombytes("I;16B", image.size, RAMP.astype(">u2").tobytes())
    decoded = decode_image(save(tmp_path, image, kind))
    assert np.array_equal(decoded.pixels[0, :, 0], np.arange(256))
    assert count_colours(decoded.pixels) == 256
    assert decoded.notes == ("Its 16-bit grey values are scaled to 8 bits.",)


@pytest.mark.parametrize(("mode", "kind"), [("I", "32-bit integers"), ("F", "32-bit floating-point numbers")])
def test_greys_without_a_declared_white_are_refused(tmp_path, mode, kind):
    with pytest.raises(BadInput, match=kind) as refusal:
        check(save(tmp_path, Image.new(mode, (40, 30)), "TIFF"))
    assert "8 or 16 bits" in refusal.value.remedy


def test_cmyk_is_converted_and_said(tmp_path):
    decoded = decode_image(save(tmp_path, Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "TIFF"))
    assert (decoded.pixels == (255, 0, 0)).all()
    assert "CMYK" in decoded.notes[0]


SRGB_TO_XYZ = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))
"""From linear red, green and blue of sRGB to XYZ, adapted to D50."""
COLOURS = np.random.default_rng(0).integers(90, 200, (30, 40, 3), dtype=np.uint8)
"""Colours of Adobe RGB. Those that sRGB does not have are cut at its bounds."""


def convert_from_adobe_rgb(pixels: np.ndarray) -> np.ndarray:
    """The colours of Adobe RGB as sRGB, 0 to 255, by the definitions of both."""
    linear = np.clip((pixels / 255) ** ADOBE_GAMMA @ (np.linalg.inv(SRGB_TO_XYZ) @ ADOBE_RGB).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_colours_of_another_profile_become_srgb(tmp_path, kind):
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    profile = make_profile("Adobe RGB (1998)", ADOBE_GAMMA, ADOBE_RGB)
    decoded = decode_image(save(tmp_path, Image.fromarray(COLOURS), kind, icc_profile=profile, **options))
    expected = convert_from_adobe_rgb(COLOURS)
    assert np.abs(expected - COLOURS).max() > 10, "the profile makes a difference"
    difference = np.abs(decoded.pixels - expected)
    # JPEG changes the colours themselves a little.
    assert difference.mean() < 2 if kind == "JPEG" else difference.max() < 2
    assert decoded.notes == ("Its colours are converted from the colour profile Adobe RGB (1998) to sRGB.",)


def test_a_profile_is_used_before_transparent_pixels_are_laid_on_white(tmp_path):
    image = Image.fromarray(np.dstack([COLOURS, np.full((30, 40), 255, np.uint8)]))
    image.putpixel((0, 0), (90, 90, 90, 0))
    profile = make_profile("Adobe RGB (1998)", ADOBE_GAMMA, ADOBE_RGB)
    decoded = decode_image(save(tmp_path, image, "PNG", icc_profile=profile))
    assert decoded.pixels[0, 0].tolist() == [255, 255, 255]
    assert np.abs(decoded.pixels[1:] - convert_from_adobe_rgb(COLOURS[1:])).max() < 2
    assert [note.split()[0] for note in decoded.notes] == ["Its", "Transparent"]


def test_greys_of_another_profile_become_srgb(tmp_path):
    file = save(tmp_path, Image.fromarray(RAMP >> 8).convert("L"), "PNG", icc_profile=make_profile("linear", 1.0))
    decoded = decode_image(file)
    linear = np.arange(256) / 255
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(decoded.pixels[0, :, 1] - expected).max() < 2
    assert decoded.notes == ("Its colours are converted from the colour profile linear to sRGB.",)


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_a_profile_that_is_srgb_changes_nothing(tmp_path, mode):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(COLOURS).convert(mode)
    decoded = decode_image(save(tmp_path, image, "PNG", icc_profile=profile))
    assert np.array_equal(decoded.pixels, np.asarray(image.convert("RGB")))
    assert not decoded.notes


@pytest.mark.parametrize(
    "profile", [b"no profile", make_profile("greys", 2.2), make_profile("cut", ADOBE_GAMMA, ADOBE_RGB)[:200]]
)
def test_a_profile_that_cannot_be_used_is_named(tmp_path, profile):
    decoded = decode_image(save(tmp_path, Image.fromarray(COLOURS), "PNG", icc_profile=profile))
    assert np.array_equal(decoded.pixels, COLOURS)
    assert decoded.notes == ("Its colour profile cannot be used: its numbers are read as sRGB.",)


def test_inks_with_a_profile_of_colours_are_converted_without_it(tmp_path):
    profile = make_profile("Adobe RGB (1998)", ADOBE_GAMMA, ADOBE_RGB)
    image = Image.new("CMYK", (40, 30), (0, 255, 255, 0))
    decoded = decode_image(save(tmp_path, image, "TIFF", icc_profile=profile))
    assert (decoded.pixels == (255, 0, 0)).all()
    assert decoded.notes == ("Its CMYK inks are converted to RGB without a colour profile.",)


@pytest.mark.parametrize(("gamma", "count"), [(1.0, 1), (0.45455, 0)])
def test_a_gamma_that_is_not_used_is_named(tmp_path, gamma, count):
    chunk = PngImagePlugin.PngInfo()
    chunk.add(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    decoded = decode_image(save(tmp_path, Image.fromarray(COLOURS), "PNG", pnginfo=chunk))
    assert np.array_equal(decoded.pixels, COLOURS)
    assert decoded.notes == ("The gamma of its file (1) is not used: its numbers are read as sRGB.",) * count


def test_transparent_pixels_become_white_and_that_is_said(tmp_path):
    decoded = decode_image(save(tmp_path, Image.new("RGBA", (40, 30), (255, 0, 0, 0)), "PNG"))
    assert (decoded.pixels == 255).all()
    assert decoded.notes == ("Transparent pixels are laid on white.",)
    half = decode_image(save(tmp_path, Image.new("RGBA", (40, 30), (255, 0, 0, 128)), "PNG"))
    assert half.pixels[0, 0].tolist() == [255, 127, 127]
    opaque = decode_image(save(tmp_path, Image.new("RGBA", (40, 30), (255, 0, 0, 255)), "PNG"))
    assert not opaque.notes


def test_a_palette_with_a_transparent_colour_lies_on_white(tmp_path):
    image = Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, 10, 20, 30, 200, 0, 0])
    image.paste(2, (0, 0, 20, 30))
    decoded = decode_image(save(tmp_path, image, "PNG", transparency=1))
    assert decoded.pixels[0, 0].tolist() == [200, 0, 0]
    assert decoded.pixels[0, 39].tolist() == [255, 255, 255]


def test_a_transparent_16_bit_grey_lies_on_white(tmp_path):
    file = save(tmp_path, Image.fromarray(RAMP), "PNG")
    data = file.read_bytes()
    # Pillow does not write this chunk for 16 bits: the grey 0 is transparent.
    chunk = b"tRNS" + struct.pack(">H", 0)
    place = data.index(b"IDAT") - 4
    file.write_bytes(data[:place] + struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[place:])
    decoded = decode_image(file)
    assert decoded.pixels[0, :3, 0].tolist() == [255, 1, 2]
    assert decoded.notes[-1] == "Transparent pixels are laid on white."


def write_grey_tiff(folder: Path, values: np.ndarray, bits: int, photometric: int) -> Path:
    """An uncompressed TIFF file with greys of 12 or 16 bits, which Pillow cannot write like this."""
    height, width = values.shape
    data = values.astype("<u2").tobytes()
    if bits == 12:
        pairs = values.reshape(-1, 2)
        one, other = pairs[:, 0], pairs[:, 1]
        data = np.stack([one >> 4, (one & 15) << 4 | other >> 8, other & 255], 1).astype(np.uint8).tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    file = folder / "upload"
    file.write_bytes(
        struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)
    )
    return file


def test_12_bit_greys_are_scaled_from_12_bits(tmp_path):
    decoded = decode_image(write_grey_tiff(tmp_path, RAMP >> 4, 12, photometric=1))
    assert np.abs(decoded.pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1
    assert decoded.pixels[0, [0, -1], 0].tolist() == [0, 255]
    assert decoded.notes == ("Its 12-bit grey values are scaled to 8 bits.",)


def test_16_bit_greys_with_white_as_zero_are_turned_round(tmp_path):
    decoded = decode_image(write_grey_tiff(tmp_path, RAMP, 16, photometric=0))
    assert np.array_equal(decoded.pixels[0, :, 0], np.arange(256)[::-1])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_greys_that_use_little_of_their_range_are_named(tmp_path, kind):
    decoded = decode_image(save(tmp_path, Image.fromarray(RAMP >> 4), kind))
    assert "Its brightest grey is 4,095 of 65,535, so it is dark and has at most 17 greys." in decoded.notes[1]


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)], ids=["RGB", "grey and alpha", "RGBA"])
def test_16_bit_channels_are_named(tmp_path, colour_type, channels):
    values = np.repeat(RAMP[:, :, np.newaxis], channels, axis=2)
    values[:, :, 3 if channels == 4 else 1 if channels == 2 else channels :] = 65_535
    file = tmp_path / "upload"
    file.write_bytes(make_png(256, 16, bits=16, colour_type=colour_type, pixels=values.astype(">u2")))
    decoded = decode_image(file)
    assert np.array_equal(decoded.pixels[0, :, 0], np.arange(256))
    assert decoded.notes == ("Its 16-bit channels are scaled to 8 bits.",)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TRANSPOSITIONS)
def test_pictures_are_turned_upright(tmp_path, orientation, kind):
    """Stored turned, with the orientation that turns them back."""
    upright = np.zeros((30, 40, 3), np.uint8)
    upright[:15, :20] = (250, 0, 0)
    upright[15:, :20] = (0, 250, 0)
    back = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = Image.fromarray(upright).transpose(back.get(orientation, TRANSPOSITIONS[orientation]))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    decoded = decode_image(save(tmp_path, stored, kind, exif=exif, **options))
    assert decoded.pixels.shape == upright.shape
    # Far from the edges, at which JPEG mixes colours.
    for row, column in ((4, 4), (25, 4), (4, 35), (25, 35)):
        assert np.abs(decoded.pixels[row, column].astype(int) - upright[row, column]).max() < 8
    assert decoded.notes == (f"Turned upright, as the file's EXIF orientation ({orientation}) says.",)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_of_several_frames_is_used_and_said(tmp_path, kind):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = decode_image(save(tmp_path, frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert (decoded.pixels == (255, 0, 0)).all()
    assert decoded.notes == ("Only the first frame of 3 is used.",)


def test_the_summary_has_size_colours_and_a_thumbnail(tmp_path):
    stripes = np.zeros((1_000, 500, 3), np.uint8)
    stripes[:, :, 1] = np.arange(500) % 7
    summary = check(save(tmp_path, Image.fromarray(stripes), "PNG"))
    assert summary.text == "500 × 1,000 pixels, 7 colours"
    assert not summary.notes
    assert summary.picture and (summary.picture.width, summary.picture.height) == (80, 160)
    thumbnail = Image.open(io.BytesIO(base64.b64decode(summary.picture.base64)))
    assert thumbnail.size == (80, 160)


def test_colours_are_counted():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    assert count_colours(pixels) == len(np.unique(pixels.reshape(-1, 3), axis=0))


def test_large_pictures_are_scaled_down_for_the_page():
    picture = make_picture("p", "P", np.zeros((10, 4 * MAX_SIDE_PIXELS, 3), np.uint8))
    assert (picture.width, picture.height) == (MAX_SIDE_PIXELS, 2)
