"""Results of functions: distances of all pairs, the area under a curve, and a split of the rows. An arm alone has no
quality: both arms must have equal results."""

from __future__ import annotations

from typing import Any

import numpy as np

from workloads.estimators.quality.assessment import Array, Assessment, draw_rows, inform

MAX_COMPARED_ROWS = 500
"""Rows of a matrix of distances that are compared between the arms."""


def assess_distances(distances: Array, seed: int) -> Assessment:
    """Some rows of a matrix of distances, shape (rows, rows), drawn by the seed."""
    compared = draw_rows(len(distances), MAX_COMPARED_ROWS, seed)
    return Assessment([], arrays={"values": distances[compared], "total": np.array(len(distances))})


def assess_area(area: float) -> Assessment:
    """An area under the curve."""
    return Assessment([inform("auc", "area under the curve", float(area))], arrays={"values": np.array([area])})


def assess_split(parts: tuple[Any, Any, Any, Any]) -> Assessment:
    """What train_test_split returns: rows to learn from, held-out rows, and the targets of both."""
    rows, held_out, targets, held_out_targets = parts
    learned, tested = digest_rows(rows, targets), digest_rows(held_out, held_out_targets)
    return Assessment([], arrays={"train-rows": learned, "test-rows": tested})


def digest_rows(rows: Array, targets: Array) -> Array:
    """One number (uint64) for each row with its target, which differs if any number of it does.

    A multilinear hash: the sum of the bits of each number times an odd random factor. Odd, so that a difference of one
    number is never lost.
    """
    parts = [np.ascontiguousarray(rows, np.float64), np.ascontiguousarray(targets, np.float64).reshape(-1, 1)]
    rng = np.random.default_rng(0)
    digests = np.zeros(len(rows), np.uint64)
    for part in parts:
        factors = rng.integers(0, 1 << 63, part.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        digests += part.view(np.uint64) @ factors
    return digests
