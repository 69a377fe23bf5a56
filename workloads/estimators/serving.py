"""One row at a time: requests of a service that has a fitted model.

The choice `single` of the parameter `predictions`. A fitted model predicts (transforms, finds the neighbours of) one
held-out row per call, and every call is timed as a request.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.formatting import format_count
from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.estimator import HELD_OUT_STEPS, Estimator
from workloads.estimators.quality import compare_single_results

MAX_REQUEST_ROWS = 1_000
"""Different rows that are requested; then they are requested again."""


class RowRequests:
    """Calls of one method of a fitted model with one held-out row each, in an order that is the same in both arms."""

    def __init__(self, estimator: Estimator, model: Any, data: Data, seed: int) -> None:
        self.model, self._data, self._job, self._seed = model, data, estimator.job, seed
        self.method = next(step for step in estimator.steps if step in HELD_OUT_STEPS)
        self._call = getattr(model, self.method)
        # Rows of a client are arrays of their own, made before the request. The held-out rows are in a random order.
        count = min(data.test.shape[0], MAX_REQUEST_ROWS)
        self._rows = [data.test[number : number + 1].copy() for number in range(count)]
        self._results: list[Any] = [None] * count
        self._next = 0

    def describe(self) -> str:
        """What is requested."""
        return f"1 row each, one request after another, {format_count(len(self._rows), 'different row')}"

    def begin(self, repetition: int) -> None:
        """Let the next requests be those of a repetition: it begins with a row that the seed draws."""
        self._next = int(np.random.default_rng((self._seed, repetition)).integers(len(self._rows)))

    def send(self) -> Any:
        """One request, with the next row. Its result is kept for `check_results`, in place of one of the same row."""
        number = self._next
        self._next = number + 1 if number + 1 < len(self._rows) else 0
        result = self._results[number] = self._call(self._rows[number])
        return result

    def predict_all(self) -> Any:
        """The result of the same method for all held-out rows at once."""
        return self._call(self._data.test)

    def check_results(self, batch: Any) -> Measure:
        """How many requested rows have the result that they have in `batch`, that of all held-out rows at once."""
        numbers = [number for number, result in enumerate(self._results) if result is not None]
        singles = [self._results[number] for number in numbers]
        equal = compare_single_results(self._job, self.model, singles, batch, numbers, self._data)
        return Measure(
            name="requests-equal",
            label="rows with the same result alone",
            value=100 * float(equal.mean()),
            unit="%",
            decisive=True,
            loss=LossKind.EQUALITY,
            observations=len(equal),
            observation="row",
            selection="that were requested",
        )
