"""What the calls work on, made of the table on disk: frames and series of an arm's own engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas

from bench.workload.interface import BadInput
from workloads.modin.calls import MAX_SLOW_ROWS, CallInputs
from workloads.modin.dataset_cache import DatasetFiles
from workloads.modin.engines.base import Engine

MAX_LEFT_COLUMNS = 8
"""Columns of the left table of a join."""
RESERVED_COLUMNS = ("row", "extra", "label", "label_key", "double", "weighed", "count")
"""Columns that the calls make, by name: what the table has under such a name is never what they group or join by."""
SAMPLED_VALUES = 100
"""Values of a column that tell what it holds."""


def build_call_inputs(
    files: DatasetFiles, engine: Engine, out: Path, seed: int, slow_rows: int = MAX_SLOW_ROWS
) -> CallInputs:
    """The inputs of the calls, computed. pandas chooses the columns for both engines; calls write to `out`."""
    rows = pandas.read_parquet(files.parquet)
    key, numeric, text, dates = choose_columns(rows)
    rng = np.random.default_rng(seed)
    keys = np.unique(rows[key].to_numpy())
    others = [name for name in numeric if name != key and name not in RESERVED_COLUMNS]
    value = next((name for name in others if rows[name].dtype == float), others[-1])
    left = rows[[name for name in numeric if name not in RESERVED_COLUMNS][:MAX_LEFT_COLUMNS]].copy()
    if key not in left:
        left[key] = rows[key]
    left["row"] = np.arange(len(rows))
    large = rng.permutation(len(rows))[: len(rows) // 2]
    plain = {
        "few": rows[numeric].head(slow_rows),
        "left": left,
        "small": pandas.DataFrame({"label_key": keys, "label": rng.random(len(keys))}),
        "large": pandas.DataFrame({"row": large, "extra": rng.random(len(large))}),
        "text": rows[text] if text else rows[key].astype(str).rename("text"),
        "dates": rows[dates] if dates else _make_dates(rows[key]),
        "bucket": pandas.DataFrame(
            {"key": rows[key].to_numpy(), "value": rows[value].to_numpy(), "bucket": np.arange(len(rows)) % 10}
        ),
    }
    own = {name: getattr(engine.pd, type(table).__name__)(table) for name, table in plain.items()}
    frame = engine.pd.read_parquet(files.parquet)
    made = CallInputs(
        pd=engine.pd,
        csv=files.csv,
        parquet=files.parquet,
        out=out,
        array=np.ascontiguousarray(rows[numeric].to_numpy()),
        frame=frame,
        numbers=frame[numeric],
        key=key,
        value=value,
        **own,
    )
    for table in (made.frame, made.numbers, *own.values()):
        engine.wait(table)
    return made


def choose_columns(rows: pandas.DataFrame) -> tuple[str, list[str], str, str]:
    """The column to group by, the numeric columns, and a column of texts and one of dates where there are such ('').

    Raises BadInput for a table without a whole number to group by and another number.
    """
    numeric = [str(name) for name in rows.columns if rows[name].dtype.kind in "if"]
    free = [name for name in numeric if name not in RESERVED_COLUMNS]
    whole = [name for name in free if rows[name].dtype.kind == "i"]
    if not whole or len(free) < 2:
        raise _no_key_error([name for name in numeric if name in RESERVED_COLUMNS])
    key = "key" if "key" in whole else min(whole, key=lambda name: (rows[name].nunique() < 2, rows[name].nunique()))
    heads = {str(name): rows[name].dropna().head(SAMPLED_VALUES) for name in rows.columns if rows[name].dtype == object}
    # Truth values with gaps are objects, too.
    texts = [name for name, head in heads.items() if pandas.api.types.infer_dtype(head) == "string"]
    dates = [name for name in texts if heads[name].str.fullmatch(r"\d{4}-\d\d-\d\d").all()]
    text = next((name for name in texts if name not in dates), "")
    return key, numeric, text, next(iter(dates), "")


def _no_key_error(taken: list[str]) -> BadInput:
    """The refusal of a table that may have a key, but under the names `taken`."""
    what = "The table has no column of whole numbers without gaps beside another numeric column"
    if not taken:
        return BadInput(what, "Give a table with a number to group by, such as an identifier.")
    return BadInput(
        f"{what}; {' and '.join(taken)} cannot be used, since the calls make columns of that name themselves",
        f"Rename {' and '.join(taken)} in the file.",
    )


def _make_dates(key: pandas.Series) -> pandas.Series:
    """ISO dates, one for each value of a column that has none."""
    days = np.datetime64("2015-01-01") + (key.to_numpy() % 3650).astype("timedelta64[D]")
    return pandas.Series(np.datetime_as_string(days), name="dates")
