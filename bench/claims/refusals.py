"""TODO: bench.claims.verdict.refusals."""

from __future__ import annotations

from bench.claims.evidence import decide_engagement
from bench.claims.quality import decide_accuracy, describe_quality, select_common_measures
from bench.claims.rule import RuleContext, define_rule, pass_rule
from bench.claims.speed import decide_speed
from bench.formatting import format_cores, format_duration
from bench.run.events import State
from bench.run.record import Run
from bench.values import TOTAL, Accuracy, Arm, Engagement, Outcome, Service, Speed

MAX_BACKGROUND_DIFFERENCE_CORES = 0.20
"""Difference of background load between the arms, in cores, from which they did not race under the same conditions."""


MAX_BACKGROUND_STANDARD_ERRORS = 3.0
"""... and by how many standard errors it must exceed what chance makes of it."""


MAX_BACKGROUND_CORES = 0.3
"""Background load, in cores, from which it is worth a note even where it is the same beside both arms."""


MIN_PAIRS = 8
"""Pairs below which no interval is believed."""


@define_rule("Absolute times of both arms", "Bailey 9, SC15 rule 1", refuses=True)
def absolute_baseline(context: RuleContext) -> tuple[Outcome, str, str]:
    """A ratio without its times says nothing: ten times faster than slow may still be slow."""
    baseline, accelerated = context.comparison.baseline, context.comparison.accelerated
    seen = f"{format_duration(baseline.median)} and {format_duration(accelerated.median)}, of {baseline.count} pairs"
    if baseline.count < MIN_PAIRS:
        return Outcome.REFUSED, seen, f"Give it a larger budget: fewer than {MIN_PAIRS} pairs have no interval."
    return pass_rule(seen)


@define_rule("Same cores, batch, data and seed in both arms", "Bailey 4, SC15 rule 9", refuses=True)
def same_conditions(context: RuleContext) -> tuple[Outcome, str, str]:
    """More cores, a larger batch or easier data in one arm would be the lever then, and not the one named."""
    arms = {arm: context.run.prepared_arm(arm) for arm in Arm}
    baseline, accelerated = arms[Arm.BASELINE], arms[Arm.ACCELERATED]
    if baseline is None or accelerated is None:
        return Outcome.REFUSED, "an arm was never prepared", "Run it to its end."
    plan = context.run.plan
    differ = [
        name
        for name, one, other in (
            ("cores", baseline.cores, accelerated.cores),
            ("work", (baseline.work, baseline.step_work), (accelerated.work, accelerated.step_work)),
            ("data", baseline.data, accelerated.data),
        )
        if one != other
    ]
    if differ:
        return Outcome.REFUSED, f"the arms differ in {' and '.join(differ)}", "The workload is at fault: report it."
    for arm, service in _external_services(context.run).items():
        seen = f"the {arm} arm has its work done by {service.what}, {format_cores(service.cores)}"
        seen += f" of {service.elsewhere + 1} machines" if service.elsewhere else ""
        if service.cores != plan.cores or service.elsewhere:
            remedy = "Read the absolute times. For a ratio, let both arms work on the same cores of this machine."
            return Outcome.REFUSED, f"{seen}, and the other on {format_cores(plan.cores)} of this machine", remedy
        remedy = "They are as many as the other arm's, but not the same ones, and others may use them: say so."
        return Outcome.ANNOTATED, f"{seen} of this machine, not reserved for it", remedy
    return pass_rule(
        f"{format_cores(plan.cores)}, batch {plan.batch}, seed {plan.seed}, data {baseline.data[:12]} in both"
    )


@define_rule("The fast path ran", "Bailey 3, MLPerf", refuses=True)
def engaged(context: RuleContext) -> tuple[Outcome, str, str]:
    """Libraries fall back silently; a speedup is the fast path's only where the fast path ran."""
    found = decide_engagement(context.run, context.step)
    if found is Engagement.SAME:
        return pass_rule("both arms have the same lever: nothing is claimed of an acceleration")
    if not context.evidence:
        return Outcome.REFUSED, "the library said nothing of the path it took", "Run it to its end."
    rival = [e.step for e in context.run.evidence.get(Arm.BASELINE, []) if e.path == "accelerated"]
    if set(rival) & set(context.steps):
        seen = f"the baseline ran the fast path too: {', '.join(rival)}"
        return Outcome.REFUSED, seen, "The lever did not move: see the evidence of both arms."
    taken = [e for e in context.evidence if e.path == "accelerated"]
    fell_back = [f"{e.step} ({e.reason or e.path})" for e in context.evidence if e.path != "accelerated"]
    seen = f"{len(taken)} of {len(context.evidence)} steps accelerated"
    if fell_back:
        seen += f"; not: {', '.join(fell_back)}"
    if found is Engagement.NOT:
        return Outcome.REFUSED, seen, "Choose what the library accelerates, or see in the evidence why it fell back."
    if found is Engagement.PARTIAL:
        return Outcome.ANNOTATED, seen, "Read the steps one by one: the whole mixes both."
    return pass_rule(seen)


@define_rule("Accuracy within the limit", "Bailey 1 and 10, MLPerf", refuses=True)
def accuracy(context: RuleContext) -> tuple[Outcome, str, str]:
    """Speed can be bought with precision; the price belongs beside it, and has a limit."""
    limit = context.run.plan.accuracy_limit
    verdict = decide_accuracy(context)
    if verdict is Accuracy.NOT_MEASURED:
        if not context.run.snapshot.changes_arithmetic or context.same_arm:
            return pass_rule("the lever does not change the arithmetic")
        return Outcome.REFUSED, "not measured, and the lever changes the arithmetic", "Run it to its end."
    seen = "; ".join(describe_quality(context))
    if verdict is Accuracy.OUTSIDE:
        remedy = "The fast arm buys time with accuracy: use a more exact setting, or set another limit and say so."
        if any(measure.value < 100 for measure in context.agreement):
            return Outcome.REFUSED, seen, "The arms do not do the same: see the table of their results."
        return Outcome.REFUSED, f"{seen}: below {limit:.2%} of the baseline's", remedy
    return pass_rule(f"{seen}: at least {limit:.2%} of the baseline's" if select_common_measures(context) else seen)


@define_rule("The interval of the ratio excludes 1", "SC15 rules 5 and 7", refuses=True)
def interval(context: RuleContext) -> tuple[Outcome, str, str]:
    """Times vary; a ratio whose interval holds 1 is no difference, whatever its value."""
    ratio, p_value = context.comparison.ratio, context.comparison.p_value
    seen = f"{ratio.low:.3f} to {ratio.high:.3f}, Mann-Whitney p {p_value:.2g}"
    if decide_speed(context) is Speed.SAME:
        remedy = "A larger budget narrows the interval; a difference under 2 % is beyond one process an arm."
        return Outcome.REFUSED, f"{seen}: no difference detected", remedy
    return pass_rule(seen)


@define_rule("Work done before the clock stopped", "SC15 rule 10", refuses=True)
def materialised(context: RuleContext) -> tuple[Outcome, str, str]:
    """A lazy library returns before it has worked, and a clock stopped then has timed a promise."""
    told = [evidence for arm in context.run.evidence.values() for evidence in arm]
    excluded_from_total = (
        {step.name for step in context.run.snapshot.steps if step.excluded_from_total}
        if context.step == TOTAL
        else set()
    )
    lazy = sorted(
        {e.step for e in told if not e.materialised and context.step in (TOTAL, e.step)} - excluded_from_total
    )
    if lazy:
        return Outcome.REFUSED, f"{', '.join(lazy)} returned before the work was done", "Measure the time to result."
    return pass_rule("every step's result existed when its time ended")


@define_rule("Same background load beside both arms", "Bailey 11, SC15 rule 9", refuses=True)
def background(context: RuleContext) -> tuple[Outcome, str, str]:
    """A busy machine for one arm and a quiet one for the other compares the machines."""
    from bench.stats.bootstrap import standard_error  # It imports scipy.

    loads = {}
    for arm in Arm:
        known = [s.background_cores for s in context.run.samples_of(arm)]
        loads[arm] = [load for load in known if load is not None]
    if not all(loads.values()):
        return pass_rule("this system does not tell the load of other programs")
    means = {arm: sum(load) / len(load) for arm, load in loads.items()}
    difference = abs(means[Arm.BASELINE] - means[Arm.ACCELERATED])
    chance = sum(standard_error(load) ** 2 for load in loads.values()) ** 0.5
    seen = f"{max(0, means[Arm.BASELINE]):.2f} and {max(0, means[Arm.ACCELERATED]):.2f} cores busy with other things"
    for arm, service in _external_services(context.run).items():
        waits = [sample.repetition for sample in context.run.samples_of(arm)]
        waited = sum(wait.idle_s for wait in waits)
        idle = sum(wait.idle_cpu_s for wait in waits) / waited if waited else 0.0
        seen += f"; {service.what} was not stopped beside the other arm, and used {idle:.2f} cores of this machine then"
    if difference > MAX_BACKGROUND_DIFFERENCE_CORES and difference > MAX_BACKGROUND_STANDARD_ERRORS * chance:
        return Outcome.REFUSED, seen, "Close what else runs, or find which arm leaves something running; run again."
    if max(means.values()) > MAX_BACKGROUND_CORES:
        return Outcome.ANNOTATED, f"{seen}, beside both arms alike", "Close what else runs, and run again."
    return pass_rule(seen)


@define_rule("Run to its end", "SC15 rule 2", refuses=True)
def complete(context: RuleContext) -> tuple[Outcome, str, str]:
    """A part of a measurement is a choice of data; who makes it must say so."""
    run = context.run
    if run.failure:
        return Outcome.REFUSED, run.failure.what, run.failure.remedy
    if run.state in (State.STOPPED, State.INTERRUPTED):
        return Outcome.ANNOTATED, f"ended early: {run.why}", "Let it run: the interval narrows."
    return pass_rule("sampled until the interval was narrow enough or the budget was spent")


def _external_services(run: Run) -> dict[Arm, Service]:
    """Services that work for an arm without being part of its process tree."""
    prepared = {arm: run.prepared_arm(arm) for arm in Arm}
    return {arm: one.service for arm, one in prepared.items() if one is not None and one.service is not None}
