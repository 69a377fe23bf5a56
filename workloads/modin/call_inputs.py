"""Makes the inputs of the calls from the table on disk: frames and series of an arm's engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from workloads.modin.calls import MAX_SLOW_ROWS, CallInputs
from workloads.modin.dataset_cache import DatasetFiles
from workloads.modin.engines.base import Engine

MAX_LEFT_COLUMNS = 8
"""Most columns of the left table of a join."""
RESERVED_COLUMNS = ("row", "extra", "label", "label_key", "double", "weighed", "count")
"""Names of columns that the calls create. A column of the table with such a name is never used to group or join."""
SAMPLED_VALUES = 100
"""Values of a text column that are inspected to tell whether they are dates."""


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of a table, by the purpose that they serve in the calls."""

    key: str
    """Integers to group and join by."""
    numeric: list[str]
    """All numeric columns."""
    text: str
    """A column of text; empty if there is none."""
    dates: str
    """A column of ISO dates as text; empty if there is none."""


def build_call_inputs(
    files: DatasetFiles, engine: Engine, out: Path, seed: int, slow_rows: int = MAX_SLOW_ROWS
) -> CallInputs:
    """The inputs of the calls, computed. Calls write to the folder `out`.

    pandas chooses the columns and makes the smaller tables for both engines. Calls with a Python function get the first
    `slow_rows` rows.
    """
    rows = pandas.read_parquet(files.parquet)
    chosen = choose_columns(rows)
    value = _choose_value_column(rows, chosen)
    engine_tables = {
        name: getattr(engine.pd, type(table).__name__)(table)
        for name, table in _make_tables(rows, chosen, value, seed, slow_rows).items()
    }
    frame = engine.pd.read_parquet(files.parquet)
    inputs = CallInputs(
        pd=engine.pd,
        csv=files.csv,
        parquet=files.parquet,
        out=out,
        array=np.ascontiguousarray(rows[chosen.numeric].to_numpy()),
        frame=frame,
        numbers=frame[chosen.numeric],
        key=chosen.key,
        value=value,
        dtypes=files.dtypes or None,
        **engine_tables,
    )
    for table in (inputs.frame, inputs.numbers, *engine_tables.values()):
        engine.wait(table)
    return inputs


def _choose_value_column(rows: pandas.DataFrame, chosen: ChosenColumns) -> str:
    """A numeric column to aggregate, a float if there is one."""
    candidates = [name for name in list_usable_columns(rows)[1] if name != chosen.key]
    return next((name for name in candidates if rows[name].dtype == float), candidates[-1])


def _make_tables(
    rows: pandas.DataFrame, chosen: ChosenColumns, value: str, seed: int, slow_rows: int
) -> dict[str, Any]:
    """The tables that the calls need besides the whole table, as pandas objects, by their name in `CallInputs`."""
    rng = np.random.default_rng(seed)
    key: Any = rows[chosen.key]
    keys = np.unique(key.to_numpy())
    left = rows[[name for name in chosen.numeric if name not in RESERVED_COLUMNS][:MAX_LEFT_COLUMNS]].copy()
    if chosen.key not in left:
        left[chosen.key] = key
    left["row"] = np.arange(len(rows))
    large_rows = rng.permutation(len(rows))[: len(rows) // 2]
    return {
        "few": rows[chosen.numeric].head(slow_rows),
        "left": left,
        "small": pandas.DataFrame({"label_key": keys, "label": rng.random(len(keys))}),
        "large": pandas.DataFrame({"row": large_rows, "extra": rng.random(len(large_rows))}),
        "text": rows[chosen.text] if chosen.text else key.astype(str).rename("text"),
        "dates": rows[chosen.dates] if chosen.dates else _make_dates(key),
        "bucket": pandas.DataFrame(
            {"key": key.to_numpy(), "value": rows[value].to_numpy(), "bucket": np.arange(len(rows)) % 10}
        ),
    }


def choose_columns(rows: pandas.DataFrame) -> ChosenColumns:
    """Choose the columns that the calls use. The table has integers to group by and another numeric column: those that
    a file lacks were added when it was read."""
    numeric = [str(name) for name in rows.columns if rows[name].dtype.kind in "if"]
    integers, _ = list_usable_columns(rows)
    if "key" in integers:
        key = "key"
    else:
        # The column with the fewest different values, but more than one.
        key = min(integers, key=lambda name: (rows[name].nunique() < 2, rows[name].nunique()))
    samples: dict[str, Any] = {
        str(name): rows[name].dropna().head(SAMPLED_VALUES) for name in rows.columns if rows[name].dtype == object
    }
    # Booleans with missing values are objects, too.
    texts = [name for name, sample in samples.items() if pandas.api.types.infer_dtype(sample) == "string"]

    @cache
    def has_dates(name: str) -> bool:
        return _has_only_dates(rows[name], samples[name])

    # Only the columns up to the first of each kind are looked at.
    text = next((name for name in texts if not has_dates(name)), "")
    return ChosenColumns(key, numeric, text, next(filter(has_dates, texts), ""))


def list_usable_columns(rows: pandas.DataFrame) -> tuple[list[str], list[str]]:
    """The columns of integers without missing values, and all numeric ones that have values; without those whose names
    the calls use themselves."""
    free = [str(name) for name in rows.columns if name not in RESERVED_COLUMNS]
    integers = [name for name in free if rows[name].dtype.kind == "i"]
    numeric = [name for name in free if rows[name].dtype.kind in "if" and len(rows[name].dropna())]
    return integers, numeric


def _has_only_dates(column: Any, sample: Any) -> bool:
    """Whether all texts of a column are ISO dates. Only a column whose `sample` are dates is read as a whole."""
    if not sample.str.fullmatch(r"\d{4}-\d\d-\d\d").all():
        return False
    dates: Any = pandas.to_datetime(column.dropna(), format="%Y-%m-%d", errors="coerce")
    return bool(dates.notna().all())


def _make_dates(key: pandas.Series) -> pandas.Series:
    """ISO dates as text, one for each row, for a table that has none."""
    days = np.datetime64("2015-01-01") + (key.to_numpy() % 3650).astype("timedelta64[D]")
    return pandas.Series(np.datetime_as_string(days), name="dates")
