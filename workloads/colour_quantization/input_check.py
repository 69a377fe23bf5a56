"""Checks a picture with the other settings of a plan, before a race of it is queued."""

from __future__ import annotations

from bench.workload.interface import Settings
from workloads.colour_quantization import image, memory, sampling


def check_inputs(settings: Settings) -> None:
    """Raise BadInput if the picture cannot be decoded, is too large for the batch, or has too few colours."""
    decoded = image.decode_image(image.find_image(str(settings.parameters["image"]), settings.uploads))
    height, width, _ = decoded.pixels.shape
    memory.require_memory(height * width, settings.batch)
    sample, _ = sampling.draw_pixels(decoded.pixels, settings)
    sampling.require_colours(
        int(settings.parameters["colours"]),
        image.count_colours(decoded.pixels),
        image.count_colours(sample),
        len(sample),
    )
