"""Small pictures as bytes."""

from pathlib import Path

from PIL import Image


def write_picture(folder: Path, image: Image.Image, kind: str = "PNG", **options) -> Path:
    file = folder / "upload"
    image.save(file, kind, **options)
    return file
