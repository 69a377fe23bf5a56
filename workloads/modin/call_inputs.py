"""Makes the inputs of the calls from the table on disk: frames and series of an arm's engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from bench.workload.interface import BadInput
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
        **engine_tables,
    )
    for table in (inputs.frame, inputs.numbers, *engine_tables.values()):
        engine.wait(table)
    return inputs


def _choose_value_column(rows: pandas.DataFrame, chosen: ChosenColumns) -> str:
    """A numeric column to aggregate, a float if there is one."""
    candidates = [name for name in chosen.numeric if name != chosen.key and name not in RESERVED_COLUMNS]
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
    """Choose the columns that the calls use.

    Raises BadInput if the table has no integer column to group by and another numeric column.
    """
    numeric = [str(name) for name in rows.columns if rows[name].dtype.kind in "if"]
    free = [name for name in numeric if name not in RESERVED_COLUMNS]
    integers = [name for name in free if rows[name].dtype.kind == "i"]
    if not integers or len(free) < 2:
        raise _no_key_error([name for name in numeric if name in RESERVED_COLUMNS])
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
    dates = [name for name in texts if samples[name].str.fullmatch(r"\d{4}-\d\d-\d\d").all()]
    text = next((name for name in texts if name not in dates), "")
    return ChosenColumns(key, numeric, text, next(iter(dates), ""))


def _no_key_error(reserved: list[str]) -> BadInput:
    """The error for a table without a key. `reserved` are its numeric columns whose names the calls use themselves."""
    problem = "The table has no column of integers without missing values beside another numeric column"
    if not reserved:
        return BadInput(problem, "Give a table with an integer column to group by, such as an identifier.")
    names = " and ".join(reserved)
    return BadInput(
        f"{problem}; {names} cannot be used, because the calls create columns of that name themselves",
        f"Rename {names} in the file.",
    )


def _make_dates(key: pandas.Series) -> pandas.Series:
    """ISO dates as text, one for each row, for a table that has none."""
    days = np.datetime64("2015-01-01") + (key.to_numpy() % 3650).astype("timedelta64[D]")
    return pandas.Series(np.datetime_as_string(days), name="dates")
