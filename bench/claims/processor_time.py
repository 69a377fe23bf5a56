"""The rules about processor time: whether each arm got the processors that it asked for, and the same ones of a quota.

The values are sums over all samples of an arm, never means of single samples: a sample may take a millisecond, and a
clock tick takes ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.claims.best_core_counts import find_best_core_counts
from bench.claims.rule import RuleContext, RuleResult, define_rule, pass_rule
from bench.formatting import format_cores, format_duration, format_ratio
from bench.values import TOTAL, Arm, Outcome, Phase, Repetition, Sample

CLOCK_TICK_S = 0.01
"""Resolution of the time for which the kernel counts the processors as busy."""
MIN_WINDOW_S = 50 * CLOCK_TICK_S
"""Shortest duration of all samples of an arm together from which the load of other programs is judged. A core that is
busy half of the time is counted with a standard error of 0.07 cores over 50 ticks."""
MAX_NEGATIVE_LOAD_CORES = 0.10
"""A load of other programs below minus this many cores shows that the counters of the system contradict each other."""
MAX_WAIT_SHARE = 0.25
"""A larger share of an arm's wall time spent waiting for a processor refuses the claim."""
MAX_QUIET_WAIT_SHARE = 0.10
"""A larger share is a note. A browser that shows the race on the same two cores causes about 15 % in both arms."""
MAX_RATIO_CHANGE = 1.05
"""A ratio that the waiting changes by a larger factor refuses the claim."""
MAX_THROTTLED_SHARE = 0.10
"""A larger share of the requested processor time that a CPU quota withheld refuses the claim."""
MAX_THROTTLED_DIFFERENCE = 0.05
"""A larger difference of these shares between the arms refuses the claim."""


def measure_background_cores(samples: Sequence[Sample]) -> float | None:
    """Number of cores that other programs kept busy during all `samples` together.

    None if the system does not report it, if the samples are too short for its clock ticks, or if its counters
    contradict the CPU time of the arm. It can be slightly negative, because two clocks measure the two times.
    """
    known = [sample.repetition for sample in samples if sample.repetition.machine_busy_s is not None]
    window_s = sum(repetition.wall_s for repetition in known)
    if window_s < MIN_WINDOW_S:
        return None
    cores = sum((repetition.machine_busy_s or 0.0) - repetition.cpu_s for repetition in known) / window_s
    return cores if cores >= -MAX_NEGATIVE_LOAD_CORES else None


@dataclass(frozen=True, slots=True)
class ProcessorUse:
    """The processor time of one arm over a number of samples."""

    cores: int
    """Number of cores of the arm."""
    wall_s: float
    cpu_s: float
    own_wait_s: float
    """Time for which the arm lacked a processor, for whatever reason."""
    wait_s: float
    """The part of it that other programs or a CPU quota can have caused."""

    @property
    def wait_share(self) -> float:
        """Share of the wall time that the arm spent waiting for a processor, because of other programs or a quota."""
        return self._share(self.wait_s)

    @property
    def own_wait_share(self) -> float:
        """The same for all waiting, also of the threads of the arm for each other."""
        return self._share(self.own_wait_s)

    def _share(self, wait_s: float) -> float:
        # Several threads wait at the same time: while an arm runs on more than one core on average, a second of waiting
        # costs less than a second of wall time.
        longest_s = max(self.wall_s, self.cpu_s + self.own_wait_s)
        return wait_s / longest_s if longest_s else 0.0

    def describe(self) -> str:
        """Such as `waited for a processor during 77% of the wall time and used 0.23 of 1 core`."""
        used = self.cpu_s / self.wall_s if self.wall_s else 0.0
        return f"waited for a processor during {self.wait_share:.0%} of the wall time and used {used:.2f} of " + (
            format_cores(self.cores)
        )


def measure_processor_use(samples: Sequence[Sample]) -> ProcessorUse | None:
    """The processor time of one arm; None without samples, or if the system did not report the waiting.

    Threads also wait for each other, if an arm has more of them than cores. That is not a lack of processors: an arm
    that keeps all its cores busy got all it could. So the arm lacked at most what was left of its cores. Of that, other
    programs can have caused at most as much as they used processor time, if that is known, and a CPU quota as much as
    it stopped the arm. An arm of a single thread cannot wait for itself, so all its waiting is theirs: programs that
    sleep at every clock tick are not counted in the load of other programs.
    """
    repetitions = [sample.repetition for sample in samples]
    if not repetitions or any(repetition.run_delay_s is None for repetition in repetitions):
        return None
    cores = samples[0].cores
    wall_s, cpu_s = (sum(getattr(repetition, name) for repetition in repetitions) for name in ("wall_s", "cpu_s"))
    own_wait_s = sum(_lacking_s(sample) for sample in samples)
    background_cores = measure_background_cores(samples)
    others_s = float("inf")
    if background_cores is not None and not all(_has_single_thread(repetition) for repetition in repetitions):
        throttled_s = sum(repetition.throttled_s or 0.0 for repetition in repetitions)
        others_s = max(0.0, background_cores) * wall_s + throttled_s
    return ProcessorUse(cores, wall_s, cpu_s, own_wait_s, min(own_wait_s, others_s))


def _has_single_thread(repetition: Repetition) -> bool:
    return repetition.threads <= 1 and repetition.helper_processes == 0


def _lacking_s(sample: Sample) -> float:
    """Time for which the arm lacked a processor during one sample."""
    repetition = sample.repetition
    idle_s = max(0.0, sample.cores * repetition.wall_s - repetition.cpu_s)
    return min(repetition.run_delay_s or 0.0, idle_s)


def estimate_median_without_waiting(samples: Sequence[Sample], step: str) -> float:
    """The median time of a step, had no sample waited because of other programs or a CPU quota; 0 if unknown.

    It assumes that the waiting was spread evenly over the steps of a sample.
    """
    use = measure_processor_use(samples)
    if use is None:
        return 0.0
    by_others = use.wait_s / use.own_wait_s if use.own_wait_s else 0.0
    times_s: list[float] = []
    for sample in samples:
        repetition, lacking_s = sample.repetition, _lacking_s(sample)
        longest_s = max(repetition.wall_s, repetition.cpu_s + lacking_s)
        share = by_others * lacking_s / longest_s if longest_s else 0.0
        times_s.append(sample.seconds(step) * (1 - share))
    return median(times_s)


@define_rule("Each arm got the processor", "Bailey 11, SC15 rule 9", refuses=True)
def got_processor(context: RuleContext) -> RuleResult:
    """An arm that shares its cores with other programs waits for them, and its time is partly theirs.

    If one arm waits more than the other, the ratio compares the waiting. Samples that are shorter than a time slice of
    the kernel often escape the waiting and longer ones never do, so load makes the faster arm look faster still. The
    kernel reports to the nanosecond how long threads that could run had to wait. A claim is refused if an arm waited
    during more than 25 % of its wall time, or if the ratio without the waiting differs by more than 5 % from the
    measured one, which is about as much as the interval that a race aims at. More than 10 % is a note. Waiting that
    other programs cannot have caused, because they used less processor time, does not count: several threads of an arm
    also wait for each other.
    """
    run = context.run
    racing = {arm: run.samples_of(arm) for arm in Arm}
    baseline, accelerated = (measure_processor_use(samples) for samples in racing.values())
    if baseline is None or accelerated is None:
        seen = "not known: no record of how long the arms waited for a processor"
        return Outcome.ANNOTATED, seen, "Run again on Linux while no other program runs."
    seen = f"the baseline arm {baseline.describe()}, the accelerated arm {accelerated.describe()}"
    refused = max(baseline.wait_share, accelerated.wait_share) > MAX_WAIT_SHARE
    if change := _describe_change(racing, context.step, context.comparison.ratio.value):
        seen, refused = f"{seen}; {change}", True
    if run.best_ratio is not None and run.core_counts:
        counts = {arm: count.cores for arm, count in find_best_core_counts(run.core_counts).items()}
        best = {arm: [s for s in run.samples_of(arm, Phase.CORES) if s.cores == count] for arm, count in counts.items()}
        known = [use for use in map(measure_processor_use, best.values()) if use is not None]
        if any(use.wait_share > MAX_WAIT_SHARE for use in known):
            shares = " and ".join(f"{use.wait_share:.0%}" for use in known)
            seen, refused = f"{seen}; at the best core counts they waited during {shares} of the wall time", True
        if change := _describe_change(best, TOTAL, run.best_ratio.value):
            seen, refused = f"{seen}; at the best core counts, {change}", True
    if refused:
        remedy = (
            "Close other programs that use the same cores, raise the CPU quota if one stopped an arm, and run again."
        )
        return Outcome.REFUSED, seen, remedy
    if max(baseline.wait_share, accelerated.wait_share) > MAX_QUIET_WAIT_SHARE:
        remedy = "Close other programs that use the same cores: both times are longer than on a quiet machine."
        return Outcome.ANNOTATED, f"{seen}, which changes the ratio by less than {MAX_RATIO_CHANGE - 1:.0%}", remedy
    own = [baseline.own_wait_share, accelerated.own_wait_share]
    if max(own) > MAX_QUIET_WAIT_SHARE:
        seen += f"; threads of one arm waited for each other during {own[0]:.0%} and {own[1]:.0%}"
        return Outcome.ANNOTATED, seen, "Use fewer threads, or more cores."
    return pass_rule(seen)


def _describe_change(samples: Mapping[Arm, Sequence[Sample]], step: str, measured: float) -> str:
    """How the waiting changed the ratio of a step, if it did so by more than MAX_RATIO_CHANGE; otherwise empty."""
    baseline_s, accelerated_s = (estimate_median_without_waiting(samples[arm], step) for arm in Arm)
    if not baseline_s or not accelerated_s:
        return ""
    without = baseline_s / accelerated_s
    if 1 / MAX_RATIO_CHANGE <= measured / without <= MAX_RATIO_CHANGE:
        return ""
    return f"without the waiting the ratio would be {format_ratio(without)}, not {format_ratio(measured)}"


@define_rule("No CPU quota stopped an arm", "Bailey 11, SC15 rule 9", refuses=True)
def not_throttled(context: RuleContext) -> RuleResult:
    """A container whose CPU quota is used up is stopped until the next period, usually for some tens of milliseconds.

    The arm that uses more cores is stopped more often, so the ratio depends on the quota. A claim is refused if the
    quota withheld more than 10 % of the requested processor time from an arm, or if the arms' shares differ by more
    than 5 percentage points. Less throttling adds a note.
    """
    quota = context.run.machine.limits.cpu_quota
    limit = "no CPU quota" if quota is None else f"a CPU quota of {quota:g} cores"
    samples = {arm: context.run.samples_of(arm) for arm in Arm}
    repetitions = {arm: [sample.repetition for sample in taken] for arm, taken in samples.items()}
    if any(repetition.throttled_s is None for taken in repetitions.values() for repetition in taken):
        if quota is None:
            return pass_rule(f"{limit}; whether a quota stopped an arm is not known")
        remedy = "Run again where the control group reports throttling (cpu.stat)."
        return Outcome.ANNOTATED, f"{limit}; whether it stopped an arm is not known", remedy
    withheld_s = {arm: sum(repetition.throttled_s or 0.0 for repetition in taken) for arm, taken in repetitions.items()}
    periods = {
        arm: sum(repetition.throttled_periods or 0 for repetition in taken) for arm, taken in repetitions.items()
    }
    shares: dict[Arm, float] = {}
    for arm, taken in samples.items():
        requested_s = sum(sample.cores * sample.repetition.wall_s for sample in taken)
        shares[arm] = withheld_s[arm] / requested_s if requested_s else 0.0
    if not any(periods.values()) and not any(withheld_s.values()):
        return pass_rule(f"{limit}; no arm was stopped")
    amounts = " and ".join(
        f"the {arm} arm for {format_duration(withheld_s[arm])} in {periods[arm]} periods ({shares[arm]:.0%})"
        for arm in Arm
    )
    seen = f"{limit}; it stopped {amounts}"
    remedy = "Raise the CPU quota of the container or service, or run on fewer cores."
    apart = abs(shares[Arm.BASELINE] - shares[Arm.ACCELERATED])
    if max(shares.values()) > MAX_THROTTLED_SHARE or apart > MAX_THROTTLED_DIFFERENCE:
        return Outcome.REFUSED, seen, remedy
    return Outcome.ANNOTATED, seen, remedy
