"""Reads the photo: one of scikit-learn's, or an upload, which is never trusted."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from sklearn.datasets import load_sample_image

from bench.values import Picture
from bench.workload.interface import BadInput

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 24_000_000
FORMATS = ("PNG", "JPEG")
MAX_SIDE_PIXELS = 960
"""Pixels along a side, beyond which a picture for the page is scaled down; the work is on all pixels."""


def load_image(name: str, uploads: Path) -> np.ndarray:
    """The image called `name` as an array of (height, width, 3) bytes, red, green and blue.

    Raises BadInput for an upload that is missing, too large, damaged, or no PNG or JPEG.
    """
    if name.startswith("upload:"):
        return decode_image(uploads / name.removeprefix("upload:"))
    return np.asarray(load_sample_image(f"{name}.jpg"))


def decode_image(file: Path) -> np.ndarray:
    """The PNG or JPEG in `file`, whatever its name, as (height, width, 3) bytes; what is transparent becomes white."""
    limits = f"Give a PNG or JPEG of up to {MAX_FILE_BYTES // 2**20} MB and {MAX_PIXELS // 10**6} megapixels."
    if not file.is_file():
        raise BadInput("the uploaded image is no longer there", "Upload it again.")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise BadInput(f"the image has {file.stat().st_size / 2**20:.1f} MB", limits)
    try:
        # Size is read from the header and checked before anything is decompressed.
        with warnings.catch_warnings(), Image.open(file, formats=FORMATS) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BadInput(f"the image has {width * height / 1e6:.1f} megapixels", limits)
            if width * height < 1_000:
                raise BadInput(f"the image has only {width * height} pixels", "Give one of 1,000 pixels or more.")
            image.load()
            if image.has_transparency_data:
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise BadInput("the file is no PNG or JPEG", limits) from error
    except Image.DecompressionBombError as error:
        raise BadInput("the image claims far more megapixels than may be decoded", limits) from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        # Pillow raises these for truncated and damaged files.
        raise BadInput(f"the image cannot be decoded ({error})", f"The file is damaged. {limits}") from error


def make_picture(name: str, label: str, pixels: np.ndarray) -> Picture:
    """`pixels`, (height, width, 3) bytes, as a PNG for the page."""
    image = Image.fromarray(pixels)
    scale = MAX_SIDE_PIXELS / max(image.size)
    if scale < 1:
        size = tuple(max(1, round(arm * scale)) for arm in image.size)
        image = image.resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return Picture(
        name=name, label=label, media_type="image/png", base64=encoded, width=image.width, height=image.height
    )
