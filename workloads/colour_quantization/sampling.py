"""The pixels that K-Means learns from, the colours that it starts with, and how many iterations both arms can share."""

from __future__ import annotations

import numpy as np

from bench.formatting import format_count
from bench.workload.interface import BadInput, Settings

MAX_SHARED_ITERATIONS = 5
"""Iterations with the same start in both arms. After more, rounding of equal distances can part the arms."""
MAX_DISTANCES = 1 << 22
"""Number of distances that are computed at once, which limits the memory needed."""


def draw_pixels(image: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The sample that K-Means learns from, and the random code book: arrays of (pixels, 3) bytes.

    Equal in both arms. `image` has the shape (height, width, 3).
    """
    pixels = image.reshape(-1, 3)
    order = np.random.default_rng(settings.seed).permutation(len(pixels))
    sample_size, colours = (int(settings.parameters[name]) for name in ("sample", "colours"))
    return pixels[order[:sample_size]], pixels[order[-colours:]]


def require_colours(clusters: int, colours: int, sample_colours: int, sample_size: int) -> None:
    """Raise BadInput if there are fewer colours, in the picture or in the sample, than K-Means has to find.

    K-Means with more clusters than different points has no result: libraries then stop after 1 iteration or after 300.
    """
    if clusters <= sample_colours:
        return
    asked = f"the plan asks for {clusters} clusters"
    if sample_colours < 2:
        remedy = "Choose another picture: there is nothing to reduce."
    else:
        remedy = f"Choose at most {sample_colours} colours, or another picture."
    if colours == sample_colours:
        raise BadInput(f"the picture has only {format_count(colours, 'colour')}, and {asked}", remedy)
    if colours >= clusters:
        remedy = f"Choose a larger sample, or at most {sample_colours} colours."
    raise BadInput(
        f"the sample of {sample_size:,} pixels has only {format_count(sample_colours, 'colour')} of the picture's "
        f"{colours:,}, and {asked}",
        remedy,
    )


def select_start(sample: np.ndarray, clusters: int) -> np.ndarray:
    """The first `clusters` different colours of the sample, in its order: (clusters, 3).

    Different ones, because of two equal centres one gets no pixel, and every library replaces it in its own way.
    """
    _, first = np.unique(sample, axis=0, return_index=True)
    return np.ascontiguousarray(sample[np.sort(first)[:clusters]])


def count_shared_iterations(sample: np.ndarray, start: np.ndarray) -> int:
    """How many of Lloyd's iterations from `start` every implementation does alike: at most MAX_SHARED_ITERATIONS.

    Fewer if the labels stop changing, which ends some implementations, or if a centre is left without a pixel, which
    each replaces in its own way. `sample` is (pixels, 3), `start` (clusters, 3).
    """
    centres, before = start, np.full(len(sample), -1)
    for iteration in range(1, MAX_SHARED_ITERATIONS + 1):
        labels = _assign(sample, centres)
        counts = np.bincount(labels, minlength=len(centres))
        if not counts.all() or np.array_equal(labels, before):
            return max(1, iteration - 1)
        sums = [np.bincount(labels, weights=sample[:, channel], minlength=len(centres)) for channel in range(3)]
        centres, before = np.stack(sums, axis=1) / counts[:, np.newaxis], labels
    return MAX_SHARED_ITERATIONS


def _assign(sample: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the nearest centre of each pixel: int64 of shape (pixels,)."""
    labels = np.empty(len(sample), np.int64)
    size = max(1, MAX_DISTANCES // len(centres))
    norms = (centres**2).sum(axis=1) / 2
    for first in range(0, len(sample), size):
        # The nearest centre has the largest x·c - |c|²/2.
        labels[first : first + size] = np.argmax(sample[first : first + size] @ centres.T - norms, axis=1)
    return labels
