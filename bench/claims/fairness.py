"""The rules about what is compared, and how strictly: a fair baseline, a typical input, default limits."""

from __future__ import annotations

from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule, refuse
from bench.claims.speed import decide_speed
from bench.formatting import format_cores, format_percent, format_ratio_with_interval
from bench.plan.plan import Plan
from bench.values.arms import BaselineKind, FasterBaseline
from bench.values.base import Arm
from bench.values.claims import NoteKind, Speed
from bench.values.samples import TOTAL


@define_rule("The arms run different code", "Bailey 3, SC15 rule 7", refused="Both arms ran the same code")
def different_code(context: RuleContext) -> RuleResult:
    """If both arms run the same code, a difference of their times is noise or a disturbance, and no speedup."""
    if context.same_code:
        remedy = "Choose values of the lever that run different code."
        return refuse(describe_same_code(context), remedy)
    names = [context.run.snapshot.arms[arm] for arm in Arm]
    return pass_rule(" and ".join(names))


def describe_same_code(context: RuleContext) -> str:
    """What both arms ran, in a race of the same code against itself, as a clause."""
    baseline, accelerated = (context.run.snapshot.arms[arm] for arm in Arm)
    if baseline == accelerated:
        return f'both arms ran "{baseline}"'
    return f'"{baseline}" and "{accelerated}" are the same code on {format_cores(context.run.plan.cores)}'


@define_rule("A fair baseline", "Bailey 6, SC15 rule 1", noted="The baseline is naive")
def fair_baseline(context: RuleContext) -> RuleResult:
    """Almost everything is faster than a plain loop, than a library with its optimizations switched off, or than code
    whose instructions the processor does not have."""
    snapshot = context.run.snapshot
    kind = snapshot.baseline_kind(Arm.BASELINE)
    seen = f"{snapshot.arms[Arm.BASELINE]}: {kind}"
    if is_slower_naive(context):
        seen += f"; the slower arm, {snapshot.arms[Arm.ACCELERATED]}: {BaselineKind.NAIVE}"
        return note(seen, "State with the ratio that the slower arm is naive.", title="The slower arm is naive")
    if handicap := describe_slower_handicap(context):
        remedy = "State with the ratio why the slower arm is not fair."
        return note(handicap, remedy, title="The slower arm is not fair on this machine")
    if kind is BaselineKind.UNKNOWN:
        remedy = "Run the plan again: today's declarations say how fair a baseline is."
        return note(seen, remedy, title="Not known how fair the baseline is")
    if context.same_code:
        return pass_rule(seen, title="No acceleration is claimed")
    handicap = describe_handicap(context, Arm.BASELINE)
    if kind is not BaselineKind.NAIVE and not handicap:
        return _judge_rivals(context, seen)
    others = [name for name in snapshot.fair_baselines if name != context.run.plan.baseline]
    remedy = f"Compare with a fair baseline too: {' or '.join(others)}." if others else ""
    if kind is BaselineKind.NAIVE:
        seen = "; ".join(filter(None, [seen, handicap]))
        return note(seen, remedy or "State with the ratio that the baseline is naive.")
    remedy = remedy or "State with the ratio why the baseline is not fair."
    return note(handicap, remedy, title="The baseline is not fair on this machine")


def _judge_rivals(context: RuleContext, seen: str) -> RuleResult:
    """Whether something faster than a fair baseline is known to give the same."""
    snapshot = context.run.snapshot
    if not snapshot.faster_baselines:
        return pass_rule(f"{seen}; not compared with {' or '.join(snapshot.rivals)}" if snapshot.rivals else seen)
    names = " or ".join(faster.name for faster in snapshot.faster_baselines)
    sources = "; ".join(map(_describe_source, snapshot.faster_baselines))
    return note(
        f"{describe_faster_baselines(context)}; {sources}",
        f"Compare with a faster baseline too: --baseline {names}.",
        title="A faster baseline is known",
    )


def _describe_source(faster: FasterBaseline) -> str:
    """Which race found a faster baseline, and what has changed since."""
    text = f"raced on {faster.raced_on:%Y-%m-%d}, run {faster.run[:8]}"
    changed = ", ".join(faster.software_differences)
    return f"{text}, with other software (then and now): {changed}" if changed else text


@define_rule(
    "One thing differs between the arms",
    "Bailey 6, SC15 rule 9",
    noted="Several things differ between the arms",
    kind=NoteKind.CONDITION,
)
def one_change(context: RuleContext) -> RuleResult:
    """If the arms differ in several things at once, such as library and precision, the ratio is that of all of them."""
    if changes := describe_changes(context):
        remedy = "To know what each change is worth, race values that differ in one of them only."
        return note(changes, remedy)
    changed = [f"{trait}: {one} and {other}" for trait, one, other in _list_changes(context)]
    return pass_rule(changed[0] if changed else context.run.snapshot.lever_label)


@define_rule("A typical input", "Bailey 6, SC15 rule 9", noted="The settings may favour one arm")
def typical_input(context: RuleContext) -> RuleResult:
    """Some inputs slow down one way of doing the work more than others do, and make the other look better. With some
    settings, the arms run different algorithms."""
    reason = describe_bias(context)
    if reason:
        return note(reason, "State it with the ratio, or choose other settings, such as an odd size, and compare.")
    return pass_rule("nothing is known that makes this input special")


@define_rule("Strict limits", "Bailey 1, SC15 rule 5, MLPerf", noted="A limit is looser than the default")
def strict_limits(context: RuleContext) -> RuleResult:
    """With a limit that is loose enough, any loss of accuracy passes, and so does any interval."""
    loose = describe_loose_limits(context)
    if loose:
        return note("; ".join(loose), "State these limits with the ratio, or make them strict and run again.")
    plan = context.run.plan
    return pass_rule(
        f"accuracy at least {format_percent(plan.accuracy_limit, 2)} of the baseline's, "
        f"sampling error ± {format_percent(plan.target)}"
    )


def describe_fairness(context: RuleContext) -> list[str]:
    """What the sentence of a claim has to state about the baseline and the input."""
    snapshot = context.run.snapshot
    texts = [text for text in (describe_changes(context), describe_faster_baselines(context)) if text]
    if snapshot.baseline_kind(Arm.BASELINE) is BaselineKind.NAIVE:
        texts.append(f"the baseline, {snapshot.arms[Arm.BASELINE]}, is naive")
    if is_slower_naive(context):
        texts.append(f"the slower arm, {snapshot.arms[Arm.ACCELERATED]}, is naive")
    if handicap := describe_handicap(context, Arm.BASELINE):
        texts.append(f"the baseline is not fair on this machine ({handicap})")
    if handicap := describe_slower_handicap(context):
        texts.append(f"the slower arm is not fair on this machine ({handicap})")
    if bias := describe_bias(context):
        texts.append(bias)
    return texts + describe_loose_limits(context)


def describe_loose_limits(context: RuleContext) -> list[str]:
    """The limits of the plan that are looser than an accuracy of 99 % and the default target, as text."""
    plan, fields = context.run.plan, Plan.model_fields
    default_limit, default_target = fields["accuracy_limit"].default, fields["target"].default
    texts: list[str] = []
    if plan.accuracy_limit < default_limit:
        texts.append(
            f"accuracy limit {format_percent(plan.accuracy_limit, 2)} of the baseline's instead of "
            f"{format_percent(default_limit, 2)}"
        )
    if plan.target > default_target:
        texts.append(
            f"requested sampling error ± {format_percent(plan.target)} instead of ± {format_percent(default_target)}"
        )
    return texts


def describe_changes(context: RuleContext) -> str:
    """What differs between the arms, if it is more than one thing; empty otherwise."""
    changed = _list_changes(context)
    if len(changed) < 2:
        return ""
    names = " and ".join(trait for trait, _, _ in changed)
    return f"{names} changed: {', '.join(f'{one} to {other}' for _, one, other in changed)}"


def _list_changes(context: RuleContext) -> list[tuple[str, str, str]]:
    """The traits in which the arms differ, each with its value in the baseline and in the accelerated arm."""
    one, other = (context.run.snapshot.traits.get(arm, {}) for arm in (Arm.BASELINE, Arm.ACCELERATED))
    return [
        (trait, value, other.get(trait, "none")) for trait, value in one.items() if value != other.get(trait, "none")
    ]


def describe_faster_baselines(context: RuleContext) -> str:
    """Which other values give what the baseline gives, and were faster in earlier races; empty if none is known."""
    snapshot = context.run.snapshot
    # The ratio is that of the total, also in the claim of a step.
    part = "" if context.step == TOTAL else "in total "
    return " and ".join(
        f"{faster.label} was {format_ratio_with_interval(faster.ratio)} faster here {part}than the baseline, "
        f"{snapshot.arms[Arm.BASELINE]}"
        for faster in snapshot.faster_baselines
    )


def is_slower_naive(context: RuleContext) -> bool:
    """Whether the accelerated arm is slower and naive: a straw man with the arms exchanged."""
    kind = context.run.snapshot.baseline_kind(Arm.ACCELERATED)
    return kind is BaselineKind.NAIVE and decide_speed(context) is Speed.SLOWER


def describe_handicap(context: RuleContext, arm: Arm) -> str:
    """Why an arm is not a fair baseline on this machine, with its name; empty if nothing of that kind is known."""
    reported = (prepared.handicap for prepared in context.run.prepared if prepared.arm is arm)
    reason = next(filter(None, reported), "")
    return reason and f"{context.run.snapshot.arms[arm]}: {reason}"


def describe_slower_handicap(context: RuleContext) -> str:
    """The same of the accelerated arm if it is slower; empty otherwise."""
    handicap = describe_handicap(context, Arm.ACCELERATED)
    return handicap if handicap and decide_speed(context) is Speed.SLOWER else ""


def describe_bias(context: RuleContext) -> str:
    """Why the input slows some code more than other inputs do, or how the algorithms of the arms differ; empty if
    nothing of that kind is known."""
    return next((prepared.bias for prepared in context.run.prepared if prepared.bias), "")
