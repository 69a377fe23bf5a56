"""The processor time of each arm, of what it waited for, and of other programs meanwhile.

The values are sums over all samples of an arm, never means of single samples: a sample may take a millisecond, and a
clock tick takes ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.formatting import format_cores, format_percent
from bench.values.samples import Repetition, Sample

CLOCK_TICK_S = 0.01
"""Resolution of the time for which the kernel counts the processors as busy."""
MIN_WINDOW_S = 50 * CLOCK_TICK_S
"""Shortest duration of all samples of an arm together from which the load of other programs is judged. A core that is
busy half of the time is counted with a standard error of 0.07 cores over 50 ticks."""
MAX_NEGATIVE_LOAD_CORES = 0.10
"""A load of other programs below minus this many cores shows that the counters of the system contradict each other."""


def measure_background_cores(samples: Sequence[Sample]) -> float | None:
    """Number of cores that other programs kept busy during all `samples` together.

    None if it is not known, see `explain_unknown_load`. It can be slightly negative, because two clocks measure the two
    times.
    """
    return None if explain_unknown_load(samples) else _count_background_cores(samples)


def explain_unknown_load(samples: Sequence[Sample]) -> str:
    """Why the load of other programs during `samples` is not known; empty if it is."""
    if any(sample.repetition.machine_busy_s is None for sample in samples):
        return "the system does not report the load of other programs"
    if sum(sample.repetition.wall_s for sample in samples) < MIN_WINDOW_S:
        return (
            f"the samples of an arm together took less than {MIN_WINDOW_S:g} s, which is too short for the clock ticks "
            "that load is counted in"
        )
    if _count_background_cores(samples) < -MAX_NEGATIVE_LOAD_CORES:
        return "the system reports less load of the machine than the arm alone caused"
    return ""


def _count_background_cores(samples: Sequence[Sample]) -> float:
    repetitions = [sample.repetition for sample in samples]
    others_s = sum((repetition.machine_busy_s or 0.0) - repetition.cpu_s for repetition in repetitions)
    return others_s / sum(repetition.wall_s for repetition in repetitions)


@dataclass(frozen=True, slots=True)
class ProcessorUse:
    """The processor time of one arm over a number of samples."""

    cores: int
    """Number of cores of the arm."""
    wall_s: float
    cpu_s: float
    lacking_s: float
    """Time for which the arm lacked a processor, for whatever reason."""
    by_others_s: float
    """The part of it that other programs or a CPU quota can have caused."""
    wait_s: float
    """The part of it that disturbed the arm: all, or that by others if the arm has so many threads that they wait for
    each other."""
    has_helpers: bool
    """Whether other processes work for the arm."""

    @property
    def wait_share(self) -> float:
        """Share of the time in which the arm's threads could run that a disturbance kept them from a processor."""
        return self._share(self.wait_s)

    @property
    def lacking_share(self) -> float:
        """The same for all waiting, also of the threads of the arm for each other."""
        return self._share(self.lacking_s)

    def _share(self, wait_s: float) -> float:
        # Several threads wait at the same time: while an arm runs on more than one core on average, a second of waiting
        # costs less than a second of wall time.
        longest_s = max(self.wall_s, self.cpu_s + self.lacking_s)
        return wait_s / longest_s if longest_s else 0.0

    @property
    def is_caused_by_others(self) -> bool:
        """Whether other programs or a quota can have caused most of the waiting."""
        return self.by_others_s >= self.lacking_s / 2

    def describe(self) -> str:
        """Such as `waited for a processor in 77 % of the time in which its threads could run and used 0.23 of 1
        core`."""
        used = self.cpu_s / self.wall_s if self.wall_s else 0.0
        return (
            f"waited for a processor in {format_percent(self.wait_share, 0)} of the time in which its threads could "
            f"run and used {used:.2f} of {format_cores(self.cores)}"
        )


def measure_processor_use(samples: Sequence[Sample]) -> ProcessorUse | None:
    """The processor time of one arm; None without samples, or if the system did not report the waiting.

    An arm that keeps all its cores busy got all it could, so it lacked at most what was left of its cores. If no more
    threads than cores waited while a core was idle, they were packed on too few cores, by a program that set their
    affinity or by the kernel. Either way the arm did not run as the plan says.

    More threads than cores, such as those of TensorFlow, and helper processes, such as those of Ray, also wait for each
    other, which belongs to how the arm works. Of their waiting, other programs can have caused at most as much as they
    used processor time, if that is known, and a CPU quota as much as it stopped the arm.
    """
    repetitions = [sample.repetition for sample in samples]
    if not repetitions or any(repetition.run_delay_s is None for repetition in repetitions):
        return None
    wall_s, cpu_s = (sum(getattr(repetition, name) for repetition in repetitions) for name in ("wall_s", "cpu_s"))
    lacking_s = sum(_measure_lacking_s(sample) for sample in samples)
    background_cores = measure_background_cores(samples)
    by_others_s = lacking_s
    if background_cores is not None and not all(_is_alone(repetition) for repetition in repetitions):
        throttled_s = sum(repetition.throttled_s or 0.0 for repetition in repetitions)
        by_others_s = min(lacking_s, max(0.0, background_cores) * wall_s + throttled_s)
    has_helpers = any(repetition.helper_processes for repetition in repetitions)
    is_crowded = has_helpers or median(repetition.threads for repetition in repetitions) > samples[0].cores
    wait_s = by_others_s if is_crowded else lacking_s
    return ProcessorUse(samples[0].cores, wall_s, cpu_s, lacking_s, by_others_s, wait_s, has_helpers)


def _is_alone(repetition: Repetition) -> bool:
    """A single thread cannot wait for another of its arm, so all its waiting is for others, also for programs that
    sleep at every clock tick and are not counted in the load."""
    return repetition.threads <= 1 and repetition.helper_processes == 0


def _measure_lacking_s(sample: Sample) -> float:
    """Time for which the arm lacked a processor during one sample."""
    repetition = sample.repetition
    idle_s = max(0.0, sample.cores * repetition.wall_s - repetition.cpu_s)
    return min(repetition.run_delay_s or 0.0, idle_s)


def estimate_median_without_waiting(samples: Sequence[Sample], step: str) -> float:
    """The median time of a step, had no disturbance kept a sample from a processor; 0 if unknown.

    It assumes that the waiting was spread evenly over the steps of a sample.
    """
    use = measure_processor_use(samples)
    if use is None:
        return 0.0
    judged_share = use.wait_s / use.lacking_s if use.lacking_s else 0.0
    times_s: list[float] = []
    for sample in samples:
        repetition, lacking_s = sample.repetition, _measure_lacking_s(sample)
        longest_s = max(repetition.wall_s, repetition.cpu_s + lacking_s)
        share = judged_share * lacking_s / longest_s if longest_s else 0.0
        times_s.append(sample.seconds(step) * (1 - share))
    return median(times_s)
