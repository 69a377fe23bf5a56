"""TODO: tests.ui.design.test_theme."""

import tomllib

import pytest

from bench.paths import ROOT
from bench.values import Arm
from ui.charts import axes
from ui.design.theme import arm_style


def test_the_arms_differ_in_more_than_colour():
    for theme in ("light", "dark"):
        one, other = (arm_style(arm, theme) for arm in Arm)
        for name in ("colour", "symbol", "dash", "pattern", "glyph"):
            assert getattr(one, name) != getattr(other, name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_are_those_of_the_theme(theme):
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert [arm_style(arm, theme).colour for arm in Arm] == config["theme"][theme]["chartCategoricalColors"][:2]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.1, 48, ["0.1", "0.3", "1", "3", "10", "30"]),
        (4, 700, ["5", "10", "20", "50", "100", "200", "500"]),
        (1.9, 10.5, ["2", "3", "5", "7", "10"]),
        (900, 2100, ["1,000", "1,200", "1,400", "1,600", "1,800", "2,000", "2,200"]),
        (0.00002, 0.00009, ["0.00002", "0.00003", "0.00005", "0.00007"]),
        (1 / 64, 512, ["0.01", "0.1", "1", "10", "100"]),
        (1e-9, 1e9, ["0.000000001", "0.000001", "0.001", "1", "1,000", "1,000,000", "1,000,000,000"]),
        (3, 3, ["2.9", "2.95", "3", "3.05", "3.1", "3.15"]),
    ],
)
def test_a_logarithmic_axis_has_some_round_numbers_written_in_full(low, high, texts):
    axis = axes.build_log_axis([high, 0.0, low])
    assert axis["ticktext"] == texts
    assert [float(text.replace(",", "")) for text in texts] == axis["tickvals"]


@pytest.mark.parametrize("ratio", [1.0001, 1.01, 1.3, 1.75, 2, 4.99, 5, 7, 30, 1e3, 1e5, 1e20])
def test_no_logarithmic_axis_is_without_ticks_or_crowded(ratio):
    for low in (1e-7, 0.37, 1, 8.6, 100, 950):
        ticks = axes.choose_log_ticks(low, ratio * low)
        assert 2 <= len(ticks) <= axes.MAX_TICKS, (low, ratio, ticks)
