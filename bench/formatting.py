"""TODO: bench.formatting."""

from __future__ import annotations

import math
from decimal import Decimal

from bench.values import Interval, Measure


def format_duration(seconds: float) -> str:
    """Three significant digits with the unit that suits: '26.9 ms'."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale * 0.9995:
            return f"{_format_three_digits(seconds / scale)} {unit}"
    return f"{_format_three_digits(seconds * 1e9)} ns"


def _format_three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def format_ratio(ratio: float) -> str:
    """'2.37x'; two significant digits for a ratio so small that it would have none: '0.0019x'."""
    return f"{_format_factor(ratio)}x"


def format_interval(ratio: Interval) -> str:
    """The ends of the interval of a ratio: '2.31 to 2.44'."""
    return f"{_format_factor(ratio.low)} to {_format_factor(ratio.high)}"


def format_ratio_with_interval(ratio: Interval) -> str:
    """'2.37x (2.31 to 2.44)'."""
    return f"{format_ratio(ratio.value)} ({format_interval(ratio)})"


def _format_factor(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.0995 or ratio <= 0 else f"{ratio:.{1 - math.floor(math.log10(ratio))}f}"


MIN_PLAIN_VALUE = 0.005
"""Values below it would read 0.00."""


def format_measure(measure: Measure) -> str:
    """A measure's value with its unit."""
    size = abs(measure.value)
    if 0 < size < MIN_PLAIN_VALUE:
        number = f"{measure.value:.1e}"
    else:
        number = f"{measure.value:,.2f}" if size < 1000 else f"{measure.value:,.0f}"
    return f"{number} {measure.unit}".rstrip()


def measure_label(one: Measure, other: Measure) -> str:
    """What a measure of both arms is called: what each calls it, where they do not say the same."""
    return one.label if one.label == other.label else f"{one.label} | {other.label}"


def format_cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def format_number(number: float) -> str:
    """A number with all its digits, by thousands."""
    return f"{number:,.15g}"


def format_bytes(count: float) -> str:
    """Bytes with the binary unit that suits: '23.5 GiB'."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if count == int(count) else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def format_decimal(number: float) -> str:
    """A number with all its digits, by thousands, however small: '0.00002', '2,000'."""
    return f"{Decimal(repr(float(number))).normalize():,f}"
