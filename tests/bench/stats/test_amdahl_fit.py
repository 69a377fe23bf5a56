"""Amdahl's law on made up times."""

from __future__ import annotations

import math
import random

import pytest

from bench.stats.amdahl_fit import find_crossing, fit_amdahl


def make_times(serial: float, counts=(1, 2, 4), noise: float = 0.01, rounds: int = 15, one_s: float = 1.0):
    chance = random.Random(1)
    law = {cores: one_s * (serial + (1 - serial) / cores) for cores in counts}
    return {cores: [s * (1 + chance.gauss(0, noise)) for _ in range(rounds)] for cores, s in law.items()}


@pytest.mark.parametrize("serial", [0.0, 0.3, 1.0])
def test_the_serial_share_is_found_with_its_interval(serial):
    fit = fit_amdahl(make_times(serial))
    assert fit.low <= fit.serial <= fit.high
    assert fit.serial == pytest.approx(serial, abs=0.03)
    assert fit.fits and fit.counts == 3
    assert fit.seconds(1) == pytest.approx(1, rel=0.02)
    assert fit.seconds(8) == pytest.approx(serial + (1 - serial) / 8, rel=0.1)


def test_two_counts_are_no_fit_and_one_is_an_error():
    assert not fit_amdahl(make_times(0.5, (1, 2))).fits
    with pytest.raises(ValueError, match=r"one core and another core count, got those on \[1\] cores"):
        fit_amdahl(make_times(0.5, (1,)))


def test_core_counts_may_have_different_numbers_of_times():
    given = make_times(0.3)
    assert fit_amdahl({4: given[4], 1: given[1][:6], 2: given[2][:3]}).serial == pytest.approx(0.3, abs=0.03)


def test_times_on_one_core_are_needed():
    with pytest.raises(ValueError, match=r"one core and another core count, got those on \[2, 4\] cores"):
        fit_amdahl(make_times(0.5, (2, 4)))


def test_noise_widens_the_interval():
    calm, noisy = fit_amdahl(make_times(0.3)), fit_amdahl(make_times(0.3, noise=0.1))
    assert noisy.high - noisy.low > calm.high - calm.low


def test_the_crossing_is_where_the_curve_meets_the_rival():
    # 0.2 + 0.8 / p = 0.4 at p = 4.
    found = find_crossing(make_times(0.2), [0.4] * 15)
    assert found.cores == pytest.approx(4, rel=0.1)
    assert found.low <= found.cores <= found.high < math.inf


def test_a_too_serial_curve_never_crosses_and_a_faster_one_crosses_at_one_core():
    assert find_crossing(make_times(0.5), [0.4] * 15) is None
    assert find_crossing(make_times(0.5), [2.0] * 15).cores == 1


def test_an_uncertain_crossing_has_no_upper_end():
    assert find_crossing(make_times(0.36, noise=0.1, rounds=5), [0.4] * 5).high == math.inf
