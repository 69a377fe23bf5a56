"""Numbers and their units as text: the only module that formats them, for pages, reports and messages."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from bench.values.arms import RacedInput
from bench.values.quality import Measure, MeasureDifference
from bench.values.statistics import MIN_P50_SAMPLES, MIN_P90_SAMPLES, MIN_P99_SAMPLES, Interval, Summary

MIN_PLAIN_VALUE = 0.005
"""Smaller measures would read 0.00, so they are written with an exponent."""
TIME_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
"""Names and seconds of the units of time, largest first."""
MAX_RATIO_DECIMALS = 2
MAX_TIME_DIGITS = 3
"""Significant digits of a time that is known more exactly than that."""
MIN_PERCENTILE_SAMPLES = {"p50": MIN_P50_SAMPLES, "p90": MIN_P90_SAMPLES, "p99": MIN_P99_SAMPLES}
"""Percentiles, and the fewest samples or requests that they need. Only requests have p50: that of samples is their
median."""
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


def format_score_pair(first: float, second: float) -> tuple[str, str]:
    """Two scores with at most three significant digits, or four if they differ and would read the same: `31.7` and
    `31.8`, `92.41` and `92.38`."""
    texts = [f"{score:.3g}" if abs(score) < 1000 else f"{score:,.0f}" for score in (first, second)]
    if texts[0] == texts[1] and first != second:
        texts = [format_four_digits(score) for score in (first, second)]
    return texts[0], texts[1]


def format_percent(share: float, digits: int = 1) -> str:
    """A share of 1 in percent: `12.5 %`."""
    return f"{100 * share:.{digits}f} %"


def format_change(ratio: float, digits: int = 1) -> str:
    """A ratio as a change in percent, with its sign: `+12.5 %` for 1.125."""
    return f"{100 * (ratio - 1):+z.{digits}f} %"


def escape_invisible(text: str) -> str:
    """`text` with characters that are invisible, or change the direction of what follows, as escapes."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def format_count(count: int, noun: str) -> str:
    """A number of things: `1 thread`, `1,024 threads`. The plural of `noun` must end in s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_cores(count: int) -> str:
    """`1 core`, `2 cores`."""
    return format_count(count, "core")


def format_batch(batch: int, noun: str) -> str:
    """The batch of a plan: `65,536 rows` for the noun `row`; `batch 32` without a noun."""
    return format_count(batch, noun) if noun else f"batch {batch:,}"


def choose_time_unit(seconds: float) -> tuple[str, float]:
    """The name and the seconds of the largest unit in which a time does not round to less than 1; ns for shorter."""
    return next(((name, unit_s) for name, unit_s in TIME_UNITS if seconds >= 0.9995 * unit_s), TIME_UNITS[-1])


def format_duration(seconds: float) -> str:
    """A time with three significant digits: `26.9 ms`."""
    name, unit_s = choose_time_unit(seconds)
    return f"{format_three_digits(seconds / unit_s)} {name}"


def format_median(summary: Summary) -> str:
    """A median with as many digits as the spread of its samples supports: `71 ms`, not `70.9 ms`, if half of them lie
    within 2 ms. At least two significant digits and at most three."""
    return format_uncertain_time(summary.median, summary.upper_quartile - summary.lower_quartile)


def format_uncertain_time(seconds: float, uncertainty_s: float) -> str:
    """A time whose last digit is not finer than its uncertainty, with two significant digits at least and three at
    most."""
    name, unit_s = choose_time_unit(seconds)
    number = seconds / unit_s
    decimals = count_decimals(number, uncertainty_s / unit_s)
    return f"{number:,.{min(decimals, max(0, MAX_TIME_DIGITS - _count_integer_digits(number)))}f} {name}"


def format_percentile(summary: Summary, percentile: str) -> str:
    """The time of `p50`, `p90` or `p99`, with the digits of the median; empty if there are too few samples or requests,
    or if samples are means of several calls that are no requests."""
    seconds = {"p50": summary.p50, "p90": summary.p90, "p99": summary.p99}[percentile]
    # Older records have percentiles of means.
    if seconds is None or (summary.calls > 1 and not summary.requests):
        return ""
    return format_uncertain_time(seconds, summary.upper_quartile - summary.lower_quartile)


def describe_percentiles(summary: Summary) -> str:
    """The percentiles, or how many samples they need: `p90 71 ms; p99 needs 662 samples, there are 87`. Of requests:
    `p50 0.9 ms; p90 1.1 ms; p99 2.4 ms of 5,200 requests`."""
    texts = [f"{name} {time}" for name in MIN_PERCENTILE_SAMPLES if (time := format_percentile(summary, name))]
    missing = describe_missing_percentiles(summary)
    if texts and summary.requests and not missing:
        texts[-1] += f" of {summary.requests:,} requests"
    return "; ".join(filter(None, [*texts, missing]))


def describe_missing_percentiles(summary: Summary) -> str:
    """Why percentiles are not shown: `p99 needs 662 samples, there are 87`; empty if they all are."""
    if summary.calls > 1 and not summary.requests:
        return f"no p90 and p99: a sample is the mean of up to {summary.calls:,} calls, which hides slow ones"
    names = [name for name in MIN_PERCENTILE_SAMPLES if name != "p50" or summary.requests]
    noun, count = ("requests", summary.requests) if summary.requests else ("samples", summary.count)
    needs = [
        f"{name} needs {MIN_PERCENTILE_SAMPLES[name]:,} {noun}"
        for name in names
        if not format_percentile(summary, name)
    ]
    return f"{' and '.join(needs)}, there are {count:,}" if needs else ""


def format_time_change(before: Summary, after: Summary) -> str:
    """Two medians in one unit, each with the digits that its spread supports: `38 → 10 ms`. In two units if one of them
    would be too small to read: `1.2 s → 38 ms`."""
    return join_times(format_median(before), format_median(after))


def join_times(before: str, after: str) -> str:
    """Two times with their units as a change: `38 → 10 ms`, `1.2 s → 38 ms`."""
    number, unit = before.split()
    return f"{number if unit == after.split()[1] else before} → {after}"


def count_decimals(number: float, uncertainty: float) -> int:
    """Decimals of a number so that its last digit is not finer than its uncertainty, but at least two significant
    digits. Many for an uncertainty of 0, so a caller has its own limit."""
    if not math.isfinite(number) or not math.isfinite(uncertainty):
        return 0
    supported = 15 if uncertainty <= 0 else -math.floor(math.log10(uncertainty))
    needed = 2 - _count_integer_digits(number)
    return max(0, supported, needed)


def _count_integer_digits(number: float) -> int:
    """Digits before the decimal point: 2 for 19.2, 1 for 3.7, 0 for 0.42, -1 for 0.042."""
    return math.floor(math.log10(abs(number))) + 1 if number else 1


def format_budget(seconds: float) -> str:
    """`45 s`, `480 s (8 min)`."""
    return f"{seconds:,.0f} s ({seconds / 60:.0f} min)" if seconds > 60 else f"{seconds:.0f} s"


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


def format_estimate(ratio: Interval) -> str:
    """A ratio with as many digits as its interval supports: `2.4x` for 2.31 to 2.44, `19x` for 8.5 to 48.

    If the interval excludes 1, the ratio does not read as 1.
    """
    decimals = _count_ratio_decimals(ratio.value, ratio.high - ratio.low)
    if not ratio.includes(1.0):
        decimals = _distinguish_from_1(ratio.value, decimals)
    return f"{ratio.value:,.{decimals}f}x"


def format_interval(ratio: Interval) -> str:
    """The ends of the interval of a ratio, with digits by its half-width: `2.31 to 2.44`, `8.5 to 48`.

    An end that is not 1 never reads as 1, because a reader sees from it whether there is a difference.
    """
    ends, half_width = (ratio.low, ratio.high), (ratio.high - ratio.low) / 2
    supported = [_count_ratio_decimals(end, half_width) for end in ends]
    decimals = [_distinguish_from_1(end, count) for end, count in zip(ends, supported, strict=True)]
    if decimals != supported:
        decimals = [max(decimals)] * 2
    return " to ".join(f"{end:,.{count}f}" for end, count in zip(ends, decimals, strict=True))


def format_lower_end(ratio: Interval) -> str:
    """The lower end of the interval of a ratio, for `at least 8.4x` of 8.48 to 47.9: two significant digits, rounded
    down, because the claim must not exceed the interval."""
    decimals = _count_ratio_decimals(ratio.low, ratio.high - ratio.low)
    if ratio.low > 1 and _round_down(ratio.low, decimals) <= 1:
        decimals = max(MAX_RATIO_DECIMALS, -math.floor(math.log10(ratio.low - 1)))
    return f"{_round_down(ratio.low, decimals):,.{decimals}f}"


def format_ratio_with_interval(ratio: Interval) -> str:
    """`2.4x (2.31 to 2.44)`."""
    return f"{format_estimate(ratio)} ({format_interval(ratio)})"


def _count_ratio_decimals(ratio: float, uncertainty: float) -> int:
    needed = 2 - _count_integer_digits(ratio)
    return min(count_decimals(ratio, uncertainty), max(MAX_RATIO_DECIMALS, needed))


def _round_down(number: float, decimals: int) -> Decimal:
    return Decimal(repr(number)).quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR)


def _distinguish_from_1(ratio: float, decimals: int) -> int:
    """Decimals, at least so many, with which a ratio that is not 1 does not read as 1."""
    if ratio == 1 or round(ratio, decimals) != 1:
        return decimals
    return max(MAX_RATIO_DECIMALS, -math.floor(math.log10(abs(ratio - 1))))


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
    """What a measure is a mean over: `425 questions on 60 passages`, or `not known` in runs that did not record it."""
    if measure.observations is None:
        return "number of observations not known"
    count = format_count(measure.observations, measure.observation or "observation")
    if measure.groups is not None:
        count += f" on {format_count(measure.groups, measure.group or 'group')}"
    return f"{count} {measure.selection}".rstrip()


def format_difference(difference: MeasureDifference) -> str:
    """The relative difference of a mean, with its interval: `F1 -0.74 %, 95 % interval -2.94 % to +1.35 %`.

    Absolute if the baseline's mean is 0.
    """
    value = difference.difference
    if difference.baseline > 0:
        ends = [f"{100 * end / difference.baseline:+z.2f} %" for end in (value.value, value.low, value.high)]
    else:
        ends = [f"{end:+z.2f}" for end in (value.value, value.low, value.high)]
    return f"{difference.label} {ends[0]}, 95 % interval {ends[1]} to {ends[2]}"


def format_inputs(inputs: Sequence[RacedInput]) -> str:
    """What was raced, in one line: `Table: sales.csv, 20,000 rows; Separator: semicolon`. Empty if it is not known."""
    return "; ".join(f"{raced.label}: {raced.text}" for raced in inputs)


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
