"""The calls that are timed. Both arms run the same code: `pd` is pandas in one of them and `modin.pandas` in the other.

This module loads neither library. The declaration reads names and cases from here; an arm passes the tables in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.workload.parameters import Setting

MAX_SLOW_ROWS = 1 << 16
"""Largest number of rows for calls that run a Python function for every row."""
SELECTION = "selection"
"""The case whose parameter `calls` names the calls to time."""


@dataclass(frozen=True, slots=True)
class CallInputs:
    """What the calls work on. Frames and series belong to the library of the arm."""

    pd: Any
    """pandas or modin.pandas."""
    csv: Path
    parquet: Path
    out: Path
    """A folder to write to."""
    array: Any
    """NumPy array of the numeric columns, (rows, numeric columns), C order."""
    frame: Any
    """The whole table."""
    numbers: Any
    """Its numeric columns."""
    few: Any
    """The first rows of `numbers`, at most MAX_SLOW_ROWS."""
    left: Any
    """Some numeric columns, and `row`, the number of the row."""
    small: Any
    """One row for each value of the key: `key`, `label`."""
    large: Any
    """Half as many rows as the table, in random order: `row`, `extra`."""
    text: Any
    """A column of texts."""
    dates: Any
    """A column of ISO dates as texts."""
    key: str
    """Name of the column to group and join by."""
    value: str
    """Name of another numeric column."""
    dtypes: dict[str, str] | None
    """The dtypes that `read_csv` gets; None for those that it finds."""
    bucket: Any
    """Frame of `key`, `value` and `bucket`, 0 to 9."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    name: str
    code: str
    """The call as a user writes it."""
    cases: tuple[str, ...]
    """The cases of the workload that time it, besides SELECTION."""
    run: Callable[[CallInputs], Any]
    order: Literal["same", "any", "sorted"] = "same"
    """Which order of the rows must agree between the arms: of all rows, none, or only that of the sorted key."""
    on: str = "frame"
    """Name of the first table that it works on."""
    shuffles: bool = False
    """Whether rows of different partitions must be brought together, beyond sums of each partition."""
    excluded_from_total: bool = False
    """Whether Modin only passes references on, so that there is no work to compare."""
    uses_files: bool = False
    """Whether it reads or writes files."""


def _grade(row: Any) -> float:
    """A Python function of a row, as users pass it to apply."""
    return row.iloc[0] * 2.0 if row.iloc[0] > row.iloc[1] else row.iloc[1] - row.iloc[0]


def _shade(cell: Any) -> float:
    """A Python function of a cell."""
    return cell * 0.5 if cell > 50 else cell + 1.0


def _to_csv(t: CallInputs) -> Path:
    t.frame.to_csv(t.out / "table.csv", index=False)
    return t.out / "table.csv"


def _to_parquet(t: CallInputs) -> Path:
    t.frame.to_parquet(t.out / "table.parquet")
    return t.out / "table.parquet"


def etl(pd: Any, csv: Path, labels: Any, key: str, value: str, out: Path, dtypes: Any = None) -> Any:
    """Read, clean, join, aggregate, write."""
    rows = pd.read_csv(csv, dtype=dtypes)
    rows = rows[[key, value]].dropna(subset=[value])
    rows = rows.drop_duplicates()
    rows["double"] = rows[value] * 2
    rows = rows[rows["double"] > rows["double"].mean()]
    rows = rows.merge(labels, left_on=key, right_on="label_key")
    rows["weighed"] = rows["double"] * rows["label"]
    result = rows.groupby(key).agg({"weighed": "sum", "double": "mean", value: "count"})
    # Modin 0.37 returns the columns of such an agg in another order than pandas, so the script selects them by name.
    result = result.sort_index()[["weighed", "double", value]]
    result.to_parquet(out / "etl.parquet")
    return result


# The cases of the workload that time a call, besides SELECTION.
_COMMON = ("overview", "common", "calls", "all")
_COMMON_FILES = ("overview", "common", "files", "all")
_CALLS = ("calls", "all")
_FILES = ("files", "all")
_TEXT = ("text", "all")

CALLS: tuple[Call, ...] = (
    Call(
        "etl",
        "ETL script",
        ("overview", "etl", "all"),
        lambda t: etl(t.pd, t.csv, t.small, t.key, t.value, t.out, t.dtypes),
        uses_files=True,
    ),
    Call("construct", "DataFrame(array)", _FILES, lambda t: t.pd.DataFrame(t.array)),
    Call("read_csv", "read_csv", _COMMON_FILES, lambda t: t.pd.read_csv(t.csv, dtype=t.dtypes), uses_files=True),
    Call("read_parquet", "read_parquet", _COMMON_FILES, lambda t: t.pd.read_parquet(t.parquet), uses_files=True),
    Call("head", "head", _CALLS, lambda t: t.frame.head(100)),
    Call("isna", "isna", _CALLS, lambda t: t.frame.isna()),
    Call("fillna", "fillna", _COMMON, lambda t: t.numbers.fillna(0), on="numbers"),
    Call("astype", "astype", _CALLS, lambda t: t.numbers.astype("float32"), on="numbers"),
    Call("concat", "concat", _CALLS, lambda t: t.pd.concat([t.frame, t.frame]), excluded_from_total=True),
    Call(
        "merge_small",
        "merge, small",
        _COMMON,
        lambda t: t.left.merge(t.small, left_on=t.key, right_on="label_key"),
        order="any",
        on="left",
    ),
    Call(
        "merge_large",
        "merge, large",
        _CALLS,
        lambda t: t.left.merge(t.large, on="row"),
        order="any",
        on="left",
        shuffles=True,
    ),
    Call("groupby_sum", "groupby sum", _COMMON, lambda t: t.numbers.groupby(t.key).sum(), on="numbers"),
    Call(
        "groupby_agg",
        "groupby agg",
        _CALLS,
        lambda t: t.numbers.groupby(t.key).agg(["min", "max", "mean"]),
        on="numbers",
    ),
    Call(
        "groupby_median",
        "groupby median",
        _CALLS,
        lambda t: t.numbers.groupby(t.key).median(),
        on="numbers",
        shuffles=True,
    ),
    Call("sort_values", "sort_values", _COMMON, lambda t: t.frame.sort_values(t.key), order="sorted", shuffles=True),
    Call("apply", "apply(axis=1)", _CALLS, lambda t: t.few.apply(_grade, axis=1), on="few"),
    Call("map", "map", _COMMON, lambda t: t.few.map(_shade), on="few"),
    Call("describe", "describe", _COMMON, lambda t: t.numbers.describe(), on="numbers"),
    Call("mean", "mean", _COMMON, lambda t: t.numbers.mean(), on="numbers"),
    Call("median", "median", _CALLS, lambda t: t.numbers.median(), on="numbers"),
    Call("value_counts", "value_counts", _CALLS, lambda t: t.frame[t.key].value_counts(), order="any", shuffles=True),
    Call("rolling_mean", "rolling mean", _CALLS, lambda t: t.numbers.rolling(64).mean(), on="numbers", shuffles=True),
    Call(
        "pivot_table",
        "pivot_table",
        _CALLS,
        lambda t: t.bucket.pivot_table(index="key", columns="bucket", values="value", aggfunc="mean"),
        on="bucket",
        shuffles=True,
    ),
    Call("str_upper", "str.upper", _TEXT, lambda t: t.text.str.upper(), on="text"),
    Call("str_contains", "str.contains", _TEXT, lambda t: t.text.str.contains("1", regex=False), on="text"),
    Call("to_datetime", "to_datetime", _TEXT, lambda t: t.pd.to_datetime(t.dates, format="%Y-%m-%d"), on="dates"),
    Call("to_csv", "to_csv", _FILES, _to_csv, uses_files=True),
    Call("to_parquet", "to_parquet", _FILES, _to_parquet, uses_files=True),
)


def select_calls(case: str, parameters: Mapping[str, Setting]) -> list[Call]:
    """The calls that a case of the workload times, in order."""
    if case == SELECTION:
        names = set(str(parameters["calls"]).split(","))
        return [call for call in CALLS if call.name in names]
    return [call for call in CALLS if case in call.cases]
