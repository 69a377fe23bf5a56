"""What both versions reached in a race, compared with the limits of the machine."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.claims.rule import arm_measures
from bench.formatting import format_three_digits
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.quality import Measure
from ui.design import theme

OPTIONAL_COLUMNS = ("operations", "share of BLAS")
"""Columns that are left out if no version has a value."""
REQUIRED_MEASURES = {"bandwidth", "share", "ceiling"}


def build_achieved_table(run: Run) -> pd.DataFrame:
    """A row for each arm whose measures were recorded."""
    rows: list[dict[str, str]] = []
    for arm in Arm:
        measures = read_measures(run, arm)
        if not measures:
            continue
        rows.append(
            {
                "version": f"{theme.arm_style(arm, 'light').glyph} {run.snapshot.arms[arm]}",
                "bandwidth": format_reached(measures["bandwidth"]),
                "operations": _format_optional(measures, "rate"),
                "limit": _format_limit(measures),
                "against the limit": format_factor(measures["share"].value / 100),
                "share of BLAS": _format_optional(measures, "share_of_library"),
            }
        )
    empty = [name for name in OPTIONAL_COLUMNS if not any(row[name] for row in rows)]
    return pd.DataFrame(rows).drop(columns=empty) if rows else pd.DataFrame()


def read_measures(run: Run, arm: Arm) -> dict[str, Measure]:
    """The measures of an arm by name; empty if bandwidth or limits were not measured."""
    measures = {measure.name: measure for measure in arm_measures(run.quality, arm)}
    return measures if measures.keys() >= REQUIRED_MEASURES else {}


def is_limited_by_arithmetic(measures: Mapping[str, Measure]) -> bool:
    """Whether the peak of arithmetic is the lower limit, not the triad."""
    return "peak" in measures and "the peak" in measures["share"].label


def format_reached(measure: Measure) -> str:
    """A bandwidth, a rate or a share with three significant digits and its unit: `204 Gflop/s`, `0.0043 GB/s`."""
    number = format_three_digits(measure.value) if measure.value >= 1 else f"{measure.value:.3g}"
    return f"{number} {measure.unit}".rstrip()


def format_factor(factor: float) -> str:
    """What a version reaches, as a multiple of its limit: `0.93x`, `18x`."""
    return f"{factor:.0f}x" if factor >= 10 else f"{factor:.2g}x"


def _format_optional(measures: Mapping[str, Measure], name: str) -> str:
    return format_reached(measures[name]) if name in measures else ""


def _format_limit(measures: Mapping[str, Measure]) -> str:
    """The limit that the share refers to, with its name."""
    if is_limited_by_arithmetic(measures):
        return f"arithmetic, {format_reached(measures['peak'])}"
    return f"triad, {format_reached(measures['ceiling'])}"
