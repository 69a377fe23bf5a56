"""The numbers of a user's file, and how its rows are divided into those to learn from and held-out rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bench.values.arms import RacedInput
from bench.workload.interface import Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Job

if TYPE_CHECKING:
    from workloads.estimators.own_target import Target

HELD_OUT_SHARE = 0.25
"""Share of the rows of real data that is held out, if a step works on held-out rows."""
MIN_ROWS = 50
"""Least number of rows to learn from."""

Numbers = npt.NDArray[Any]


@dataclass(slots=True)
class OwnTable:
    """The numbers of a file."""

    rows: npt.NDArray[np.float64]
    """Shape (rows, columns), all finite."""
    target: Target | None
    columns: list[str]
    file_rows: int
    """Rows of the file that a race can use: more than `rows` if only a part was read."""
    is_whole: bool
    """False if only a part of the file was read, to check it."""
    label: str
    notes: list[RacedInput] = field(default_factory=list[RacedInput])
    """What was left out and converted."""


def split_rows(table: OwnTable, settings: Settings, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """The numbers of the rows to learn from, at most those of the plan, and of held-out rows, both in random order.

    Of a larger file, rows are drawn from all of it. Every class that is predicted is in both parts.
    """
    estimator, total = ESTIMATORS[settings.case], len(table.rows)
    if not estimator.holds_out:
        return rng.permutation(total)[: settings.batch], np.empty(0, np.int64)
    used = min(total, int(settings.batch / (1 - HELD_OUT_SHARE)))
    if estimator.job is not Job.CLASSES or table.target is None:
        order = rng.permutation(total)[:used]
        held_out = round(HELD_OUT_SHARE * used)
        return order[: used - held_out][: settings.batch], order[used - held_out :]
    train: list[Numbers] = []
    test: list[Numbers] = []
    for number in range(table.target.class_count):
        rows = rng.permutation(np.flatnonzero(table.target.values == number))
        rows = rows[: max(2, len(rows) * used // total)]
        held_out = min(max(1, round(HELD_OUT_SHARE * len(rows))), len(rows) - 1)
        train.append(rows[held_out:])
        test.append(rows[:held_out])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def scale_columns(rows: npt.NDArray[np.float64], train: Numbers) -> npt.NDArray[np.float64]:
    """The rows with a mean of 0 and a standard deviation of 1 in each column of the rows `train`; a column that is
    constant there only loses its mean."""
    spread = rows[train].std(axis=0)
    return (rows - rows[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
