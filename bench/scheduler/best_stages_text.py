"""A choice of the best stages as text, for the command line and the page."""

from __future__ import annotations

from dataclasses import dataclass

from bench.claims.headline import write_headline
from bench.claims.stage_choice import SHORT_ID_CHARS
from bench.formatting import format_estimate, format_ratio_with_interval
from bench.scheduler.best_stages import BestStages, ChoiceState
from bench.values.selection import StageDecision, StageVerdict


def describe_result(choice: BestStages) -> str:
    """What a choice found, as one sentence without a full stop."""
    kept = ", ".join(decision.label for decision in choice.kept)
    run = choice.confirmed_by
    if choice.state is ChoiceState.NOTHING:
        return "No stage gains under these settings"
    if choice.state is ChoiceState.UNKNOWN:
        reasons = dict.fromkeys(one.reason.rstrip(".") for one in choice.selection.decisions if one.reason)
        return f"No stage can be chosen: {'; '.join(reasons)}"
    if run is None:
        return "The best of each stage is not known yet"
    if choice.state is ChoiceState.REFUTED:
        reason = write_headline(run).text.rstrip(".")
        return f"{kept} gained when they were chosen, but the race that followed does not confirm it: {reason}"
    total = run.comparison()
    assert total is not None
    return f"The best of each stage: {kept}, {format_estimate(total.ratio)} in total"


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage in the table of a choice."""

    label: str
    chosen: str
    """Its ratio with its interval in the race that decided; empty without enough pairs."""
    verdict: StageVerdict
    is_kept: bool
    confirmed: str
    """Its ratio with its interval in the race that confirms; empty for a stage that was not kept, and until then."""
    why: str
    """Which race decided, and why there was no claim."""


def list_stage_lines(choice: BestStages) -> list[StageLine]:
    """A line for each stage that a race has decided about."""
    confirmed = {decision.stage: decision for decision in choice.confirmations}
    return [
        StageLine(
            label=decision.label,
            chosen=_format_ratio(decision),
            verdict=decision.verdict,
            is_kept=decision.is_kept,
            confirmed=_format_ratio(confirmed[decision.stage]) if decision.stage in confirmed else "",
            why=f"race {decision.run_id[:SHORT_ID_CHARS]}{': ' if decision.reason else ''}{decision.reason}",
        )
        for decision in choice.selection.decisions
    ]


def _format_ratio(decision: StageDecision) -> str:
    return format_ratio_with_interval(decision.ratio) if decision.ratio else ""
