"""Converts the colours of a picture from those of its ICC profile to sRGB, by LittleCMS, which is part of Pillow.

A profile says which colours the numbers of a file mean: phones store Display P3, cameras Adobe RGB, print shops inks.
Read as sRGB, such numbers are other colours, mostly paler ones.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageCms

from bench.formatting import escape_invisible

MAX_ROUNDING = 2
"""Largest change of a channel, of 255, by a profile that is sRGB in other words. The picture is left as it is."""
MAX_NAME_CHARACTERS = 60
UNUSABLE_NOTE = "Its colour profile cannot be used: its numbers are read as sRGB."
INK_NOTE = "Its CMYK inks are converted to RGB without a colour profile."


def convert_to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """The picture in sRGB, as RGB or RGBA; `image` itself if that changes nothing.

    `image` is of mode L, RGB, RGBA or CMYK, and `profile` the ICC profile of its file, if it has one. Adds what was
    changed to `notes`. A profile that is damaged or belongs to another mode is not used, and that is noted, as are inks
    without a profile.
    """
    if not profile:
        notes += [INK_NOTE] * (image.mode == "CMYK")
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Pillow's stubs take it for the file.
        facts: Any = source.profile
        if image.mode == "L" and facts.xcolor_space.strip() == "RGB":
            # Programs that make a picture grey often leave the profile of its colours.
            image = image.convert("RGB")
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if image.mode == "L":
            # Its table for greys has 33 entries, too few for dark ones.
            flags |= ImageCms.Flags.NOOPTIMIZE
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGBA" if image.mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags,
        )
        converted = ImageCms.applyTransform(image, transform)
    # The first is for a profile that cannot be parsed; Pillow translates only what the other functions raise.
    except (OSError, ImageCms.PyCMSError, ValueError):
        notes.append(INK_NOTE if image.mode == "CMYK" else UNUSABLE_NOTE)
        return image
    if converted is None:
        raise AssertionError("applyTransform returns a picture unless it works in place")
    if image.mode != "CMYK" and _find_largest_change(image, converted) <= MAX_ROUNDING:
        return image
    what = "Its CMYK inks" if image.mode == "CMYK" else "Its colours"
    name = " ".join((facts.profile_description or "").split())[:MAX_NAME_CHARACTERS]
    notes.append(f"{what} are converted from the colour profile {escape_invisible(name) or 'of the file'} to sRGB.")
    return converted


def _find_largest_change(image: Image.Image, converted: Image.Image) -> int:
    """The largest difference of a channel, 0 to 255."""
    return int(np.asarray(ImageChops.difference(image.convert("RGB"), converted.convert("RGB"))).max())
