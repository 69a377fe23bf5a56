"""Numbers and their units as text: the only module that formats them, for pages, reports and messages."""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal

from bench.values import Interval, Measure, MeasureDifference, Outcome

MIN_PLAIN_VALUE = 0.005
"""Smaller measures would read 0.00, so they are written with an exponent."""
TIME_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
"""Names and seconds of the units of time, largest first."""
BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
RATE_PREFIXES = ((1.0, ""), (1e3, "thousand "), (1e6, "million "), (1e9, "billion "))


def format_number(number: float) -> str:
    """A number with all its digits and separators: `16,777,216`, `0.5`, `1e-07`."""
    return f"{number:,.15g}"


def format_decimal(number: float) -> str:
    """As `format_number`, but never with an exponent: `0.00002`."""
    return f"{Decimal(repr(float(number))).normalize():,f}"


def format_three_digits(number: float) -> str:
    """A number with three significant digits, or all digits of its integer part: `2.00`, `26.9`, `1,234`."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def format_four_digits(number: float) -> str:
    """A number with at most four significant digits and no trailing zeros: `0.9241`, `12.5`, `1,234`."""
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:,.0f}"


def format_percent(share: float, digits: int = 1) -> str:
    """A share of 1 in percent: `12.5 %`."""
    return f"{100 * share:.{digits}f} %"


def format_outcome(outcome: Outcome) -> str:
    """What a rule did to a claim, as pages and reports call it: `passed`, `note`, `refused`."""
    return "note" if outcome is Outcome.ANNOTATED else outcome.value


def format_count(count: int, noun: str) -> str:
    """A number of things: `1 thread`, `1,024 threads`. The plural of `noun` must end in s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_cores(count: int) -> str:
    """`1 core`, `2 cores`."""
    return format_count(count, "core")


def choose_time_unit(seconds: float) -> tuple[str, float]:
    """The name and the seconds of the largest unit in which a time does not round to less than 1; ns for shorter."""
    return next(((name, unit_s) for name, unit_s in TIME_UNITS if seconds >= 0.9995 * unit_s), TIME_UNITS[-1])


def format_duration(seconds: float) -> str:
    """A time with three significant digits: `26.9 ms`."""
    name, unit_s = choose_time_unit(seconds)
    return f"{format_three_digits(seconds / unit_s)} {name}"


def format_bytes(size_bytes: float) -> str:
    """A number of bytes with three significant digits and no trailing zeros: `512 B`, `1.5 GiB`, `1023 KiB`."""
    number, units = float(size_bytes), list(BYTE_UNITS)
    while number >= 1023.5 and len(units) > 1:
        number /= 1024
        del units[0]
    # From 1,000 to 1,023 all four digits, because 1.02e+03 is hard to read.
    return f"{number:.0f} {units[0]}" if number >= 100 else f"{number:.3g} {units[0]}"


def format_rate(per_second: float, unit: str) -> str:
    """A throughput with three significant digits: `6.72 million pixels/s`."""
    factor, prefix = choose_rate_prefix(per_second)
    return f"{format_three_digits(per_second / factor)} {prefix}{unit}/s"


def choose_rate_prefix(per_second: float) -> tuple[float, str]:
    """The largest power of a thousand that is not above a rate, and its name, which ends in a space: `million `."""
    return RATE_PREFIXES[max(0, bisect_right(RATE_PREFIXES, per_second, key=lambda prefix: prefix[0]) - 1)]


def format_ratio(ratio: float) -> str:
    """`2.37x`; with two significant digits if it would read 0.00: `0.0019x`."""
    return f"{_format_factor(ratio)}x"


def format_interval(ratio: Interval) -> str:
    """The ends of the interval of a ratio: `2.31 to 2.44`."""
    return f"{_format_factor(ratio.low)} to {_format_factor(ratio.high)}"


def format_ratio_with_interval(ratio: Interval) -> str:
    """`2.37x (2.31 to 2.44)`."""
    return f"{format_ratio(ratio.value)} ({format_interval(ratio)})"


def _format_factor(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.0995 or ratio <= 0 else f"{ratio:.{1 - math.floor(math.log10(ratio))}f}"


def format_measure(measure: Measure) -> str:
    """The value of a measure with its unit: `92.41 %`, `3.1e-08`."""
    magnitude = abs(measure.value)
    if 0 < magnitude < MIN_PLAIN_VALUE:
        number = f"{measure.value:.1e}"
    else:
        number = f"{measure.value:,.2f}" if magnitude < 1000 else f"{measure.value:,.0f}"
    return f"{number} {measure.unit}".rstrip()


def format_observations(measure: Measure) -> str:
    """What a measure is a mean over: `425 questions`, or `not known` in runs that did not record it."""
    if measure.observations is None:
        return "number of observations not known"
    count = format_count(measure.observations, measure.observation or "observation")
    return f"{count} {measure.selection}".rstrip()


def format_difference(difference: MeasureDifference) -> str:
    """The relative difference of a mean, with its interval: `F1 -0.74 %, 95 % interval -2.94 % to +1.35 %`.

    Absolute if the baseline's mean is 0.
    """
    value = difference.difference
    if difference.baseline > 0:
        ends = [f"{100 * end / difference.baseline:+.2f} %" for end in (value.value, value.low, value.high)]
    else:
        ends = [f"{end:+.2f}" for end in (value.value, value.low, value.high)]
    return f"{difference.label} {ends[0]}, 95 % interval {ends[1]} to {ends[2]}"


def format_agreement(measure: Measure) -> str:
    """A share of equal results: `answers that agree: 98.82 % (425 questions, 95 % interval 97.27 to 99.61 %)`."""
    text = f"{measure.label}: {format_measure(measure)}"
    if measure.observations is None:
        return text
    text += f" ({format_observations(measure)}"
    if measure.interval is not None:
        text += f", 95 % interval {measure.interval.low:.2f} to {measure.interval.high:.2f} {measure.unit}".rstrip()
    return f"{text})"


def measure_label(baseline: Measure, accelerated: Measure) -> str:
    """The label of a measure of both arms; both labels if they differ."""
    if baseline.label == accelerated.label:
        return baseline.label
    return f"{baseline.label} | {accelerated.label}"
