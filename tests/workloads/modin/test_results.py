"""TODO: tests.workloads.modin.test_results."""

from pathlib import Path

import pandas as pd

from workloads.modin import results


def compare_results(tmp_path: Path, one, other, order: str = "same") -> str:
    files = tmp_path / "one", tmp_path / "other"
    for result, file in zip((one, other), files, strict=True):
        results.store_result(result, order, "k", file)
    return results.find_difference(*files)


FRAME = pd.DataFrame({"k": [1, 1, 2, 3], "v": [1.0, 2.0, 3.0, 4.0]})


def test_rows_may_come_in_another_order_only_where_that_is_said(tmp_path):
    turned = FRAME.iloc[::-1]
    assert compare_results(tmp_path, FRAME, turned)
    assert not compare_results(tmp_path, FRAME, turned, "any")
    assert compare_results(tmp_path, FRAME, turned, "sorted"), "the key is not in order"
    assert not compare_results(tmp_path, FRAME, FRAME.iloc[[1, 0, 2, 3]], "sorted"), "rows of one key may change places"


def test_numbers_agree_within_the_tolerance_and_not_beyond(tmp_path):
    assert not compare_results(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-12)))
    assert "v" in compare_results(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-6)))
    assert compare_results(tmp_path, FRAME, FRAME.assign(v=FRAME["v"].astype("float32"))), (
        "another type is another result"
    )
    assert "rows" in compare_results(tmp_path, FRAME, FRAME.head(2))


def test_a_large_result_is_compared_by_some_rows_and_all_sums(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "MAX_STORED_CELLS", 4)
    changed = FRAME.assign(v=[1.0, 2.5, 3.0, 4.0])
    results.store_result(FRAME, "same", "k", tmp_path / "kept")
    assert results.describe_comparison(tmp_path / "kept", "same") == "one row in 2 of 4, and column sums, in order"
    assert not compare_results(tmp_path, FRAME, FRAME)
    assert compare_results(tmp_path, FRAME, changed), "the row was left out, its value is in the sum"


def test_files_are_compared_byte_by_byte_and_parquet_by_its_table(tmp_path):
    for name, text in (("a.csv", "k\n1\n"), ("b.csv", "k\n1.0\n")):
        (tmp_path / name).write_text(text)
    assert not compare_results(tmp_path, tmp_path / "a.csv", tmp_path / "a.csv")
    assert "files" in compare_results(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv")
    FRAME.to_parquet(tmp_path / "a.parquet", compression=None)
    FRAME.to_parquet(tmp_path / "b.parquet")
    assert not compare_results(tmp_path, tmp_path / "a.parquet", tmp_path / "b.parquet")
