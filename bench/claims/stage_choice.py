"""Which stages of an application gain in a race, and what to say of a race whose stages were chosen that way.

The rule for each stage, by all its steps together:

- gains: the 95 % interval is above 1, also after Holm's adjustment for the number of stages. The stage is kept.
- loses: the interval is below 1. Not kept.
- no difference detected: the interval includes 1. Not kept: a library that shows no gain is not worth having.
- same code: both arms ran the same code in all its steps. Not kept.
- no claim: a rule refuses a claim about one of its steps, for another reason than the interval or the accuracy. Not
  kept. The accuracy is that of the whole application, so it is left to the race that confirms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.claims.evidence import decide_engagement
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule
from bench.formatting import format_count
from bench.run.record import Run
from bench.stats.significance import is_difference
from bench.values.base import Arm
from bench.values.claims import Engagement, NoteKind
from bench.values.samples import TOTAL, Phase, Sample, StepTime
from bench.values.selection import Selection, SelectionRole, StageDecision, StageVerdict
from bench.values.statistics import Comparison

IGNORED_RULES = frozenset({"interval", "accuracy", "different-code"})
"""Their refusals do not make the times of a stage useless."""
SHORT_ID_CHARS = 8
RESERVED_TITLE, CONDITION_TITLE = "This race chooses the stages", "Stages chosen after looking"


def judge_stages(run: Run, stages: Mapping[str, tuple[str, ...]], labels: Mapping[str, str]) -> list[StageDecision]:
    """What a finished race shows about each of `stages`, the names of their steps by the names of the stages. `labels`
    has their labels."""
    comparisons = {comparison.step: comparison for comparison in _compare_stages(run, stages)}
    return [
        _judge_stage(run, stage, steps, labels.get(stage, stage), comparisons.get(stage))
        for stage, steps in stages.items()
    ]


def _judge_stage(
    run: Run, stage: str, steps: tuple[str, ...], label: str, comparison: Comparison | None
) -> StageDecision:
    reason = ""
    if all(decide_engagement(run, step) is Engagement.SAME for step in steps):
        verdict = StageVerdict.SAME_CODE
    elif comparison is None:
        verdict, reason = StageVerdict.NO_CLAIM, "The race has too few pairs."
    elif reason := next(_list_obstacles(run, steps), ""):
        verdict = StageVerdict.NO_CLAIM
    elif not is_difference(comparison.ratio, comparison.p_value):
        verdict = StageVerdict.UNDECIDED
    else:
        verdict = StageVerdict.GAIN if comparison.ratio.value > 1 else StageVerdict.LOSS
    ratio = comparison.ratio if comparison else None
    return StageDecision(stage=stage, label=label, verdict=verdict, ratio=ratio, reason=reason, run_id=run.id)


def _list_obstacles(run: Run, steps: tuple[str, ...]) -> Iterator[str]:
    """Why the times of a stage show nothing, as sentences."""
    for step in steps:
        if decide_engagement(run, step) is Engagement.SAME:
            continue
        claim = run.claim(step)
        if claim is None:
            yield "The race did not come to a decision."
            continue
        for finding in claim.refusals:
            if finding.rule not in IGNORED_RULES:
                yield f"{finding.title}: {finding.seen.partition(';')[0].rstrip('.')}."


def _compare_stages(run: Run, stages: Mapping[str, tuple[str, ...]]) -> list[Comparison]:
    """Comparisons of the stages as if each were one step. They are tested as a family."""
    # It imports scipy, and most pages need no choice of stages.
    from bench.stats.comparison import compare_samples

    prepared = run.prepared_arm(Arm.BASELINE)
    samples = [
        _merge_steps(sample, stages)
        for sample in run.samples
        if sample.phase is Phase.RACE and sample.cores == run.plan.cores
    ]
    return compare_samples(samples, work=prepared.work if prepared else 1.0)


def _merge_steps(sample: Sample, stages: Mapping[str, tuple[str, ...]]) -> Sample:
    """A sample whose steps are the stages that it timed. What belongs to no stage is left out."""
    timed = {step.step: step for step in sample.repetition.steps}
    merged = [
        StepTime(
            step=stage,
            seconds=sum(timed[step].seconds for step in steps),
            cpu_s=sum(timed[step].cpu_s for step in steps),
            calls=1,
        )
        for stage, steps in stages.items()
        if all(step in timed for step in steps)
    ]
    repetition = sample.repetition.model_copy(update={"steps": merged})
    return sample.model_copy(update={"repetition": repetition})


def describe_selection(run: Run) -> list[str]:
    """What a claim about a race says of how its stages were chosen, as clauses; empty if no race was looked at."""
    selection = run.selection
    if selection is None or not selection.run_ids:
        return []
    noun = "race" if len(selection.run_ids) == 1 else "races"
    return [f"the stages were chosen after looking at {noun} {_format_ids(selection)} on this machine"]


def _format_ids(selection: Selection) -> str:
    return " and ".join(run_id[:SHORT_ID_CHARS] for run_id in selection.run_ids)


@define_rule(
    "No race was looked at to choose the stages",
    "SC15 rules 2 and 9",
    noted=RESERVED_TITLE,
    other_noted=CONDITION_TITLE,
)
def chosen_after_looking(context: RuleContext) -> RuleResult:
    """Of stages that are kept because their ratio was large, some are kept by chance, so the race that chose them shows
    too much. A race with new samples does not; still, a reader must know that the stages suit this machine."""
    selection = context.run.selection
    if selection is None:
        return pass_rule("this race is not part of a choice of stages, and repeats none")
    if selection.role is SelectionRole.CHOOSE and context.step != TOTAL:
        return note(
            "whether a stage is kept depends on its ratio here, so the large ones may be so by chance",
            "Quote the race that confirms the choice: its samples decided nothing.",
        )
    if not selection.run_ids:
        return pass_rule("the stages of this race were set before the choice began", title="No stage was chosen yet")
    looked_at = f"{format_count(len(selection.run_ids), 'race')} ({_format_ids(selection)})"
    seen = f"the stages were chosen after looking at {looked_at}; the samples of this race decided nothing"
    if changes := _list_changes(context.run, selection):
        return note(
            f"{seen}. Since then, something has changed: {', '.join(changes)}",
            "Find the best of each stage again.",
            title="Stages chosen under other conditions",
        )
    return note(
        seen,
        "Name the races with the ratio: on another machine, other stages may be the best.",
        kind=NoteKind.CONDITION,
    )


def _list_changes(run: Run, selection: Selection) -> list[str]:
    """What differs from the race that began the choice, as clauses."""
    before, now = selection.versions, run.machine.versions
    changes = [
        f"{name} {before.get(name, 'not installed')} and {now.get(name, 'not installed')}"
        for name in sorted({*before, *now})
        if before and before.get(name) != now.get(name)
    ]
    prepared = run.prepared_arm(Arm.BASELINE)
    if selection.data and prepared and prepared.data != selection.data:
        changes.append("the data")
    return changes
