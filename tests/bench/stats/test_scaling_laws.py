"""Fits of scaling laws to times with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from bench.stats.scaling_laws import Law, ScalingFit, ScalingPoint, find_efficiency, fit_law
from bench.values.statistics import Interval

CORES = (1, 2, 4, 8, 16)


def make_points(serial: float, coherency: float = 0.0, *, noise: float = 0.0, seed: int = 0, cores=CORES):
    rng = np.random.default_rng(seed)
    points = []
    for count in cores:
        seconds = 2.0 * (1 + serial * (count - 1) + coherency * count * (count - 1)) / count
        drawn = seconds * float(np.exp(rng.normal(0, noise)))
        reach = float(np.exp(1.96 * max(noise, 1e-4)))
        points.append(ScalingPoint(count, Interval(value=drawn, low=drawn / reach, high=drawn * reach)))
    return points


def fit(law: Law, points) -> ScalingFit:
    fitted = fit_law(law, points)
    assert fitted is not None
    return fitted


@pytest.mark.parametrize("serial", [0.0, 0.05, 0.4, 1.0, 1.3])
def test_amdahl_finds_the_serial_share(serial):
    found = fit(Law.AMDAHL, make_points(serial))
    assert found.serial.value == pytest.approx(serial, abs=1e-3)
    assert found.one_s.value == pytest.approx(2.0, rel=1e-3)
    assert found.can_be_wrong and found.coherency.value == 0


def test_the_universal_law_finds_contention_and_coherency_and_its_peak():
    found = fit(Law.USL, make_points(0.05, 0.01))
    assert found.serial.value == pytest.approx(0.05, abs=1e-3)
    assert found.coherency.value == pytest.approx(0.01, abs=1e-3)
    # More cores than the peak, sqrt((1 - s) / k), are slower.
    assert found.project(10).value < found.project(40).value


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(100):
        serial = fit(Law.AMDAHL, make_points(0.2, noise=0.05, seed=seed)).serial
        hits += serial.includes(0.2)
    assert hits >= 88, "of 100 intervals of 95 %; fewer than 88 have a probability below 0.2 %"


def test_a_projection_is_less_certain_than_what_was_measured():
    found = fit(Law.AMDAHL, make_points(0.1, noise=0.03, seed=1))
    near, far = found.project(16), found.project(128)
    assert near.half_width < far.half_width
    assert far.value > 0.1 * found.one_s.low


def test_as_many_core_counts_as_unknowns_are_no_test_of_the_law():
    assert fit(Law.AMDAHL, make_points(0.1, cores=(1, 2, 4))).can_be_wrong
    assert not fit(Law.USL, make_points(0.1, cores=(1, 2, 4))).can_be_wrong


@pytest.mark.parametrize("law", Law)
def test_fewer_than_three_core_counts_are_not_fitted(law):
    assert fit_law(law, make_points(0.1, cores=(1, 2))) is None
    assert fit_law(law, make_points(0.1, cores=(2,))) is None


def test_efficiency_is_relative_to_the_growth_of_the_cores():
    first, last = make_points(0.5, cores=(1, 2))
    assert find_efficiency(first, last).value == pytest.approx(1 / 0.75 / 2, rel=1e-3)
    assert find_efficiency(first, first) == Interval(value=1.0, low=1.0, high=1.0)
