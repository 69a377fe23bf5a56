"""The rule against arms that are stopped: their CPU time is that of an undisturbed arm, and their wall time is not."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.claims.processor_time import MAX_RATIO_CHANGE, is_changed
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule, refuse
from bench.formatting import format_percent, format_ratio
from bench.values.base import Arm
from bench.values.samples import TOTAL, Sample, StepTime

MAX_PAUSE_SHARE = 0.10
"""A larger share of an arm's time in which none of its threads ran or waited for a processor refuses the claim, if it
changes the ratio. So does a larger share of samples in which the arm was stopped."""
NOT_JUDGED = "Interruptions are not judged here"


@define_rule(
    "Each arm ran without interruption",
    "Bailey 11, SC15 rule 9",
    noted="Not known whether an arm was interrupted",
    refused="An arm was interrupted",
    limits=(
        f"Refuses if nothing of an arm ran in more than {format_percent(MAX_PAUSE_SHARE, 0)} of its time, and the "
        f"ratio without these pauses differs by more than {format_percent(MAX_RATIO_CHANGE - 1, 0)}; or if it was "
        f"stopped in more than {format_percent(MAX_PAUSE_SHARE, 0)} of its samples."
    ),
)
def ran_without_interruption(context: RuleContext) -> RuleResult:
    """A process that is stopped, or that waits for a disk, needs more time for the same work. Its processor time per
    call stays the same."""
    run, steps = context.run, _list_steps(context)
    samples = {arm: run.samples_of(arm) for arm in Arm}
    stopped = {arm: _measure_stopped_share(taken) for arm, taken in samples.items()}
    if max(stopped.values()) > MAX_PAUSE_SHARE:
        values = " and ".join(format_percent(share, 0) for share in stopped.values())
        seen = f"the arms were stopped and continued in {values} of their samples"
        return refuse(seen, "Find out which program sends SIGSTOP or traces the arms, and run again.")
    waiting = [step.label for step in run.snapshot.steps if step.waits_for_files and step.name in steps]
    if waiting:
        return pass_rule(f"{', '.join(waiting)} may wait for files", title=NOT_JUDGED)
    helpers = [sample.repetition.helper_processes for taken in samples.values() for sample in taken]
    if None in helpers:
        remedy = "Run the plan again: this version counts the processes of an arm."
        return note("how many processes an arm had was not recorded", remedy)
    # Threads of one process keep a core busy between them. Processes also wait for messages of each other.
    if any(helpers) or any(prepared.service for prepared in run.prepared):
        return pass_rule("an arm has several processes, which may wait for each other", title=NOT_JUDGED)
    is_total = context.step == TOTAL
    shares = {arm: _measure_pause_share(taken, steps, is_total=is_total) for arm, taken in samples.items()}
    values = " and ".join(format_percent(share, 0) for share in shares.values())
    seen = f"nothing of the arms ran in {values} of their time, and nobody stopped them"
    measured = context.comparison.ratio.value
    without = measured * (1 - shares[Arm.BASELINE]) / (1 - shares[Arm.ACCELERATED])
    if max(shares.values()) > MAX_PAUSE_SHARE and is_changed(measured, without):
        seen += f"; without these pauses the ratio would be {format_ratio(without)}, not {format_ratio(measured)}"
        return refuse(seen, "Find out what stopped or delayed the arm (SIGSTOP, a disk, a lock), and run again.")
    return pass_rule(seen)


def _list_steps(context: RuleContext) -> set[str]:
    if context.step != TOTAL:
        return {context.step}
    return {step.name for step in context.run.snapshot.steps if not step.excluded_from_total}


def _measure_stopped_share(samples: Sequence[Sample]) -> float:
    """Share of the samples in which somebody stopped the arm, 0 to 1; 0 if that was not recorded."""
    return sum(bool(sample.repetition.was_stopped) for sample in samples) / len(samples) if samples else 0.0


def _measure_pause_share(samples: Sequence[Sample], steps: set[str], *, is_total: bool) -> float:
    """By how much the median time of the steps is longer than it would be without pauses, as a share of it.

    The total includes the time between the steps.
    """
    times_s: list[float] = []
    running_s: list[float] = []
    for sample in samples:
        timed = [time for time in sample.repetition.steps if time.step in steps]
        seconds = sum(time.seconds for time in timed)
        running = seconds * _measure_running_share(sample, timed)
        if is_total:
            seconds += sample.repetition.other_s
            running += min(sample.repetition.other_s, _measure_other_cpu_s(sample))
        times_s.append(seconds)
        running_s.append(running)
    longest_s = median(times_s)
    # Of at least a thousandth, so that a ratio without the pauses is defined.
    return min(0.999, 1 - median(running_s) / longest_s) if longest_s else 0.0


def _measure_other_cpu_s(sample: Sample) -> float:
    """CPU time between the steps. Calls that were not timed belong to the steps."""
    steps = sample.repetition.steps
    timed_s = sum(time.cpu_s * (time.calls + time.untimed_calls) for time in steps)
    return max(0.0, sample.repetition.cpu_s - timed_s)


def _measure_running_share(sample: Sample, timed: Sequence[StepTime]) -> float:
    """Share of the time of some steps of a sample, 0 to 1, in which a thread ran or is known to have been kept from it.

    Waiting for a processor and throttling are sums over the arm's threads. Steal is one over all busy processors of
    the machine, of which the arm has its share. They are known for the whole repetition, and assumed to be spread
    evenly.
    """
    repetition = sample.repetition
    wall_s = sum(time.seconds * time.calls for time in timed)
    if not wall_s:
        return 1.0
    busy_share = min(1.0, repetition.cpu_s / repetition.machine_busy_s) if repetition.machine_busy_s else 1.0
    of_threads_s = sum(value or 0.0 for value in (repetition.run_delay_s, repetition.throttled_s))
    kept_s = of_threads_s / max(1, repetition.threads) + (repetition.steal_s or 0.0) * busy_share
    kept_share = kept_s / repetition.wall_s if repetition.wall_s else 0.0
    return min(1.0, sum(time.cpu_s * time.calls for time in timed) / wall_s + kept_share)
