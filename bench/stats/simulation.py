"""Simulated races: how often the method claims a difference that is not there, and how often it finds one that is.

`python -m bench check statistics` computes the table; `error_rates.json` keeps it for the page Rules. Each scenario
produces logarithms of times, without the difference of the arms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.formatting import format_percent
from bench.stats.arrays import Floats
from bench.stats.error_rates import SimulatedShare
from bench.stats.ratio import adjust_by_holm, estimate_ratio
from bench.stats.significance import is_difference

Generator = np.random.Generator

PAIRS = (8, 20, 60, 200)
"""Lengths of the simulated races."""
MAX_PAIRS = 200
"""Longest simulated race that stops by itself."""
STEPS = 28
"""Steps of the simulated race with many steps."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of disturbance."""

    label: str
    make: Callable[[Generator, int], tuple[Floats, Floats]]
    """Log times of both arms, of so many pairs."""
    ratio: float = 1.0
    """The true ratio. If it is 1, every claim is false."""


def _noise(sd: float) -> Callable[[Generator, int], tuple[Floats, Floats]]:
    def make(rng: Generator, pairs: int) -> tuple[Floats, Floats]:
        baseline, accelerated = rng.normal(0, sd, (2, pairs))
        return baseline, accelerated

    return make


def _add(sd: float, disturb: Callable[[Generator, int], Floats]) -> Callable[[Generator, int], tuple[Floats, Floats]]:
    """Noise of `sd`, and a disturbance of each arm on its own."""

    def make(rng: Generator, pairs: int) -> tuple[Floats, Floats]:
        baseline, accelerated = rng.normal(0, sd, (2, pairs))
        return baseline + disturb(rng, pairs), accelerated + disturb(rng, pairs)

    return make


def _make_shared(rng: Generator, pairs: int) -> tuple[Floats, Floats]:
    baseline, accelerated = rng.normal(0, 0.05, (2, pairs))
    walk = rng.normal(0, 0.02, pairs).cumsum()
    return baseline + walk, accelerated + walk


def _drift(rng: Generator, pairs: int) -> Floats:
    return np.linspace(-0.5, 0.5, pairs) * rng.normal(0, 0.10)


def _slow_wave(rng: Generator, pairs: int) -> Floats:
    """An autoregressive process of 3 % whose memory is a quarter of the race."""
    kept = np.exp(-4 / pairs)
    values = np.empty(pairs)
    values[0] = rng.normal(0, 0.03)
    for position in range(1, pairs):
        values[position] = kept * values[position - 1] + rng.normal(0, 0.03 * np.sqrt(1 - kept**2))
    return values


def _walk(rng: Generator, pairs: int) -> Floats:
    return rng.normal(0, 0.01, pairs).cumsum()


def _phases(slowdown: float, length: int) -> Callable[[Generator, int], Floats]:
    def disturb(rng: Generator, pairs: int) -> Floats:
        changes = rng.random(pairs) < 1 / length
        return slowdown * ((changes.cumsum() + rng.integers(2)) % 2).astype(float)

    return disturb


def _process_bias(rng: Generator, pairs: int) -> Floats:
    return np.full(pairs, rng.normal(0, 0.02))


def _outliers(rng: Generator, pairs: int) -> Floats:
    return np.where(rng.random(pairs) < 0.1, rng.exponential(0.5, pairs), 0.0)


EQUAL_ARMS = (
    Scenario("independent noise of 5 %", _noise(0.05)),
    Scenario("noise that both arms share", _make_shared),
    Scenario("linear drift of each arm, 10 %", _add(0.05, _drift)),
    Scenario("slow waves of each arm, 3 %", _add(0.02, _slow_wave)),
    Scenario("random walk of each arm, 1 % per pair", _add(0.02, _walk)),
    Scenario("phases of each arm, 5 % slower, 5 pairs long", _add(0.02, _phases(0.05, 5))),
    Scenario("phases of each arm, 5 % slower, 15 pairs long", _add(0.02, _phases(0.05, 15))),
    Scenario("phases of each arm, 10 % slower, 5 pairs long", _add(0.05, _phases(0.10, 5))),
    Scenario("phases of each arm, 10 % slower, 15 pairs long", _add(0.05, _phases(0.10, 15))),
    Scenario("difference of 2 % between processes", _add(0.02, _process_bias)),
    Scenario("one time in ten is an outlier", _add(0.05, _outliers)),
)
DIFFERENT_ARMS = (
    Scenario("ratio 1.10, noise of 5 %", _noise(0.05), ratio=1.10),
    Scenario("ratio 1.30, noise of 10 %", _noise(0.10), ratio=1.30),
    Scenario("ratio 1.10, noise of 2 %", _noise(0.02), ratio=1.10),
)


def is_claimed(baseline: Floats, accelerated: Floats) -> bool:
    """Whether a difference is claimed of a total with these times."""
    estimate = estimate_ratio(baseline, accelerated)
    return is_difference(estimate.ratio, estimate.p_value)


def simulate(scenario: Scenario, pairs: int, runs: int, seed: int = 0) -> SimulatedShare:
    """Races of a fixed length."""
    rng = np.random.default_rng(seed)
    claims = 0
    for _ in range(runs):
        baseline, accelerated = map(np.exp, scenario.make(rng, pairs))
        claims += is_claimed(scenario.ratio * baseline, accelerated)
    return SimulatedShare(label=scenario.label, ratio=scenario.ratio, pairs=pairs, share=claims / runs, runs=runs)


def simulate_stopping(sd: float, target: float, min_pairs: int, runs: int, seed: int = 0) -> SimulatedShare:
    """Races of equal arms that end at the first look, after every pair from `min_pairs` on, at which the interval is
    narrow enough."""
    rng = np.random.default_rng(seed)
    claims = 0
    for _ in range(runs):
        baseline, accelerated = np.exp(rng.normal(0, sd, (2, MAX_PAIRS)))
        lengths = range(min_pairs, MAX_PAIRS + 1)
        widths = (estimate_ratio(baseline[:pairs], accelerated[:pairs]).sampling_half_width for pairs in lengths)
        last = next((pairs for pairs, width in zip(lengths, widths, strict=True) if width <= target), MAX_PAIRS)
        claims += is_claimed(baseline[:last], accelerated[:last])
    label = f"noise of {format_percent(sd, 0)}, stopped when the sampling error is below {format_percent(target, 0)}"
    return SimulatedShare(label=label, ratio=1.0, pairs=None, share=claims / runs, runs=runs)


def simulate_steps(pairs: int, runs: int, seed: int = 0) -> SimulatedShare:
    """Races of equal arms with `STEPS` steps: how often a difference is claimed for at least one of them."""
    rng = np.random.default_rng(seed)
    claims = 0
    for _ in range(runs):
        # Each step of each process has a bias of its own.
        times = np.exp(rng.normal(0, 0.02, (STEPS, 2, pairs)) + rng.normal(0, 0.02, (STEPS, 2, 1)))
        estimates = [estimate_ratio(*step) for step in times]
        adjusted = adjust_by_holm([estimate.p_value for estimate in estimates])
        claims += any(
            is_difference(estimate.ratio, p_value) for p_value, estimate in zip(adjusted, estimates, strict=True)
        )
    label = f"at least one of {STEPS} steps, difference of 2 % between processes"
    return SimulatedShare(label=label, ratio=1.0, pairs=pairs, share=claims / runs, runs=runs)


def simulate_all(runs: int, min_pairs: int, report: Callable[[SimulatedShare], None]) -> list[SimulatedShare]:
    """The whole table. Races stop by themselves after `min_pairs` at the earliest. `report` receives each entry when it
    is computed."""
    table: list[SimulatedShare] = []

    def add(entry: SimulatedShare) -> None:
        table.append(entry)
        report(entry)

    for scenario in (*EQUAL_ARMS, *DIFFERENT_ARMS):
        for pairs in PAIRS:
            add(simulate(scenario, pairs, runs))
    for sd, target in ((0.02, 0.03), (0.05, 0.03), (0.10, 0.05)):
        # Each of these races is estimated up to 180 times.
        add(simulate_stopping(sd, target, min_pairs, max(50, runs // 10)))
    for pairs in (8, 20):
        add(simulate_steps(pairs, max(50, runs // 10)))
    return table
