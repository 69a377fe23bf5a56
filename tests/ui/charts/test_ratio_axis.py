"""The ticks of the axis of ratios."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from ui.charts.ratio_axis import build_ratio_axis


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.3, 25, ["0.33x", "1x", "3x", "10x"]),
        (0.5, 12, ["0.5x", "1x", "2x", "5x", "10x"]),
        (0.04, 1.3, ["0.05x", "0.1x", "0.2x", "0.5x", "1x"]),
        (0.01, 400, ["0.01x", "0.1x", "1x", "10x", "100x"]),
        (0.8, 2.8, ["0.8x", "1x", "1.25x", "2x"]),
        (0.97, 1.02, ["0.98x", "0.99x", "1x", "1.01x", "1.02x"]),
    ],
)
def test_ticks_are_round_numbers_and_their_reciprocals(low, high, texts):
    axis = build_ratio_axis(math.log10(low), math.log10(high), 0.16)
    assert axis["ticktext"] == texts
    assert [float(text.removesuffix("x")) for text in texts] == axis["tickvals"]


@pytest.mark.parametrize("high", [1.001, 1.3, 4, 70, 9_000])
@pytest.mark.parametrize("low", [0.0002, 0.06, 0.7, 0.999])
def test_ticks_are_apart_and_include_1(low, high):
    first, last = math.log10(low), math.log10(high)
    ticks = build_ratio_axis(first, last, 0.12)["tickvals"]
    assert 1 in ticks and all(low <= tick <= high for tick in ticks)
    assert all(math.log10(second / one) > 0.12 * (last - first) for one, second in pairwise(ticks))
