"""What a fitted model itself shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import Array, Assessment, inform

MAX_PROBABILITY_ERROR = 1e-5
"""Largest distance of the sum of a row's probabilities from 1. With larger ones, scikit-learn's `roc_auc_score` refuses
them."""
MAX_DIVERGENCE = 1e6
"""Larger Kullback-Leibler divergences are none."""


def inspect_model(model: Any, data: Data, iterates: bool) -> Assessment:
    """What the fitted model itself shows: iterations, support vectors, and whether probabilities sum to 1."""
    measures: list[Measure] = []
    arrays: dict[str, Array] = {}
    if iterates and hasattr(model, "n_iter_"):
        measures.append(
            Measure(
                name="iterations",
                label="iterations of fit",
                value=float(np.max(model.n_iter_)),
                higher_is_better=False,
                same_work=True,
            )
        )
    if hasattr(model, "support_"):
        supports = np.sort(np.asarray(model.support_))
        measures.append(inform("supports", "support vectors", float(len(supports)), higher_is_better=False))
        arrays["supports"] = supports
    if hasattr(model, "inertia_"):
        measures.append(inform("inertia", "inertia", float(model.inertia_), higher_is_better=False))
    # Without an iteration after those of its first phase, t-SNE reports the largest number that there is.
    if getattr(model, "kl_divergence_", np.inf) < MAX_DIVERGENCE:
        measures.append(
            inform("kl-divergence", "Kullback-Leibler divergence", float(model.kl_divergence_), higher_is_better=False)
        )
    if callable(getattr(model, "predict_proba", None)):
        sums = np.asarray(model.predict_proba(data.test), np.float64).sum(axis=1)
        measures.append(
            inform(
                "probabilities",
                f"rows whose probabilities sum to 1 (within {MAX_PROBABILITY_ERROR:g})",
                100 * float((np.abs(sums - 1) <= MAX_PROBABILITY_ERROR).mean()),
                unit="%",
                decisive=True,
                loss=LossKind.EQUALITY,
                observations=len(sums),
                observation="row",
            )
        )
    return Assessment(measures, arrays=arrays)
