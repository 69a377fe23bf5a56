"""Checks the data and the parameters of a plan before a race of it is queued."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.memory import require_memory

T = TypeVar("T")

TRIAL_ROWS = 400
"""Rows with which the stock estimator is tried: more than the largest number of clusters."""
TRIAL_ARGUMENTS = {"n_estimators": 2, "max_iter": 250}
"""Largest values with which it is tried: they decide on the time only."""


class _CallOnce:
    """A clock that times nothing."""

    in_race = False

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        return work()


def check_inputs(settings: Settings) -> None:
    """Raise BadInput if the data does not fit into memory or cannot be learned from, or if stock scikit-learn refuses
    the parameters."""
    from workloads.estimators.arm import EstimatorArm

    require_memory(settings)
    estimator = ESTIMATORS[settings.case]
    trial = replace(settings, lever="stock", cores=1, batch=min(settings.batch, TRIAL_ROWS))
    arm = EstimatorArm(trial)
    arm.prepare(lambda text, share=None: None)
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
