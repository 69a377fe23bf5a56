"""Classes in a chart can be told apart: by marker, and by colour also with defective colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.support.contrast import compute_contrast
from ui.design.class_styles import COLOURS, MAX_STYLES, choose_styled, list_class_styles, other_style
from ui.design.theme import PALETTES

MIN_GRAPHIC_CONTRAST = 3.0
"""WCAG 2.1, 1.4.11."""
MIN_DISTANCE = 25.0
"""CIE 1976 colour difference. About 2.3 is just noticeable."""
SIGHT = {
    "normal": np.eye(3),
    "red-blind": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green-blind": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue-blind": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Of linear RGB. Machado, Oliveira and Fernandes: A Physiologically-based Model for Simulation of Color Vision
Deficiency, 2009, severity 1."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def compute_lab(colour: str, sight: str) -> np.ndarray:
    encoded = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(SIGHT[sight]) @ linear, 0, 1)
    ratios = (XYZ @ seen) / XYZ.sum(axis=1)
    x, y, z = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_with_every_sight(theme, sight):
    for first, second in combinations(COLOURS[theme], 2):
        distance = np.linalg.norm(compute_lab(first, sight) - compute_lab(second, sight))
        assert distance > MIN_DISTANCE, (first, second)


@pytest.mark.parametrize("theme", COLOURS)
def test_every_class_has_a_marker_of_its_own_and_is_seen_on_the_background(theme):
    styles = list_class_styles(theme)
    assert len(styles) == MAX_STYLES == 12
    symbols = [style.symbol for style in [*styles, other_style(theme)]]
    assert len(set(symbols)) == MAX_STYLES + 1
    for style in styles:
        assert compute_contrast(style.colour, PALETTES[theme].background) >= MIN_GRAPHIC_CONTRAST
    for first, second in combinations(styles, 2):
        same_shape = first.symbol.removesuffix("-open") == second.symbol.removesuffix("-open")
        assert first.colour != second.colour or not same_shape, "a colour returns with another shape only"


def test_the_largest_classes_get_a_style():
    groups = [name for place in range(20) for name in [f"class {place:02d}"] * (place + 1)]
    assert choose_styled(groups) == [f"class {place:02d}" for place in range(8, 20)]
    assert choose_styled(["b", "a"]) == ["a", "b"]
