"""Columns that the calls use."""

import pandas as pd
import pytest

from bench.workload.interface import BadInput
from workloads.modin.call_inputs import choose_columns


def test_a_table_without_a_key_is_refused():
    with pytest.raises(BadInput, match="no column of integers"):
        choose_columns(pd.DataFrame({"a": [0.5, 1.5], "b": ["x", "y"]}))


def test_a_table_whose_only_key_has_a_reserved_name_is_refused_with_the_name():
    with pytest.raises(BadInput, match="; label and count cannot be used") as refusal:
        choose_columns(pd.DataFrame({"label": [1, 2], "x": [0.5, 1.5], "count": [1, 2]}))
    assert refusal.value.remedy == "Rename label and count in the file."
