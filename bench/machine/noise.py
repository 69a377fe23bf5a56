"""How quiet this machine is at rest: `python -m bench.machine.noise` measures it in a process of its own and prints JSON.

A fixed piece of integer arithmetic, about half a millisecond of pure Python, is timed over and over for half a second
on each of up to four cores in turn. On a quiet machine it takes the same time each time.

The score, in percent, is the sum of two numbers, of the core on which that sum is the worst:
- the spread: interquartile range over the median, how much ordinary repetitions differ;
- the late share: how many repetitions took over 10 % longer than the median, because something came between.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Literal

from pydantic import Field, ValidationError

from bench.machine.limits import usable_cores
from bench.paths import ROOT
from bench.system.cpu_time import machine_busy_and_steal_s
from bench.values import Value

CORE_S = 0.5
"""How long one core is timed, the warm-up before it included."""
WARM_UP_S = 0.05
"""For the processor's frequency to rise, and for the move to the core to be over."""
MAX_CORES = 4
STEP_TURNS = 8_000
"""Turns of the loop that is timed."""
LATE_FACTOR = 1.1
"""From how many medians a repetition counts as late."""
MAX_PROCESS_S = 20.0
"""How long the process may take in all; nearly all of it for its start on a very busy machine."""

QUIET_BELOW = {"score": 5.0, "background": 0.1, "steal": 0.01}
"""Score in percent, background in cores, steal as a share. Where repetitions spread by s percent, the interval of the
ratio of two medians of n each reaches about 2.6 s / sqrt(n) percent to either side (normal times, 95 %): below 5, some
20 pairs show a difference of 3 %."""
USABLE_BELOW = {"score": 20.0, "background": 0.5, "steal": 0.05}
"""Below 20, some 30 pairs still show a difference of 10 %; above, only large ratios come out of a short run. Half a
busy core is a quarter of the smallest machine that Fairlap runs on."""


class NoiseError(RuntimeError):
    """The noise could not be measured; the message says why."""


class Noise(Value):
    """The machine at rest."""

    word: Literal["quiet", "usable", "noisy"]
    """The worst of what score, background load and steal each say: see `QUIET_BELOW` and `USABLE_BELOW`."""
    score: float = Field(ge=0)
    """Percent: spread and late share together, of the worst core."""
    spread: float = Field(ge=0)
    """Percent: interquartile range over the median, of that core."""
    late: float = Field(ge=0, le=100)
    """Percent of that core's repetitions that took over 10 % longer than the median."""
    worst_pause_ms: float = Field(ge=0)
    """The longest time over the median that one repetition took, on any core."""
    steal: float | None = Field(default=None, ge=0, le=1)
    """Share of the measured core's time that the hypervisor took; None where the system does not tell."""
    background_cores: float | None = Field(default=None, ge=0)
    """Cores that other programs kept busy meanwhile; None where the system does not tell."""
    cores: list[int]
    """The cores that were measured; empty where the system does not let a process choose its core."""
    repetitions: int
    at: str
    """When, ISO 8601, UTC."""


def measure_noise(limit_s: float = MAX_PROCESS_S, cores: Sequence[int] = ()) -> Noise:
    """Measure in a process of its own, for about half a second a core and at most two; `NoiseError` if that fails.

    `cores` are those to look at, where they are not all that this process may use.
    """
    command = [sys.executable, "-m", "bench.machine.noise", *map(str, cores)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=True,
        )
        return Noise.model_validate_json(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise NoiseError(f"measuring the noise took over {limit_s:g} s: is the machine overloaded?") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NoiseError(f"measuring the noise failed with exit code {error.returncode}: {last}") from error
    except ValidationError as error:
        raise NoiseError(f"measuring the noise gave no result that can be read: {done.stdout[:200]!r}") from error
    except OSError as error:
        raise NoiseError(f"measuring the noise could not start: {error}") from error


def measure_noise_in_process(cores: Sequence[int] = ()) -> Noise:
    """Measure in this process, which gets pinned to one core after the other."""
    cores = select_evenly(cores or usable_cores(), MAX_CORES) if hasattr(os, "sched_setaffinity") else []
    ticks, used, began = machine_busy_and_steal_s(), time.process_time(), time.monotonic()
    times = {core: time_steps(core) for core in cores} or {None: time_steps(None)}
    seconds, used, later = time.monotonic() - began, time.process_time() - used, machine_busy_and_steal_s()
    steal = background = None
    if ticks and later:
        background = max(0.0, later[0] - ticks[0] - used) / seconds
        steal = min(1.0, max(0.0, later[1] - ticks[1]) / seconds)
    return assess_noise(times, steal, background)


def select_evenly(cores: Sequence[int], most: int) -> list[int]:
    """At most so many of the cores, evenly spread."""
    count = min(len(cores), most)
    return [cores[place * len(cores) // count] for place in range(count)]


def time_steps(core: int | None) -> list[int]:
    """Nanoseconds of each repetition on one core, end to end, so that no pause falls between two; None for any core."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    collecting = gc.isenabled()
    gc.disable()
    try:
        _repeat(WARM_UP_S)
        return _repeat(CORE_S - WARM_UP_S)
    finally:
        if collecting:
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
    for _ in range(STEP_TURNS):
        number = (number * 1_103_515_245 + 12_345) & 0x3FFF_FFFF
    return number


def assess_noise(times: Mapping[int | None, Sequence[int]], steal: float | None, background: float | None) -> Noise:
    """The noise in the repetitions of each core, in nanoseconds."""
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
    """Both in percent."""
    middle = median(times)
    lower, _, upper = quantiles(times, n=4, method="inclusive") if len(times) > 1 else (middle, middle, middle)
    late = sum(one > LATE_FACTOR * middle for one in times)
    return 100 * (upper - lower) / middle, 100 * late / len(times)


def _rate_noise(seen: Mapping[str, float]) -> Literal["quiet", "usable", "noisy"]:
    if all(seen[name] < limit for name, limit in QUIET_BELOW.items()):
        return "quiet"
    return "usable" if all(seen[name] < limit for name, limit in USABLE_BELOW.items()) else "noisy"


if __name__ == "__main__":
    print(measure_noise_in_process([int(core) for core in sys.argv[1:]]).model_dump_json())
