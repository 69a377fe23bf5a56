"""Checks the data and the parameters of a plan before a race of it is queued."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import ALL_ROWS, PREDICTIONS, Job
from workloads.estimators.memory import require_memory
from workloads.estimators.options import uses_file

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

    estimator, sized, table = ESTIMATORS[settings.case], settings, None
    if uses_file(settings):
        from workloads.estimators.own_table import describe_size, read_own_table

        table = read_own_table(settings, ignore_progress, is_trial=True)
        sized = describe_size(settings, table)
    require_memory(sized)
    if table is not None and not table.is_whole:
        # The rest of the file may have what the first part lacks, such as another class: the arms read it all.
        return
    # Rows at once even if the race is one of single rows: what refuses those refuses these.
    parameters = {name: ALL_ROWS if name == PREDICTIONS else value for name, value in settings.parameters.items()}
    trial = replace(settings, lever="stock", cores=1, batch=choose_trial_rows(sized), parameters=parameters)
    arm = EstimatorArm(trial)
    arm.table = table
    arm.prepare(ignore_progress)
    if settings.case == "dbscan":
        require_memory(sized, near_share=measure_near_share(arm.data.train, float(arm.arguments["eps"])))
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


def ignore_progress(text: str, share: float | None = None) -> None:
    """A reporter for work that nobody follows."""


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
