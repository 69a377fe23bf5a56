"""Reads the photo: a sample image of scikit-learn, or an upload, whose content is checked before it is decoded.

Every kind of picture becomes 8 bits of red, green and blue per pixel in sRGB, upright, on a white background. What was
changed is in the notes of a `DecodedImage`.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from bench.formatting import format_count
from bench.values.output import Picture
from bench.workload.file_summary import UPLOAD_PREFIX, FileSummary, find_upload, find_upload_name
from bench.workload.git_lfs import POINTER_REMEDY, is_pointer_file
from bench.workload.interface import BadInput
from workloads.colour_quantization.colour_profile import convert_to_srgb

MAX_FILE_BYTES = 10 * 1024 * 1024
MIN_PIXELS, MAX_PIXELS = 1_000, 24_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF")
MAX_SIDE_PIXELS = 960
"""Longest side of a picture for the page; larger ones are scaled down. The measured work uses all pixels."""
THUMBNAIL_SIDE_PIXELS = 160
MIN_RANGE_DIVISOR = 4
"""Greys of more than 8 bits that use less than this part of their range, such as 12 bits in 16, are named."""
SRGB_GAMMA, MAX_GAMMA_DIFFERENCE = 0.45455, 0.01
"""The gamma that PNG files in sRGB declare, and the largest difference from it that is not named."""
TRANSPARENT_NOTE = "Transparent pixels are laid on white."
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation. 1 is upright."""
REMEDY = (
    f"Give a PNG, JPEG, WebP, GIF or TIFF file of up to {MAX_FILE_BYTES // 2**20} MB and "
    f"{MAX_PIXELS // 10**6} megapixels."
)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """The first picture of a file."""

    pixels: np.ndarray
    """(height, width, 3) bytes: red, green and blue."""
    notes: tuple[str, ...]
    """How the pixels differ from those that are stored in the file, as sentences."""

    @property
    def size(self) -> str:
        """Such as `40 × 60 pixels`: width, then height."""
        height, width, _ = self.pixels.shape
        return f"{width:,} × {height:,} pixels"


def find_image(name: str, uploads: Path) -> Path:
    """The file of the image `name`: a sample image of scikit-learn, or `upload:` and the digest of one in `uploads`.

    Raises BadInput if it does not exist.
    """
    if name.startswith(UPLOAD_PREFIX):
        file = find_upload(uploads, name)
        if not file.is_file():
            raise BadInput("the uploaded picture is no longer on this machine", "Upload it again.")
        return file
    # Not by sklearn.datasets: importing scikit-learn takes a second, and the arm has to patch it first.
    package = importlib.util.find_spec("sklearn")
    folders = package.submodule_search_locations if package else None
    file = Path(next(iter(folders or ["."]))) / "datasets" / "images" / f"{name}.jpg"
    if not file.is_file():
        raise BadInput(f"scikit-learn has no sample image {name!r}", "Install the pinned version of scikit-learn.")
    return file


def name_image(name: str, uploads: Path) -> str:
    """What the image `name` is called next to a claim."""
    return find_upload_name(find_upload(uploads, name)) if name.startswith(UPLOAD_PREFIX) else f"{name}.jpg"


def check(file: Path, name: str = "") -> FileSummary:
    """Decode the picture in `file`: its size, number of colours, changes and a thumbnail. Raises BadInput."""
    image = decode_image(file)
    colours = count_colours(image.pixels)
    return FileSummary(
        text=f"{image.size}, {format_count(colours, 'colour')}",
        notes=list(image.notes),
        picture=make_picture("thumbnail", "Thumbnail", image.pixels, THUMBNAIL_SIDE_PIXELS),
    )


def decode_image(file: Path) -> DecodedImage:
    """The first picture in `file`, whatever the file's name is. Raises BadInput."""
    if (size_bytes := file.stat().st_size) > MAX_FILE_BYTES:
        raise BadInput(f"the file has {size_bytes / 2**20:.1f} MB", REMEDY)
    size = ""
    try:
        # Pillow reads the size from the header. It is checked before anything is decompressed.
        with warnings.catch_warnings(), Image.open(file, formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            size = f" ({image.width:,} × {image.height:,} pixels)"
            _check_pixel_count(image)
            return _convert(image)
    except UnidentifiedImageError as error:
        if is_pointer_file(file):
            raise BadInput("the file is a pointer of Git LFS, not the picture itself", POINTER_REMEDY) from error
        raise BadInput(
            f"the file ({format_count(size_bytes, 'byte')}) is no picture that can be read", REMEDY
        ) from error
    except Image.DecompressionBombError as error:
        raise BadInput("according to its header, the picture has far more megapixels than allowed", REMEDY) from error
    except (BadInput, MemoryError):
        raise
    # Pillow's decoders raise whatever goes wrong in them: OSError, SyntaxError, struct.error, IndexError and others.
    except Exception as error:
        # Pillow refuses texts of PNG files that become larger than 1 MiB when they are unpacked.
        if "MAX_TEXT_" in str(error):
            raise BadInput(
                "the metadata (texts) of the picture is larger than 1 MiB",
                "Save it without metadata.",
            ) from error
        raise BadInput(
            f"the picture{size} cannot be decoded: {error or type(error).__name__}",
            f"The file is damaged or incomplete. Copy or save it again. {REMEDY}",
        ) from error


def _check_pixel_count(image: Image.Image) -> None:
    count, size = image.width * image.height, f"{image.width:,} × {image.height:,} pixels"
    if count > MAX_PIXELS:
        raise BadInput(f"the picture has {count / 1e6:.1f} megapixels ({size})", REMEDY)
    if count < MIN_PIXELS:
        raise BadInput(
            f"the picture has only {format_count(count, 'pixel')} ({size})",
            f"Give a picture of {MIN_PIXELS:,} pixels or more.",
        )


def _convert(image: Image.Image) -> DecodedImage:
    """The first frame of an open image, upright and as RGB on white. Raises what Pillow raises, and BadInput."""
    notes: list[str] = []
    bits, is_white_zero = _read_bits(image), _is_white_zero(image)
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        image.seek(0)
        notes.append(f"Only the first frame of {frames:,} is used.")
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in TRANSPOSITIONS:
        notes.append(f"Turned upright, as the file's EXIF orientation ({orientation}) says.")
    image.load()
    # Pillow turns TIFF itself when it loads the pixels, and then has no orientation any more.
    left = image.getexif().get(ExifTags.Base.Orientation, 1)
    upright = image.transpose(TRANSPOSITIONS[left]) if left in TRANSPOSITIONS else image
    if upright.mode.startswith("I;16"):
        reduced = _scale_grey(upright, bits, is_white_zero, notes)
    else:
        if bits > 8 and upright.mode not in ("I", "F"):
            notes.append(f"Its {bits}-bit channels are scaled to 8 bits.")
        reduced = _reduce_modes(upright)
    # The numbers of LAB are no colours of a device: Pillow knows what they mean.
    profile = None if upright.mode == "LAB" else image.info.get("icc_profile")
    gamma = image.info.get("gamma", SRGB_GAMMA)
    if not profile and "srgb" not in image.info and abs(gamma - SRGB_GAMMA) > MAX_GAMMA_DIFFERENCE:
        notes.append(f"The gamma of its file ({gamma:g}) is not used: its numbers are read as sRGB.")
    in_srgb = convert_to_srgb(reduced, profile, notes)
    return DecodedImage(np.ascontiguousarray(_lay_on_white(in_srgb, notes)), tuple(notes))


def _read_bits(image: Image.Image) -> int:
    """The number of bits per channel that the file of an open image has; 8 if Pillow does not say. Before `load`."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    # Pillow's PNG reader names the layout of the stored pixels, such as RGB;16B, and makes 8 bits of them.
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    return 16 if any(isinstance(tile.args, str) and ";16" in tile.args for tile in tiles) else 8


def _is_white_zero(image: Image.Image) -> bool:
    """Whether a TIFF file has black as its largest grey. Pillow turns these greys round for up to 8 bits only."""
    is_tiff = isinstance(image, TiffImagePlugin.TiffImageFile)
    return is_tiff and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _reduce_modes(image: Image.Image) -> Image.Image:
    """The picture as greys (L), inks (CMYK), colours (RGB) or colours with transparency (RGBA). Raises BadInput."""
    if image.mode in ("I", "F"):
        kind = "32-bit integers" if image.mode == "I" else "32-bit floating-point numbers"
        raise BadInput(
            f"the picture ({image.width:,} × {image.height:,} pixels) has {kind} as grey values, and the file does not "
            "say which of them is white",
            "Save it with 8 or 16 bits per channel.",
        )
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "CMYK") else image.convert("RGB")


def _lay_on_white(image: Image.Image, notes: list[str]) -> np.ndarray:
    """The pixels as (height, width, 3) bytes. Adds a note if some are transparent."""
    if image.mode == "RGBA":
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append(TRANSPARENT_NOTE)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def _scale_grey(image: Image.Image, bits: int, is_white_zero: bool, notes: list[str]) -> Image.Image:
    """Greys of 9 to 16 bits as greys of 8 bits. Adds what was changed to `notes`."""
    values = np.asarray(image).astype(np.uint32)
    largest = 2**bits - 1
    levels = largest - values if is_white_zero else values
    grey = ((levels * 255 + largest // 2) // largest).astype(np.uint8)
    notes.append(f"Its {bits}-bit grey values are scaled to 8 bits.")
    if (top := int(levels.max())) < (largest + 1) // MIN_RANGE_DIVISOR:
        notes.append(
            f"Its brightest grey is {top:,} of {largest:,}, so it is dark and has at most {grey.max() + 1} greys. If "
            f"this grey is meant to be white, save the picture with greys up to {largest:,}."
        )
    transparent = image.info.get("transparency")
    if isinstance(transparent, int) and (values == transparent).any():
        grey[values == transparent] = 255
        notes.append(TRANSPARENT_NOTE)
    return Image.fromarray(grey)


def count_colours(pixels: np.ndarray) -> int:
    """The number of different colours in an array of (..., 3) bytes."""
    seen = np.zeros(1 << 24, bool)
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    seen[red << 16 | green << 8 | blue] = True
    return int(np.count_nonzero(seen))


def make_picture(name: str, label: str, pixels: np.ndarray, max_side: int = MAX_SIDE_PIXELS) -> Picture:
    """`pixels`, (height, width, 3) bytes, as a PNG picture for the page, whose sides have at most `max_side` pixels."""
    image = Image.fromarray(pixels)
    scale = max_side / max(image.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return Picture(
        name=name, label=label, media_type="image/png", base64=encoded, width=image.width, height=image.height
    )
