"""TODO: tests.bench.test_formatting."""

import pytest

from bench import formatting
from bench.formatting import format_duration, format_measure, format_ratio, format_ratio_with_interval
from bench.values import Interval, Measure


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
    assert format_ratio_with_interval(Interval(value=0.0021, low=0.002, high=2.5)) == "0.0021x (0.0020 to 2.50)"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (512, "512 B"), (32768, "32 KiB"), (1 << 20, "1 MiB"), (25276502016, "23.5 GiB")]
)
def test_sizes_are_short(count, text):
    assert formatting.format_bytes(count) == text
