"""The calls that are timed, the same code in both arms: `pd` is pandas in one of them, `modin.pandas` in the other.

Loads neither: the declaration reads the names from here, and an arm hands in what the calls work on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MAX_SLOW_ROWS = 1 << 16
"""Most rows that are handed to a Python function one by one."""


@dataclass(frozen=True, slots=True)
class CallInputs:
    """What the calls work on; frames and series are the arm's own."""

    pd: Any
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
    """The first `SLOW_ROWS` rows of those."""
    left: Any
    """Some numeric columns and `row`, a number of the row."""
    small: Any
    """A row for each value of the key: `key`, `label`."""
    large: Any
    """Half as many rows as the table, in random order: `row`, `extra`."""
    text: Any
    """A column of texts."""
    dates: Any
    """A column of texts that are ISO dates."""
    key: str
    """The column to group and join by."""
    value: str
    """A numeric column beside it."""
    bucket: Any
    """Frame of `key`, `value` and `bucket`, 0 to 9."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    name: str
    code: str
    """As a person writes it."""
    groups: tuple[str, ...]
    run: Callable[[CallInputs], Any]
    order: Literal["same", "any", "sorted"] = "same"
    """Which rows' order must agree between the arms: all, none, or that of the key by which they were sorted."""
    on: str = "frame"
    """Which of the tables it works on first."""
    shuffles: bool = False
    """Whether rows of different partitions must come together, beyond sums of each."""
    excluded_from_total: bool = False
    """Whether it only passes references on in Modin: it does no work that could be compared."""


def _grade(row: Any) -> float:
    """A Python function of a row, as people hand to apply."""
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


def etl(pd: Any, csv: Path, labels: Any, key: str, value: str, out: Path) -> Any:
    """Read, clean, join, aggregate, write."""
    rows = pd.read_csv(csv)
    rows = rows[[key, value]].dropna(subset=[value])
    rows = rows.drop_duplicates()
    rows["double"] = rows[value] * 2
    rows = rows[rows["double"] > rows["double"].mean()]
    rows = rows.merge(labels, left_on=key, right_on="label_key")
    rows["weighed"] = rows["double"] * rows["label"]
    found = rows.groupby(key).agg({"weighed": "sum", "double": "mean", value: "count"})
    # Modin 0.37 gives the columns of such an agg in another order than pandas: a script must name its own.
    found = found.sort_index()[["weighed", "double", value]]
    found.to_parquet(out / "etl.parquet")
    return found


_COMMON = ("common", "calls", "all")
_CALLS = ("calls", "all")
_FILES = ("files", "all")
_TEXT = ("text", "all")

CALLS: tuple[Call, ...] = (
    Call("etl", "the ETL script", ("all",), lambda t: etl(t.pd, t.csv, t.small, t.key, t.value, t.out)),
    Call("construct", "DataFrame(array)", _FILES, lambda t: t.pd.DataFrame(t.array)),
    Call("read_csv", "read_csv", ("common", "files", "all"), lambda t: t.pd.read_csv(t.csv)),
    Call("read_parquet", "read_parquet", ("common", "files", "all"), lambda t: t.pd.read_parquet(t.parquet)),
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
    Call("to_csv", "to_csv", _FILES, _to_csv),
    Call("to_parquet", "to_parquet", _FILES, _to_parquet),
)


def select_calls(names: str) -> list[Call]:
    """The calls that are named, by groups or one by one with commas between, in order."""
    wanted = set(names.split(","))
    return [call for call in CALLS if wanted & {call.name, *call.groups}]
