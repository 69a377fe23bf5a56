"""What the calls work on, made of the table on disk: frames and series of an arm's own engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas

from bench.workload import BadInput
from workloads.modin.data import Files
from workloads.modin.engine import Engine
from workloads.modin.steps import SLOW_ROWS, Tables

LEFT_COLUMNS = 8
"""Columns of the left table of a join."""


def build(files: Files, engine: Engine, out: Path, seed: int, slow_rows: int = SLOW_ROWS) -> Tables:
    """The inputs of the calls, computed. pandas chooses the columns for both engines; calls write to `out`."""
    rows = pandas.read_parquet(files.parquet)
    key, numeric, text, dates = columns_of(rows)
    rng = np.random.default_rng(seed)
    keys = np.unique(rows[key].to_numpy())
    value = next((name for name in numeric if name != key and rows[name].dtype == float), numeric[-1])
    left = rows[numeric[:LEFT_COLUMNS]].copy()
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
        "dates": rows[dates] if dates else _dates(rows[key]),
        "bucket": pandas.DataFrame(
            {"key": rows[key].to_numpy(), "value": rows[value].to_numpy(), "bucket": np.arange(len(rows)) % 10}
        ),
    }
    own = {name: getattr(engine.pd, type(table).__name__)(table) for name, table in plain.items()}
    frame = engine.pd.read_parquet(files.parquet)
    made = Tables(
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


def columns_of(rows: pandas.DataFrame) -> tuple[str, list[str], str, str]:
    """The column to group by, the numeric columns, and a column of texts and one of dates where there are such ('').

    Raises BadInput for a table without a whole number to group by and another number.
    """
    numeric = [str(name) for name in rows.columns if rows[name].dtype.kind in "if"]
    whole = [name for name in numeric if rows[name].dtype.kind == "i"]
    if not whole or len(numeric) < 2:
        raise BadInput(
            "The table has no column of whole numbers without gaps beside another numeric column",
            "Give a table with a number to group by, such as an identifier.",
        )
    key = "key" if "key" in whole else min(whole, key=lambda name: (rows[name].nunique() < 2, rows[name].nunique()))
    texts = [str(name) for name in rows.columns if rows[name].dtype == object and rows[name].notna().any()]
    heads = {name: rows[name].dropna().head(100).astype(str) for name in texts}
    dates = [name for name in texts if heads[name].str.fullmatch(r"\d{4}-\d\d-\d\d").all()]
    text = next((name for name in texts if name not in dates), "")
    return key, numeric, text, next(iter(dates), "")


def _dates(key: pandas.Series) -> pandas.Series:
    """ISO dates, one for each value of a column that has none."""
    days = np.datetime64("2015-01-01") + (key.to_numpy() % 3650).astype("timedelta64[D]")
    return pandas.Series(np.datetime_as_string(days), name="dates")
