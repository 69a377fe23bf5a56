"""Numbers and units as text."""

import pytest

from bench import formatting
from bench.formatting import (
    format_duration,
    format_measure,
    format_ratio,
    format_ratio_with_interval,
    format_score_pair,
)
from bench.stats.comparison import summarize
from bench.values.quality import IntervalMethod, Measure, MeasureDifference
from bench.values.statistics import Interval


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (3.1e-8, "3.1e-08"), (0.01, "0.01"), (92.41, "92.41"), (-1e-6, "-1.0e-06")]
)
def test_a_small_figure_is_not_shown_as_zero(value, text):
    assert format_measure(Measure(name="error", label="error", value=value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.0, "1.00 s"),
        (0.0269, "26.9 ms"),
        (0.1234, "123 ms"),
        (3.6e-8, "36.0 ns"),
        (4.2e-6, "4.20 µs"),
        (123.4, "123 s"),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(("ratio", "text"), [(2.371, "2.37x"), (0.42, "0.42x"), (0.0996, "0.10x"), (0.0019, "0.0019x")])
def test_a_ratio_has_digits_however_small_it_is(ratio, text):
    assert format_ratio(ratio) == text


def test_a_ratio_stands_with_its_interval():
    assert format_ratio_with_interval(Interval(value=0.0021, low=0.002, high=2.5)) == "0.0021x (0.0020 to 2.5)"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (24, "24 B"),
        (512, "512 B"),
        (1024, "1 KiB"),
        (32768, "32 KiB"),
        (1023 << 10, "1023 KiB"),
        ((1 << 20) - 1, "1 MiB"),
        (100.4 * 2**20, "100 MiB"),
        (3 << 29, "1.5 GiB"),
        (25276502016, "23.5 GiB"),
        (4 << 40, "4 TiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_sizes_are_short(size, text):
    assert formatting.format_bytes(size) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0.00 rows/s"), (999, "999 rows/s"), (6.72e6, "6.72 million rows/s"), (3e12, "3,000 billion rows/s")],
)
def test_rates_have_three_digits_and_a_prefix(rate, text):
    assert formatting.format_rate(rate, "rows") == text


def test_counts_agree_with_their_noun():
    assert formatting.format_count(1, "thread") == "1 thread"
    assert formatting.format_count(2048, "thread") == "2,048 threads"
    assert formatting.format_cores(0) == "0 cores"


def test_digits():
    assert [formatting.format_four_digits(number) for number in (0.92414, 12.5, 1234.5)] == ["0.9241", "12.5", "1,234"]
    assert [formatting.format_three_digits(number) for number in (2, 26.94, 1234.5)] == ["2.00", "26.9", "1,234"]
    assert formatting.format_percent(0.125) == "12.5 %"
    assert formatting.format_number(16777216) == "16,777,216"
    assert formatting.format_decimal(2e-5) == "0.00002"


@pytest.mark.parametrize(("seconds", "unit"), [(60, "s"), (0.9996, "s"), (0.9, "ms"), (1e-6, "µs"), (0, "ns")])
def test_the_unit_of_a_time(seconds, unit):
    assert formatting.choose_time_unit(seconds)[0] == unit


@pytest.mark.parametrize(
    ("scores", "texts"),
    [
        ((31.66, 31.79), ("31.7", "31.8")),
        ((92.41, 92.38), ("92.41", "92.38")),
        ((100.0, 100.0), ("100", "100")),
        ((100.0, 99.98), ("100", "99.98")),
        ((1234.0, 1300.0), ("1,234", "1,300")),
    ],
)
def test_two_scores_have_few_digits_unless_they_would_read_the_same(scores, texts):
    assert format_score_pair(*scores) == texts


@pytest.mark.parametrize(
    ("seconds", "uncertainty_s", "text"),
    [
        (0.0709, 0.0028, "71 ms"),
        (0.0709, 0.0002, "70.9 ms"),
        (1.234, 1.234, "1.2 s"),
        (1.234, 0.01, "1.23 s"),
        (1.234, 0.0, "1.23 s"),
        (0.456, 0.2, "456 ms"),
    ],
)
def test_a_time_has_the_digits_that_its_uncertainty_supports(seconds, uncertainty_s, text):
    assert formatting.format_uncertain_time(seconds, uncertainty_s) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (24, "p90 needs 64 samples and p99 needs 662 samples, there are 24"),
        (87, "p90 78 ms; p99 needs 662 samples, there are 87"),
        (1000, "p90 900 ms; p99 990 ms"),
    ],
)
def test_percentiles_are_shown_or_the_number_of_samples_that_they_need(count, text):
    summary = summarize([0.001 * number for number in range(1, count + 1)], work=1)
    assert formatting.describe_percentiles(summary) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (8, "p50 needs 11 requests and p90 needs 64 requests and p99 needs 662 requests, there are 8"),
        (101, "p50 51.0 ms; p90 91.0 ms; p99 needs 662 requests, there are 101"),
        (1001, "p50 501 ms; p90 901 ms; p99 991 ms of 1,001 requests"),
    ],
)
def test_percentiles_of_requests_count_requests(count, text):
    requests = [0.001 * number for number in range(1, count + 1)]
    summary = summarize([0.5, 0.5, 0.5], work=1, calls=20, requests=requests)
    assert formatting.describe_percentiles(summary) == text


def test_means_of_several_calls_have_no_percentiles():
    summary = summarize([0.001] * 1000, work=1, calls=6)
    assert summary.p90 is summary.p99 is None
    expected = "no p90 and p99: a sample is the mean of up to 6 calls, which hides slow ones"
    assert formatting.describe_percentiles(summary) == expected
    old = summary.model_copy(update={"p90": 0.001, "p99": 0.001})
    assert formatting.describe_percentiles(old) == expected


def test_a_difference_that_rounds_to_0_has_no_minus():
    value = Interval(value=-1e-9, low=-2e-9, high=1e-9)
    difference = MeasureDifference(
        name="f1",
        label="F1",
        observations=9,
        groups=9,
        baseline=1.0,
        accelerated=1.0,
        difference=value,
        deviation=0.0,
        higher_is_better=True,
        method=IntervalMethod.BOOTSTRAP,
    )
    assert formatting.format_difference(difference) == "F1 +0.00 %, 95 % interval +0.00 % to +0.00 %"
    assert formatting.format_change(0.9999999) == "+0.0 %"
