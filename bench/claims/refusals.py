"""The rules that can refuse a claim."""

from __future__ import annotations

from bench.claims.evidence import decide_engagement, describe_partial_steps
from bench.claims.processor_use import explain_unknown_load, measure_background_cores
from bench.claims.quality import (
    decide_accuracy,
    describe_loss,
    describe_needed,
    describe_quality,
    explain_undecided,
    find_biased_agreement,
    list_different_results,
    list_losses,
    list_uncompared_steps,
)
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule, refuse
from bench.claims.speed import decide_speed, explain_by_family
from bench.formatting import format_cores, format_count, format_median, format_percent
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS, advise_budget, advise_end, count_pairs
from bench.run.record import Run
from bench.values.arms import Service
from bench.values.base import Arm
from bench.values.claims import Accuracy, Engagement, NoteKind, Speed
from bench.values.quality import LossKind
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison

MAX_BACKGROUND_DIFFERENCE_CORES = 0.20
"""A larger difference of background load between the arms, in cores, refuses the claim. Over the shortest window that
is judged, the difference of two loads of half a core has a standard error of 0.1 cores."""
MAX_WORK_FACTOR = 2.0
"""Iterations of one arm over those of the other from which the arms did not do the same work. With random starts, the
numbers of two runs of one library differ by less than this in most cases."""
MAX_BACKGROUND_CORES = 0.3
"""A larger background load, in cores, adds a note even if it is equal during both arms."""
MAX_USE_FACTOR = 1.25
"""CPU time over wall time, in requested cores, from which times cannot have been measured. Arms are bound to their
cores, and the clocks of short samples of several processes err by less."""


@define_rule("Absolute times of both arms", "Bailey 9, SC15 rule 1", refused="Too few pairs")
def absolute_baseline(context: RuleContext) -> RuleResult:
    """A ratio means little without its times: ten times faster than slow may still be slow."""
    baseline, accelerated = context.comparison.baseline, context.comparison.accelerated
    times = f"{format_median(baseline)} and {format_median(accelerated)}"
    pairs = format_count(baseline.count, "pair")
    if baseline.count < MIN_PAIRS:
        seen = f"{pairs}, {MIN_PAIRS} are needed; {times}"
        return refuse(seen, f"An interval needs at least {MIN_PAIRS} pairs: {advise_budget(context.run)}.")
    return pass_rule(f"{times}, of {pairs}")


@define_rule(
    "Same cores, batch, data and seed in both arms",
    "Bailey 4, SC15 rule 9",
    noted="A service does the work of one arm",
    refused="The arms did not run under the same conditions",
)
def same_conditions(context: RuleContext) -> RuleResult:
    """If one arm had more cores, a larger batch or easier data, these would explain the ratio, not the lever."""
    baseline, accelerated = (context.run.prepared_arm(arm) for arm in Arm)
    if baseline is None or accelerated is None:
        return refuse("an arm was never prepared", "Let the run finish.", title="An arm was never prepared")
    plan = context.run.plan
    differences = [
        name
        for name, one, other in (
            ("cores", baseline.cores, accelerated.cores),
            ("work", (baseline.work, baseline.step_work), (accelerated.work, accelerated.step_work)),
            ("data", baseline.data, accelerated.data),
            ("inputs", baseline.inputs, accelerated.inputs),
        )
        if one != other
    ]
    if differences:
        seen = f"the arms differ in {' and '.join(differences)}"
        return refuse(seen, "This is a defect of the workload: report it.")
    for arm, service in _external_services(context.run).items():
        seen = f"the work of the {arm} arm is done by {service.what} with {format_cores(service.cores)}"
        seen += f" of {service.elsewhere + 1} machines" if service.elsewhere else ""
        if service.cores != plan.cores or service.elsewhere:
            remedy = "Read the absolute times. For a ratio, run both arms on the same number of cores of this machine."
            seen += f", that of the other arm on {format_cores(plan.cores)} here"
            return refuse(seen, remedy, title="The arms had different cores")
        remedy = (
            "The service has as many cores as the other arm, but not the same ones, and other programs may use them: "
            "state it with the ratio."
        )
        return note(f"{seen} of this machine, which are not reserved for it", remedy)
    return pass_rule(
        f"{format_cores(plan.cores)}, {context.run.format_batch()}, seed {plan.seed}, data {baseline.data[:12]} in both"
    )


@define_rule(
    "The accelerated path ran",
    "Bailey 3, MLPerf",
    noted="Only some steps were accelerated",
    refused="The accelerated path did not run",
    kind=NoteKind.CONDITION,
)
def engaged(context: RuleContext) -> RuleResult:
    """Libraries fall back without a warning. A speedup comes from the accelerated path only if that path ran."""
    engagement = decide_engagement(context.run, context.step)
    if engagement is Engagement.SAME:
        return pass_rule("both arms ran the same code", title="No acceleration is claimed")
    if not context.evidence:
        title = "No evidence of the accelerated path"
        return refuse("there is no evidence of the path that the library took", "Let the run finish.", title=title)
    baseline_steps = [e.step for e in context.run.evidence.get(Arm.BASELINE, []) if e.path == "accelerated"]
    if set(baseline_steps) & set(context.steps):
        seen = f"the baseline ran the accelerated path too: {', '.join(baseline_steps)}"
        remedy = "The lever had no effect: see the evidence of both arms."
        return refuse(seen, remedy, title="The baseline was accelerated too")
    accelerated = [e for e in context.evidence if e.path == "accelerated"]
    others = [f"{e.step} ({e.reason or e.path})" for e in context.evidence if e.path != "accelerated"]
    seen = f"{len(accelerated)} of {format_count(len(context.evidence), 'step')} accelerated"
    if others:
        seen += f"; not: {', '.join(others)}"
    if engagement is Engagement.NOT:
        remedy = "Choose settings that the library accelerates. The evidence says why it fell back."
        return refuse(seen, remedy)
    partial = describe_partial_steps(accelerated)
    mixed = "Read the ratio of each step: the total mixes both paths."
    if context.run.snapshot.end_to_end:
        # Users of an application wait for the total, see the rule part-of-whole.
        mixed = "Name the steps that are not accelerated with the ratio of the total: it mixes both paths."
    if others:
        return note("; ".join([seen, *partial]), mixed)
    if partial:
        remedy = "The ratio mixes both paths: the evidence says which calls fell back."
        return note("; ".join(partial), remedy, title="Only some calls were accelerated")
    if engagement is Engagement.PARTIAL:
        return note(seen, mixed)
    return pass_rule(seen)


@define_rule(
    "Same number of iterations",
    "Bailey 8 and 10",
    noted="Different numbers of iterations",
    refused="The arms did different amounts of work",
    limits=f"More than {MAX_WORK_FACTOR:g} times the iterations of the other arm refuse the claim; a smaller "
    "difference adds a note.",
)
def same_work(context: RuleContext) -> RuleResult:
    """An iterative method that stops earlier does less work. It is not faster at the same work."""
    quality = context.run.quality
    pairs = [
        (one, other)
        for one in (quality.baseline if quality else [])
        for other in (quality.accelerated if quality else [])
        if one.same_work and one.name == other.name and (context.step == TOTAL or one.step in ("", context.step))
    ]
    if not pairs:
        return pass_rule("the workload counts no iterations", title="No iterations to compare")
    seen = "; ".join(f"{one.label} {one.value:g} and {other.value:g}" for one, other in pairs)
    factors = [max(one.value, other.value) / max(1.0, min(one.value, other.value)) for one, other in pairs]
    if max(factors) > MAX_WORK_FACTOR:
        remedy = "Choose settings with which both arms do as many iterations, such as the same start in both."
        return refuse(seen, remedy)
    if max(factors) > 1:
        remedy = "The arms needed different numbers of iterations: compare the time per iteration."
        return note(seen, remedy)
    return pass_rule(seen)


@define_rule("Accuracy within the limit", "Bailey 1 and 10, MLPerf", refused="The accuracy is below the limit")
def accuracy(context: RuleContext) -> RuleResult:
    """Speed can be gained by giving up accuracy. The loss is shown with the ratio, and it has a limit: the whole 95 %
    interval of the loss must be within it, because few observations prove little."""
    limit = context.run.plan.accuracy_limit
    verdict = decide_accuracy(context)
    if verdict is Accuracy.NOT_MEASURED:
        if not context.run.snapshot.changes_arithmetic or context.same_code:
            return pass_rule("the lever does not change the arithmetic", title="The results cannot differ")
        if uncompared := list_uncompared_steps(context):
            labels = context.run.snapshot.labels()
            seen = f"results were not compared: {', '.join(labels[step] for step in uncompared)}"
            return refuse(seen, "See why in the table of results.", title="The accuracy was not measured")
        if biased := find_biased_agreement(context):
            return refuse(biased.bias, biased.bias_remedy, title="The results cannot be compared")
        seen = "the lever changes the arithmetic, so the results may differ"
        remedy = "Let the run finish." if context.run.quality is None else "Use an input whose results can be judged."
        return refuse(seen, remedy, title="The accuracy was not measured")
    seen = "; ".join(describe_quality(context))
    if context.same_code:
        return pass_rule(f"{seen}; both arms ran the same code", title="The results cannot differ")
    losses = list_losses(context)
    if verdict is Accuracy.OUTSIDE:
        if different := list_different_results(context):
            remedy = "The arms produce different results: see the table of results."
            seen = "; ".join([*map(describe_loss, losses), ", ".join(different)])
            return refuse(seen, remedy, title="The results differ")
        if any(loss.accuracy is Accuracy.OUTSIDE and loss.baseline.loss is LossKind.EQUALITY for loss in losses):
            remedy = "Use a more exact setting."
            return refuse(f"{seen}: elements that were right before are wrong", remedy, title="The results differ")
        remedy = "The accelerated arm loses too much accuracy: use a more exact setting."
        outside = [loss for loss in losses if loss.accuracy is Accuracy.OUTSIDE]
        if all(loss.interval and loss.interval.low <= 1 - limit for loss in outside):
            noun = outside[0].baseline.observation or "observation"
            remedy += f" The interval includes smaller losses too: more {noun}s would tell which it is."
        return refuse(f"{seen}: a loss of more than {format_percent(1 - limit, 2)}", remedy)
    if verdict is Accuracy.UNDECIDED:
        undecided = [loss for loss in losses if loss.accuracy is Accuracy.UNDECIDED]
        for loss in undecided:
            measure = loss.baseline if loss.baseline.bias else loss.accelerated
            if measure.bias:
                return refuse(f"{seen}: {measure.bias}", measure.bias_remedy, title="The accuracy is biased")
        remedy = " ".join(describe_needed(loss, 1 - limit) for loss in undecided)
        why = "; ".join(dict.fromkeys(explain_undecided(loss, 1 - limit) for loss in undecided))
        return refuse(f"{seen}: {why}", remedy, title="The accuracy may be below the limit")
    if not losses:
        return pass_rule(seen)
    if any(loss.difference is None and loss.baseline.loss is not LossKind.EQUALITY for loss in losses):
        seen += "; the number of observations is not known, so the loss has no interval"
    return pass_rule(f"{seen}: a loss of at most {format_percent(1 - limit, 2)}")


@define_rule("The interval excludes 1", "SC15 rules 5 and 7", refused="The interval contains 1")
def interval(context: RuleContext) -> RuleResult:
    """Times vary. If the interval of a ratio includes 1, no difference was found, whatever the ratio."""
    comparison = context.comparison
    ratio = comparison.ratio
    seen = f"interval {ratio.low:.3f} to {ratio.high:.3f}"
    # The interval of a ratio that moved spans all that was seen, and no test belongs to it.
    if comparison.is_stable is not False:
        seen += f", p {comparison.p_value:.2g} ({comparison.p_test})"
    speed = decide_speed(context)
    if speed is Speed.SAME_CODE:
        return pass_rule(seen, title="No difference is claimed")
    if speed is not Speed.SAME:
        return pass_rule(seen)
    if ratio.includes(1.0):
        return refuse(seen, _suggest_pairs(comparison))
    title = "The difference may be chance"
    return refuse(explain_by_family(context) or seen, _suggest_pairs(comparison), title=title)


@define_rule("Work done before the clock stopped", "SC15 rule 10", refused="Work was left when the clock stopped")
def materialised(context: RuleContext) -> RuleResult:
    """A lazy library returns before the work is done. A clock that stops then does not measure the work."""
    lazy = {
        evidence.step
        for collected in context.run.evidence.values()
        for evidence in collected
        if not evidence.materialised and context.step in (TOTAL, evidence.step)
    }
    if context.step == TOTAL:
        lazy -= {step.name for step in context.run.snapshot.steps if step.excluded_from_total}
    if lazy:
        seen = f"{', '.join(sorted(lazy))} returned before the work was done"
        return refuse(seen, "Measure the time until the result is complete.")
    return pass_rule("the result of every step was complete when its time ended")


@define_rule(
    "Same background load during both arms",
    "Bailey 11, SC15 rule 9",
    noted="Other programs ran during both arms",
    refused="Background load differed between the arms",
)
def background(context: RuleContext) -> RuleResult:
    """If the machine was busy during one arm and idle during the other, the ratio compares machines."""
    loads = [measure_background_cores(context.run.samples_of(arm)) for arm in Arm]
    known = [load for load in loads if load is not None]
    unknown = [reason for arm in Arm if (reason := explain_unknown_load(context.run.samples_of(arm)))]
    services = ""
    for arm, service in _external_services(context.run).items():
        waits = [sample.repetition for sample in context.run.samples_of(arm)]
        waited_s = sum(wait.idle_s for wait in waits)
        idle_cores = sum(wait.idle_cpu_s for wait in waits) / waited_s if waited_s else 0.0
        services += (
            f"; {service.what} was not stopped during the other arm, and used {idle_cores:.2f} cores of this machine"
        )
    if unknown:
        remedy = "Increase the time budget or the amount of work, on Linux."
        return note(f"{unknown[0]}{services}", remedy, title="Background load not known")
    difference = max(known) - min(known)
    cores = " and ".join(f"{round(load, 2) + 0.0:.2f}" for load in known)
    seen = f"{cores} cores busy with other programs{services}"
    if difference > MAX_BACKGROUND_DIFFERENCE_CORES:
        remedy = "Close other programs, or find out which arm leaves a program running, and run again."
        return refuse(seen, remedy)
    if max(known) > MAX_BACKGROUND_CORES:
        seen += f", equal during both arms within {MAX_BACKGROUND_DIFFERENCE_CORES:g} cores"
        return note(seen, "Close other programs and run again.")
    return pass_rule(seen)


@define_rule(
    "Measured, not projected",
    "Bailey 5",
    refused="The times are shorter than the work takes",
    limits=f"Refuses if the CPU time of an arm would need more than {MAX_USE_FACTOR:g} times the requested cores.",
)
def measured(context: RuleContext) -> RuleResult:
    """A projection is an assumption. Projections are drawn apart from measurements, and called projections. Times that
    were divided by a number of cores betray themselves: the CPU time of an arm fits on no more cores than it had."""
    total, requested = context.run.comparison(TOTAL), context.run.plan.cores
    used = {arm: total.summary(arm).effective_cores for arm in Arm} if total else {}
    above = {arm for arm, cores in used.items() if cores > MAX_USE_FACTOR * requested}
    if above:
        cores = " and ".join(f"{cores:.2f}" for cores in used.values())
        seen = f"the CPU time needs {cores} cores, and each arm had {requested}"
        if above <= _external_services(context.run).keys():
            # It is bound to no cores, and others may use it.
            remedy = "Stop what else the service does, or start it with as many cores as the other arm."
            return refuse(seen, remedy, title="The service used more cores than requested")
        return refuse(seen, "Quote the times that were measured, and call a projection by its name.")
    return pass_rule(f"every figure was measured on this machine, {context.comparison.baseline.count} pairs")


@define_rule("The run is complete", "SC15 rule 2", refused="The run is not complete")
def complete(context: RuleContext) -> RuleResult:
    """Ending a run when its ratio looks good selects the result."""
    run = context.run
    if run.failure:
        return refuse(run.failure.what, run.failure.remedy, title="The run failed")
    if run.state in (State.STOPPED, State.INTERRUPTED):
        seen = f"it was {run.state} after {format_count(count_pairs(run), 'pair')} ({run.why})"
        return refuse(seen, advise_end(run), title=f"The run was {run.state}")
    return pass_rule("sampled until the sampling error was small enough or the budget was spent")


def _external_services(run: Run) -> dict[Arm, Service]:
    """The services that do the work of an arm without being part of its process tree."""
    prepared = {arm: run.prepared_arm(arm) for arm in Arm}
    return {arm: ready.service for arm, ready in prepared.items() if ready is not None and ready.service is not None}


def _suggest_pairs(comparison: Comparison) -> str:
    """What to do if no difference was detected."""
    pairs, needed = comparison.baseline.count, comparison.pairs_needed
    if comparison.is_stable is False:
        return "The ratio moved during the race: use a quieter machine, or race longer."
    if needed is None:
        return "A ratio so close to 1 cannot be told from the difference between two processes of the same program."
    if needed > pairs:
        return (
            f"If the difference is real, about {needed - pairs:,} more pairs would show it: increase the time budget."
        )
    return "Increase the time budget: more pairs narrow the interval."
