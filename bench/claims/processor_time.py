"""The rules about processor time: whether each arm got the processors that it asked for, and kept them."""

from __future__ import annotations

from bench.claims.processor_use import ProcessorUse, estimate_median_without_waiting, measure_processor_use
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule, refuse
from bench.formatting import format_count, format_duration, format_percent, format_ratio
from bench.values.base import Arm

MAX_WAIT_SHARE = 0.25
"""A larger share of the time in which an arm's threads could run that they waited for a processor refuses the claim."""
MAX_QUIET_WAIT_SHARE = 0.10
"""A larger share is a note. A browser that shows the race on the same two cores causes about 15 % in both arms."""
MAX_RATIO_CHANGE = 1.05
"""A ratio that a disturbance changes by a larger factor refuses the claim: about the interval that a race aims at."""
MAX_THROTTLED_SHARE = 0.10
"""A larger share of the requested processor time that a CPU quota withheld refuses the claim."""
MAX_THROTTLED_DIFFERENCE = 0.05
"""A larger difference of these shares between the arms refuses the claim."""


@define_rule(
    "Each arm got the processor",
    "Bailey 11, SC15 rule 9",
    noted="The arms waited for the processor",
    refused="An arm waited for the processor",
    limits=(
        f"Refuses if an arm waited in more than {format_percent(MAX_WAIT_SHARE, 0)} of the time in which its threads "
        f"could run, or if the ratio without the waiting differs by more than "
        f"{format_percent(MAX_RATIO_CHANGE - 1, 0)}. More than {format_percent(MAX_QUIET_WAIT_SHARE, 0)} is a note."
    ),
)
def got_processor(context: RuleContext) -> RuleResult:
    """An arm that shares its cores waits for them. Short samples often escape the waiting and long ones never do, so
    load makes the faster arm look faster still."""
    racing = {arm: context.run.samples_of(arm) for arm in Arm}
    baseline, accelerated = (measure_processor_use(samples) for samples in racing.values())
    if baseline is None or accelerated is None:
        title = "Not known whether the arms waited for the processor"
        remedy = "Run again on Linux while no other program runs."
        return note("no record of how long the arms waited for a processor", remedy, title=title)
    seen = f"the baseline arm {baseline.describe()}, the accelerated arm {accelerated.describe()}"
    most = max(baseline, accelerated, key=lambda use: use.wait_share)
    measured = context.comparison.ratio.value
    times_s = [estimate_median_without_waiting(samples, context.step) for samples in racing.values()]
    without = times_s[0] / times_s[1] if all(times_s) else measured
    if changed := is_changed(measured, without):
        seen += f"; without the waiting the ratio would be {format_ratio(without)}, not {format_ratio(measured)}"
    if changed or most.wait_share > MAX_WAIT_SHARE:
        return refuse(seen, _advise(most))
    own = [use.lacking_share for use in (baseline, accelerated)]
    if max(own) > MAX_QUIET_WAIT_SHARE and max(own) > most.wait_share:
        shares = " and ".join(format_percent(share, 0) for share in own)
        seen += f"; threads of one arm waited for each other in {shares}"
        # Processes also wait for messages of each other, but threads of one process wait so long only on too few cores.
        is_packed = any(use.lacking_share > MAX_WAIT_SHARE and not use.has_helpers for use in (baseline, accelerated))
        remedy = "Run again, or use fewer threads: several of them shared a core while another was idle."
        title = "Threads of an arm waited for each other"
        return (refuse if is_packed else note)(seen, remedy, title=title)
    if most.wait_share > MAX_QUIET_WAIT_SHARE:
        seen += f", which changes the ratio by less than {format_percent(MAX_RATIO_CHANGE - 1, 0)}"
        return note(seen, _advise(most))
    return pass_rule(seen)


def is_changed(measured: float, without: float) -> bool:
    """Whether a disturbance, without which the ratio would be `without`, changed it too much for a claim."""
    return not 1 / MAX_RATIO_CHANGE <= measured / without <= MAX_RATIO_CHANGE


def _advise(use: ProcessorUse) -> str:
    if use.is_caused_by_others:
        return "Close other programs that use the same cores, raise the CPU quota if one stopped an arm, and run again."
    return "Threads of the arm shared a core while another core was idle: run again, or use fewer cores."


@define_rule(
    "No CPU quota stopped an arm",
    "Bailey 11, SC15 rule 9",
    noted="A CPU quota stopped an arm for a short time",
    refused="A CPU quota stopped an arm",
    limits=(
        f"Refuses if a quota withheld more than {format_percent(MAX_THROTTLED_SHARE, 0)} of the requested processor "
        f"time from an arm, or if the arms' shares differ by more than "
        f"{format_percent(MAX_THROTTLED_DIFFERENCE, 0)} of it. Less is a note."
    ),
)
def not_throttled(context: RuleContext) -> RuleResult:
    """A container whose CPU quota is used up is stopped until the next period. The arm that uses more cores is stopped
    more often, so the ratio depends on the quota."""
    quota = context.run.machine.limits.cpu_quota
    limit = "no CPU quota of this process" if quota is None else f"a CPU quota of {quota:g} cores"
    samples = {arm: context.run.samples_of(arm) for arm in Arm}
    repetitions = {arm: [sample.repetition for sample in taken] for arm, taken in samples.items()}
    if any(repetition.throttled_s is None for taken in repetitions.values() for repetition in taken):
        remedy = "Run again where the control group reports throttling (cpu.stat)."
        title = "Not known whether a CPU quota stopped an arm"
        return note(f"the control group does not report it; {limit}", remedy, title=title)
    withheld_s = {arm: sum(repetition.throttled_s or 0.0 for repetition in taken) for arm, taken in repetitions.items()}
    periods = {
        arm: sum(repetition.throttled_periods or 0 for repetition in taken) for arm, taken in repetitions.items()
    }
    shares: dict[Arm, float] = {}
    for arm, taken in samples.items():
        requested_s = sum(sample.cores * sample.repetition.wall_s for sample in taken)
        shares[arm] = withheld_s[arm] / requested_s if requested_s else 0.0
    amounts = [
        f"the {arm} arm for {format_duration(withheld_s[arm])} in {format_count(periods[arm], 'period')} "
        f"({format_percent(shares[arm])})"
        for arm in Arm
        if periods[arm] or withheld_s[arm]
    ]
    if not amounts:
        return pass_rule(f"{limit}; no arm was stopped")
    owner = "a quota of another group" if quota is None else limit
    seen = f"{owner} stopped {' and '.join(amounts)}"
    remedy = "Raise the CPU quota of the container or service, or run on fewer cores."
    apart = abs(shares[Arm.BASELINE] - shares[Arm.ACCELERATED])
    if max(shares.values()) > MAX_THROTTLED_SHARE or apart > MAX_THROTTLED_DIFFERENCE:
        return refuse(seen, remedy)
    return note(seen, remedy)
