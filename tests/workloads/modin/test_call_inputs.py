"""Columns that the calls use."""

import pandas as pd

from workloads.modin.call_inputs import choose_columns, list_usable_columns


def test_keys_are_integers_without_missing_values_whose_names_the_calls_do_not_use():
    rows = pd.DataFrame({"label": [1, 2], "x": [0.5, None], "id": [1, 2], "none": [None, None], "t": ["a", "b"]})
    rows["none"] = rows["none"].astype(float)
    assert list_usable_columns(rows) == (["id"], ["x", "id"])


def test_a_column_is_one_of_dates_only_if_all_of_its_texts_are():
    rows = pd.DataFrame({"id": range(300), "x": 0.5, "when": "2020-01-02"})
    assert choose_columns(rows).dates == "when"
    rows.loc[299, "when"] = "2020-02-30"
    assert (choose_columns(rows).dates, choose_columns(rows).text) == ("", "when")
