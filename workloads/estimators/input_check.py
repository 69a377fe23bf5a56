"""Checks the data and the parameters of a plan before a race of it is queued."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS, Job
from workloads.estimators.memory import require_memory

T = TypeVar("T")

TRIAL_ROWS = 400
"""Rows with which the stock estimator is tried: more than the largest number of clusters."""
ROWS_PER_CLASS = 50
"""Rows of each class that it is tried with at least: with a few, a class may be missing, or too small for a split."""
TRIAL_ARGUMENTS = {"n_estimators": 2, "max_iter": 250}
"""Largest values with which it is tried: they decide on the time only."""


class _CallOnce:
    """A clock that times nothing."""

    in_race = False

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        return work()

    def leave_out(self, work: Callable[[], T]) -> T:
        return work()


def check_inputs(settings: Settings) -> None:
    """Raise BadInput if the data does not fit into memory or cannot be learned from, or if stock scikit-learn refuses
    the parameters."""
    from workloads.estimators.arm import EstimatorArm

    require_memory(settings)
    estimator = ESTIMATORS[settings.case]
    trial = replace(settings, lever="stock", cores=1, batch=choose_trial_rows(settings))
    arm = EstimatorArm(trial)
    arm.prepare(lambda text, share=None: None)
    if settings.case == "dbscan":
        require_memory(settings, near_share=measure_near_share(arm.data.train, float(arm.arguments["eps"])))
    for name, largest in TRIAL_ARGUMENTS.items():
        if name in arm.arguments:
            arm.arguments[name] = min(arm.arguments[name], largest)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            arm.repeat(0, _CallOnce())
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"scikit-learn's {estimator.attribute} refuses these parameters: {' '.join(str(error).split())}",
            "Change the parameter that it names.",
        ) from error


def choose_trial_rows(settings: Settings) -> int:
    """As few rows as show what the rows of the plan would: no fewer than components, and some of each class."""
    parameters, job = settings.parameters, ESTIMATORS[settings.case].job
    classes = int(parameters["classes"]) if job in (Job.CLASSES, Job.SPLIT) else 0
    return min(settings.batch, max(TRIAL_ROWS, int(parameters.get("components", 0)), ROWS_PER_CLASS * classes))


def measure_near_share(rows: Any, radius: float) -> float:
    """The share of the pairs of rows that are not farther apart than `radius`. `rows` is (rows, columns), dense or
    sparse; the first of them are compared."""
    dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)[:TRIAL_ROWS]
    near = [np.count_nonzero(((dense - row) ** 2).sum(axis=1) <= radius**2) - 1 for row in dense]
    return float(np.mean(near)) / (len(dense) - 1)
