"""Reads the photo: a sample image of scikit-learn, or an upload, whose content is checked before it is decoded."""

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
MIN_PIXELS, MAX_PIXELS = 1_000, 24_000_000
FORMATS = ("PNG", "JPEG")
MAX_SIDE_PIXELS = 960
"""Longest side of a picture for the page; larger ones are scaled down. The measured work uses all pixels."""


def load_image(name: str, uploads: Path) -> np.ndarray:
    """The image `name` as an array of (height, width, 3) bytes: red, green and blue.

    `name` is a sample image of scikit-learn, or `upload:` and the name of a file in `uploads`. Raises BadInput if an
    upload is missing, too large, damaged, or not a PNG or JPEG file.
    """
    if name.startswith("upload:"):
        return decode_image(uploads / name.removeprefix("upload:"))
    return np.asarray(load_sample_image(f"{name}.jpg"))


def decode_image(file: Path) -> np.ndarray:
    """The PNG or JPEG in `file`, whatever its name is, as (height, width, 3) bytes. Transparent pixels become white.

    Raises BadInput.
    """
    remedy = f"Give a PNG or JPEG file of up to {MAX_FILE_BYTES // 2**20} MB and {MAX_PIXELS // 10**6} megapixels."
    if not file.is_file():
        raise BadInput("the uploaded image no longer exists", "Upload it again.")
    if file.stat().st_size > MAX_FILE_BYTES:
        raise BadInput(f"the image has {file.stat().st_size / 2**20:.1f} MB", remedy)
    try:
        # Pillow reads the size from the header. It is checked before anything is decompressed.
        with warnings.catch_warnings(), Image.open(file, formats=FORMATS) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise BadInput(f"the image has {width * height / 1e6:.1f} megapixels", remedy)
            if width * height < MIN_PIXELS:
                raise BadInput(
                    f"the image has only {width * height} pixels", f"Give an image of {MIN_PIXELS:,} pixels or more."
                )
            image.load()
            if image.has_transparency_data:
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise BadInput("the file is not a PNG or JPEG file", remedy) from error
    except Image.DecompressionBombError as error:
        raise BadInput("according to its header, the image has far more megapixels than allowed", remedy) from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        # Pillow raises these for truncated and damaged files.
        raise BadInput(f"the image cannot be decoded ({error})", f"The file is damaged. {remedy}") from error


def make_picture(name: str, label: str, pixels: np.ndarray) -> Picture:
    """`pixels`, (height, width, 3) bytes, as a PNG picture for the page."""
    image = Image.fromarray(pixels)
    scale = MAX_SIDE_PIXELS / max(image.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return Picture(
        name=name, label=label, media_type="image/png", base64=encoded, width=image.width, height=image.height
    )
