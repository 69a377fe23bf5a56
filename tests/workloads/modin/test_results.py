"""Comparison of stored results."""

from pathlib import Path

import pandas as pd

from workloads.modin import results


def compare_results(tmp_path: Path, first, second, order: str = "same") -> str:
    files = tmp_path / "first", tmp_path / "second"
    for result, file in zip((first, second), files, strict=True):
        results.store_result(result, order, "k", file)
    return results.find_difference(*files)


FRAME = pd.DataFrame({"k": [1, 1, 2, 3], "v": [1.0, 2.0, 3.0, 4.0]})


def test_another_order_of_rows_is_a_difference_unless_the_order_is_not_defined(tmp_path):
    reversed_frame = FRAME.iloc[::-1]
    assert compare_results(tmp_path, FRAME, reversed_frame)
    assert not compare_results(tmp_path, FRAME, reversed_frame, "any")
    assert compare_results(tmp_path, FRAME, reversed_frame, "sorted"), "the key is not in order"
    same_key = FRAME.iloc[[1, 0, 2, 3]]
    assert not compare_results(tmp_path, FRAME, same_key, "sorted"), "rows with the same key may change places"


def test_numbers_are_equal_within_the_tolerance_only(tmp_path):
    assert not compare_results(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-12)))
    assert "v" in compare_results(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-6)))
    float32 = FRAME.assign(v=FRAME["v"].astype("float32"))
    assert compare_results(tmp_path, FRAME, float32), "another type is a difference"
    assert "rows" in compare_results(tmp_path, FRAME, FRAME.head(2))


def test_a_large_result_is_compared_by_some_rows_and_all_sums(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "MAX_STORED_CELLS", 4)
    changed = FRAME.assign(v=[1.0, 2.5, 3.0, 4.0])
    results.store_result(FRAME, "same", "k", tmp_path / "stored")
    assert results.describe_comparison(tmp_path / "stored", "same") == "one row in 2 of 4, and column sums, in order"
    assert not compare_results(tmp_path, FRAME, FRAME)
    assert compare_results(tmp_path, FRAME, changed), "the row is not stored, but its value is in the sum"


def test_csv_files_are_compared_byte_by_byte_and_parquet_files_by_their_tables(tmp_path):
    for name, text in (("a.csv", "k\n1\n"), ("b.csv", "k\n1.0\n")):
        (tmp_path / name).write_text(text)
    assert not compare_results(tmp_path, tmp_path / "a.csv", tmp_path / "a.csv")
    assert "files" in compare_results(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv")
    FRAME.to_parquet(tmp_path / "a.parquet", compression=None)
    FRAME.to_parquet(tmp_path / "b.parquet")
    assert not compare_results(tmp_path, tmp_path / "a.parquet", tmp_path / "b.parquet")


def test_a_result_that_could_not_be_stored_says_so_with_its_arm(tmp_path):
    files = tmp_path / "first", tmp_path / "second"
    for file in files:
        results.store_result(FRAME, "same", "k", file)
    assert results.find_obstacle(*files) == ""
    results.store_obstacle("it has no size", files[1])
    assert results.find_obstacle(*files) == "accelerated arm: it has no size"
    results.store_obstacle("it is too large", files[0])
    assert results.find_obstacle(*files) == "baseline arm: it is too large"


def test_rows_in_any_order_are_compared_as_a_set_whether_all_are_stored_or_some(tmp_path, monkeypatch):
    shuffled, changed = FRAME.iloc[[2, 0, 3, 1]], FRAME.assign(v=[9.0, 2.0, 3.0, 4.0])
    for max_stored_cells in (results.MAX_STORED_CELLS, 4):
        monkeypatch.setattr(results, "MAX_STORED_CELLS", max_stored_cells)
        assert not compare_results(tmp_path, FRAME, shuffled, "any")
        assert compare_results(tmp_path, FRAME, changed, "any")
