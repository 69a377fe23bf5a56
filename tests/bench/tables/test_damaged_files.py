"""Hundreds of damaged tables, made from fixed seeds: read as pandas reads them, or refused with a sentence."""

from __future__ import annotations

import io
import random

import pandas as pd
import pytest

from bench.workload.interface import BadInput
from tests.support.tables import load_table

SEEDS = 300
CSV_TABLE = ("id,t,v\n" + "".join(f'{i},"a, {i}\nb",{i}.5\n' for i in range(200))).encode()
INSERTED = [b'"', b",", b"\n", b"\r", b";", b"\0", b"\xff", b'""', b"\t"]


def make_parquet() -> bytes:
    days = pd.date_range("2020", periods=300)
    file = io.BytesIO()
    pd.DataFrame({"id": range(300), "t": [f"t{i}" for i in range(300)], "d": days}).to_parquet(file)
    return file.getvalue()


def damage(content: bytes, seed: int) -> bytes:
    """The content with one to six bytes or parts changed, added, left out or repeated."""
    draw, damaged = random.Random(seed), bytearray(content)
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(damaged))
        match draw.randrange(4):
            case 0:
                damaged[place] = draw.randrange(256)
            case 1:
                damaged[place:place] = draw.choice(INSERTED)
            case 2:
                del damaged[place : place + draw.randrange(1, 50)]
            case _:
                damaged[place:place] = damaged[max(0, place - 100) : place]
    return bytes(damaged)


def read_or_refuse(tmp_path, content: bytes, name: str):
    """The loaded table; None if it was refused with a sentence and a remedy."""
    try:
        return load_table(tmp_path, content, name)
    except BadInput as error:
        assert str(error) and "\n" not in str(error) and error.remedy.endswith(".")
        return None


@pytest.mark.slow
def test_damaged_csv_files_have_the_values_that_pandas_reads_or_are_refused(tmp_path):
    read = 0
    for seed in range(SEEDS):
        name = f"{seed}.csv"
        files = read_or_refuse(tmp_path, damage(CSV_TABLE, seed), name)
        if files is not None and "guessed" not in files.layout:
            read += 1
            assert files.layout == "separator comma, decimal point, UTF-8", seed
            expected = pd.read_csv(tmp_path / name, low_memory=False)
            rows = pd.read_parquet(files.parquet)
            # A first field without a name is an index for pandas, and what was added is in no file.
            assert len(rows) == len(expected), seed
            names = [name for name in expected.columns if name in rows.columns]
            assert len(names) >= 2, seed
            pd.testing.assert_frame_equal(
                rows[names].fillna("missing"),
                expected[names].reset_index(drop=True).fillna("missing"),
                obj=f"seed {seed}",
            )
    assert 0 < read < SEEDS


@pytest.mark.slow
def test_damaged_parquet_files_have_the_values_that_pandas_reads_or_are_refused(tmp_path):
    content = make_parquet()
    read = 0
    for seed in range(SEEDS):
        name = f"{seed}.parquet"
        files = read_or_refuse(tmp_path, damage(content, seed), name)
        if files is not None:
            read += 1
            rows, expected = pd.read_parquet(files.parquet), pd.read_parquet(tmp_path / name)
            for column in [name for name in ("id", "t") if name in expected.columns]:
                pd.testing.assert_series_equal(rows[column], expected[column], check_dtype=False, obj=f"seed {seed}")
    assert 0 < read < SEEDS
