"""Measures how quiet this machine is while nothing races.

A fixed amount of integer arithmetic, about half a millisecond of pure Python, is timed repeatedly, for half a second on
each of up to four cores in turn. On a quiet machine every repetition takes the same time.

The score, in percent, is the sum of two numbers, taken from the core where that sum is largest:
- the spread: interquartile range divided by the median, which is how much ordinary repetitions differ;
- the late share: the share of repetitions that took over 10 % longer than the median, because they were interrupted.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Literal

from pydantic import Field

from bench.system.cpu_time import machine_busy_and_steal_s
from bench.system.isolated_call import CallTimeout, IsolatedCallError, call_isolated
from bench.system.limits import usable_cores
from bench.values.base import Value

CORE_S = 0.5
"""Time spent on one core, including its warm-up."""
WARM_UP_S = 0.05
"""Time for the processor's frequency to rise after the process has moved to the core."""
MAX_CORES = 4
LOOP_ITERATIONS = 8_000
"""Iterations of the loop that is timed."""
LATE_FACTOR = 1.1
"""A repetition that takes more than this many medians counts as late."""
MAX_PROCESS_S = 20.0
"""Time limit of the process. The measurement takes 2 s at most; the rest is for starting on a very busy machine."""

QUIET_BELOW = {"score": 5.0, "background": 0.1, "steal": 0.01}
"""Limits: score in percent, background load in cores, steal as a share. If repetitions spread by s percent, the 95 %
interval of the ratio of two medians of n samples each reaches about 2.6 s / sqrt(n) percent to either side, for
normally distributed times. So with a score below 5, some 20 pairs show a difference of 3 %."""
USABLE_BELOW = {"score": 20.0, "background": 0.5, "steal": 0.05}
"""Limits in the same units. With a score below 20, some 30 pairs still show a difference of 10 %; above it, a short run
shows only large ratios. Half a busy core is a quarter of the smallest machine that Fairlap runs on."""


class NoiseError(RuntimeError):
    """The noise could not be measured; the message is a sentence that says why."""


class Noise(Value):
    """The noise of the machine at one moment."""

    word: Literal["quiet", "usable", "noisy"]
    """The worst rating of score, background load and steal, see `QUIET_BELOW` and `USABLE_BELOW`."""
    score: float = Field(ge=0)
    """Sum of spread and late share of the worst core, in percent."""
    spread: float = Field(ge=0)
    """Interquartile range over the median of that core, in percent."""
    late: float = Field(ge=0, le=100)
    """Share of that core's repetitions that took over 10 % longer than the median, in percent."""
    worst_pause_ms: float = Field(ge=0)
    """The largest difference between a repetition and the median of its core, over all cores."""
    steal: float | None = Field(default=None, ge=0, le=1)
    """Share of a core's time that the hypervisor took; None if the system does not report it."""
    background_cores: float | None = Field(default=None, ge=0)
    """Number of cores that other programs kept busy meanwhile; None if the system does not report it."""
    cores: list[int]
    """Ids of the cores that were measured; empty if the system does not let a process choose its core."""
    repetitions: int
    """Number of timed repetitions on all cores together."""
    at: str
    """Time of the measurement, ISO 8601, UTC."""


def measure_noise(limit_s: float = MAX_PROCESS_S, cores: Sequence[int] = ()) -> Noise:
    """Measure in a process of its own, for half a second per core and 2 s at most. Raises NoiseError.

    `cores` are the ids of the cores to choose from; empty for all that this process may use.
    """
    try:
        result = call_isolated("bench.machine.noise:measure_noise_in_process", list(cores), limit_s=limit_s)
    except CallTimeout as error:
        raise NoiseError(
            f"Measuring the noise took longer than {limit_s:g} s. The machine may be overloaded."
        ) from error
    except (IsolatedCallError, OSError) as error:
        raise NoiseError(f"The noise could not be measured: {error}") from error
    return Noise.model_validate(result.value)


def measure_noise_in_process(cores: Sequence[int] = ()) -> Noise:
    """Measure in this process and pin it to one core after the other."""
    cores = select_evenly(cores or usable_cores(), MAX_CORES) if hasattr(os, "sched_setaffinity") else []
    counters, used_s, began = machine_busy_and_steal_s(), time.process_time(), time.monotonic()
    times = {core: time_repetitions(core) for core in cores or [None]}
    wall_s, used_s, later = time.monotonic() - began, time.process_time() - used_s, machine_busy_and_steal_s()
    steal = background = None
    if counters and later:
        background = max(0.0, later[0] - counters[0] - used_s) / wall_s
        steal = min(1.0, max(0.0, later[1] - counters[1]) / wall_s)
    return assess_noise(times, steal, background)


def select_evenly(cores: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of the cores, evenly spaced."""
    count = min(len(cores), limit)
    return [cores[position * len(cores) // count] for position in range(count)]


def time_repetitions(core: int | None) -> list[int]:
    """Nanoseconds of each repetition on one core (None for any core).

    A repetition begins when the previous one ends, so that every interruption falls into one.
    """
    if core is not None:
        os.sched_setaffinity(0, {core})
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        _repeat(WARM_UP_S)
        return _repeat(CORE_S - WARM_UP_S)
    finally:
        if was_collecting:
            gc.enable()


def _repeat(seconds: float) -> list[int]:
    times: list[int] = []
    before = time.perf_counter_ns()
    end = before + round(seconds * 1e9)
    while before < end:
        _do_arithmetic()
        now = time.perf_counter_ns()
        times.append(now - before)
        before = now
    return times


def _do_arithmetic() -> int:
    number = 1
    for _ in range(LOOP_ITERATIONS):
        number = (number * 1_103_515_245 + 12_345) & 0x3FFF_FFFF
    return number


def assess_noise(times: Mapping[int | None, Sequence[int]], steal: float | None, background: float | None) -> Noise:
    """The noise of a machine. `times` are the repetitions of each core, in nanoseconds."""
    spread, late = max((_spread_and_late(core_times) for core_times in times.values()), key=sum)
    return Noise(
        word=_rate_noise({"score": spread + late, "background": background or 0.0, "steal": steal or 0.0}),
        score=spread + late,
        spread=spread,
        late=late,
        worst_pause_ms=max(max(core_times) - median(core_times) for core_times in times.values()) / 1e6,
        steal=steal,
        background_cores=background,
        cores=[core for core in times if core is not None],
        repetitions=sum(map(len, times.values())),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _spread_and_late(times: Sequence[int]) -> tuple[float, float]:
    """Spread and late share, in percent."""
    middle = median(times)
    lower, _, upper = quantiles(times, n=4, method="inclusive") if len(times) > 1 else (middle, middle, middle)
    late = sum(time_ns > LATE_FACTOR * middle for time_ns in times)
    return 100 * (upper - lower) / middle, 100 * late / len(times)


def _rate_noise(values: Mapping[str, float]) -> Literal["quiet", "usable", "noisy"]:
    if all(values[name] < limit for name, limit in QUIET_BELOW.items()):
        return "quiet"
    return "usable" if all(values[name] < limit for name, limit in USABLE_BELOW.items()) else "noisy"
