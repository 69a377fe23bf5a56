"""The target column of a user's file: classes or values."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bench.formatting import escape_invisible, format_number
from bench.workload.interface import BadInput
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Estimator, Job
from workloads.estimators.options import NO_TARGET

MAX_CLASSES = 100
"""Most classes of a target."""
MAX_LISTED = 12
"""Columns that a message lists if there is none of a name."""
MAX_CHARACTERS = 30
"""Characters of a class that a text quotes."""
NEED_TARGET = frozenset({Job.CLASSES, Job.VALUES, Job.AUC})
COMPARE_GROUPS = frozenset({Job.CLUSTERS, Job.MIXTURE})
"""What does not learn from a target: its classes are groups that clusters are compared with."""
USE_TARGET = NEED_TARGET | COMPARE_GROUPS | {Job.OUTLIERS, Job.SPLIT}
"""What uses a target; for what does not, it is only left out of the columns."""
OTHER_CASES = {
    "svc": "svr",
    "nu-svc": "nu-svr",
    "logistic-regression": "ridge",
    "gradient-boosting": "random-forest-regressor",
    "hist-gradient-boosting": "random-forest-regressor",
    "svr": "svc",
    "nu-svr": "nu-svc",
}
"""Classifier to the regressor that is most like it, and the other way round, where the names do not show it."""


@dataclass(slots=True)
class Target:
    """The target column."""

    name: str
    values: npt.NDArray[Any]
    """Shape (rows,): the numbers of classes (int64) in the sorted order of their labels, or values (float64)."""
    is_missing: npt.NDArray[np.bool_]
    """Shape (rows,)."""
    labels: list[str]
    """Labels of the classes; empty for values."""

    def select(self, rows: npt.NDArray[np.bool_]) -> Target:
        """The target of these rows, without classes that they do not have."""
        values, missing = self.values[rows], self.is_missing[rows]
        if not self.labels:
            return Target(self.name, values, missing, [])
        present, numbers = np.unique(values, return_inverse=True)
        return Target(self.name, numbers.reshape(-1), missing, [self.labels[number] for number in present])

    @property
    def class_count(self) -> int:
        return len(self.labels)

    @property
    def text(self) -> str:
        """What it is, for the page."""
        name = escape_invisible(self.name)
        if not self.labels:
            return f"{name}, from {format_number(self.values.min())} to {format_number(self.values.max())}"
        return f"{name}, {len(self.labels)} classes: {list_labels(self.labels)}"

    def require_usable(self, estimator: Estimator, file_name: str) -> None:
        """Raise BadInput if an estimator cannot learn from the target: it is constant, or a class is too rare."""
        if estimator.job not in USE_TARGET or estimator.job is Job.SPLIT:
            return
        name = escape_invisible(self.name)
        if not self.labels:
            if (self.values == self.values[0]).all():
                raise BadInput(
                    f"the target {name} of {file_name} is {format_number(self.values[0])} in all rows",
                    "Choose a target whose values differ.",
                )
            return
        counts = np.bincount(self.values, minlength=len(self.labels))
        if len(self.labels) < 2 and estimator.job not in COMPARE_GROUPS:
            raise BadInput(
                f"all rows of {file_name} are of one class of the target {name}: {list_labels(self.labels)}",
                "Choose a target with two classes or more.",
            )
        if estimator.job in (Job.AUC, Job.OUTLIERS) and len(self.labels) != 2:
            raise BadInput(
                f"the target {name} of {file_name} has {len(self.labels)} classes, and {estimator.attribute} takes two",
                "Choose a target with two values.",
            )
        rare = [label for label, count in zip(self.labels, counts, strict=True) if count < 2]
        if rare and estimator.job is Job.CLASSES:
            raise BadInput(
                f"the target {name} of {file_name} has classes of one row: {list_labels(rare)}; a class needs two "
                "rows, one to learn from and one to hold out",
                "Leave these rows out, or merge the classes.",
            )


def choose_target(estimator: Estimator, name: str, columns: Sequence[str], file_name: str) -> int | None:
    """The position of the target column; None if the plan names none. Raises BadInput if there is no such column."""
    listed = f"the columns of {file_name} are {list_columns(name, columns)}"
    remedy = "Set target_column to the name of one of them."
    if name == NO_TARGET:
        if estimator.job in NEED_TARGET and name in columns:
            raise BadInput(f"a column named {name!r} cannot be the target; {listed}", f"Rename the column {name!r}.")
        if estimator.job in NEED_TARGET:
            raise BadInput(f"{estimator.attribute} needs a target column; {listed}", remedy)
        return None
    if name not in columns:
        raise BadInput(f"there is no column {name!r}; {listed}", remedy)
    return columns.index(name)


def encode_target(estimator: Estimator, name: str, parts: Sequence[pa.Array]) -> Target | None:
    """The target of a case: classes or values. None if the case uses none. Raises BadInput if it is of a kind that the
    case cannot learn."""
    if estimator.job not in USE_TARGET:
        return None
    column = pa.chunked_array(parts).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    return (
        _encode_values(estimator, name, column)
        if estimator.job is Job.VALUES
        else _encode_classes(estimator, name, column)
    )


def _encode_values(estimator: Estimator, name: str, column: Any) -> Target:
    if pa.types.is_string(column.type):
        example = next(iter(column.drop_null().slice(0, 1).to_pylist()), "")[:MAX_CHARACTERS]
        raise BadInput(
            f"the target {escape_invisible(name)} has texts, such as {example!r}, and {estimator.attribute} learns "
            "numbers",
            f"Choose another target, or a case that learns classes, such as {find_other_case(estimator.name)}.",
        )
    values = to_numbers(column)
    return Target(name, values, ~np.isfinite(values), [])


def _encode_classes(estimator: Estimator, name: str, column: Any) -> Target | None:
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    encoded = column.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    if len(distinct) > MAX_CLASSES and estimator.job is not Job.SPLIT:
        if estimator.job in COMPARE_GROUPS:
            return None
        kind = "texts" if pa.types.is_string(column.type) else "values"
        other = (
            ""
            if kind == "texts" or estimator.job is not Job.CLASSES
            else (f", or a case that learns values, such as {find_other_case(estimator.name)}")
        )
        raise BadInput(
            f"the target {escape_invisible(name)} has {len(distinct):,} different {kind}, and {estimator.attribute} "
            f"gets at most {MAX_CLASSES} classes",
            f"Choose another target{other}.",
        )
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    numbers = np.empty(len(distinct) + 1, np.int64)
    numbers[order] = np.arange(len(distinct))
    numbers[-1] = -1
    indices = encoded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
    labels = [str(distinct[place]) for place in order]
    return Target(name, numbers[indices], indices == len(distinct), labels)


def to_numbers(column: pa.Array) -> npt.NDArray[np.float64]:
    """A column of numbers or booleans as float64, with NaN for missing values."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def find_other_case(case: str) -> str:
    """The case for values that is most like a case for classes, or the other way round."""
    if case in OTHER_CASES:
        return OTHER_CASES[case]
    for one, other in (("classifier", "regressor"), ("regressor", "classifier")):
        if (name := case.replace(one, other)) != case and name in ESTIMATORS:
            return name
    return "logistic-regression"


def list_labels(labels: Sequence[str]) -> str:
    """Labels or names for a text, shortened; the first of them if there are many."""
    shown = [escape_invisible(label)[:MAX_CHARACTERS] for label in labels[:MAX_LISTED]]
    return ", ".join([*shown, *([f"and {len(labels) - MAX_LISTED} more"] if len(labels) > MAX_LISTED else [])])


def list_columns(name: str, columns: Sequence[str]) -> str:
    """The columns, those first whose names are most like `name`."""
    if name != NO_TARGET:
        columns = sorted(
            columns, key=lambda column: SequenceMatcher(None, name.lower(), column.lower()).ratio(), reverse=True
        )
    return list_labels(columns)
