"""The headline of a run: the sentence that a person would say, why to doubt it, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.claims.best_step import find_headline_step
from bench.claims.next_steps import NextStep, list_next_steps
from bench.claims.quality import list_losses
from bench.claims.rule import RuleContext
from bench.claims.speed import is_wide
from bench.formatting import (
    format_count,
    format_duration,
    format_estimate,
    format_interval,
    format_lower_end,
    format_percent,
    format_time_change,
    join_times,
)
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.run.outcome import MIN_PAIRS, count_pairs, describe_mark, measure_pair_times_s
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import UNDECIDED, Accuracy, Claim, ClaimState, Finding, Speed
from bench.values.quality import LossKind
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from bench.workload.declaration import STRICT_ACCURACY_LIMIT

WEIGHTIEST_RULES = (
    *("stable", "background", "got-processor", "ran-without-interruption", "not-throttled", "quiet"),
    *("order-within-pairs", "warm", "fair-baseline", "strict-limits", "typical-input", "same-conditions", "same-work"),
    *("chosen-after-looking", "best-with-best", "placed-alike", "narrow", "spread"),
)
"""Rules whose reservations weigh more come first: what can be wrong in the ratio, then how fair it is, then how exact.
A wide interval weighs most, see `_find_weightiest`."""
MAX_REASON_LENGTH = 110
PLAIN_WORDS = re.compile(r"[a-z][a-z ]*")
"""A label that is no code or proper name, and is written with a capital letter at the beginning of a sentence."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What a run says about the total or a step."""

    state: ClaimState | None
    """None if the rules could not be applied, or the run has not ended."""
    speed: Speed | None
    """None if the rules could not be applied, or the run has not ended."""
    sentence: str
    """Without a full stop: `Fit is 3.7x faster: 38 → 10 ms, same picture quality`. It says if the run was edited after
    it was stored."""
    ratio_text: str
    """How many times faster, or slower if `speed` is slower: `3.7x`, `at least 8.4x`. Empty without a ratio."""
    interval_text: str
    """The interval of the same ratio: `3.6 to 3.8`. Empty without one."""
    reason: str
    """Why there is no claim, or the weightiest reservation, as one short sentence. Empty for a claim without
    reservations, and for a run that has not ended."""
    next_steps: tuple[NextStep, ...] = ()
    """The best first. Empty for a run that has not ended."""

    @property
    def text(self) -> str:
        """The sentence and the reason, as reports print them."""
        return f"{self.sentence}. {self.reason}".rstrip()


def write_headline(run: Run, step: str = TOTAL) -> Headline:
    """The headline of the total or of a step of a run, from what its rules found."""
    comparison, claim = run.comparison(step), run.claim(step)
    ratio_text = interval_text = ""
    speed = claim.verdict.speed if claim else None
    if comparison is not None:
        ratio = comparison.ratio.inverse() if _is_slower(claim) else comparison.ratio
        ratio_text, interval_text = format_estimate(ratio), format_interval(ratio)
        if claim is not None and claim.made and is_wide(ratio):
            ratio_text = f"at least {format_lower_end(ratio)}x"
    state = claim.state if claim else None
    sentence = _write_sentence(run, step, claim, comparison, ratio_text, interval_text)
    sentence = f"{describe_mark(run)}{sentence}"
    if not run.state.over:
        return Headline(None, speed, sentence, ratio_text, interval_text, "")
    steps = list_next_steps(run, step, find_headline_step(run) if step == TOTAL else None)
    return Headline(state, speed, sentence, ratio_text, interval_text, _write_reason(run, step), steps)


def report_headline(record: JobRecord) -> dict[str, Any] | None:
    """The headline of the total of a race as JSON for export; None for a measurement."""
    if not isinstance(record, Run):
        return None
    headline = write_headline(record)
    return {
        "sentence": headline.sentence,
        "reason": headline.reason,
        "ratio": headline.ratio_text,
        "interval": headline.interval_text,
        "next_steps": [step.label for step in headline.next_steps],
    }


def is_only_undetected(refused_rules: Iterable[str]) -> bool:
    """Whether nothing but the interval refuses the claim: the measurement is sound, and no difference was detected.

    If another rule refuses too, the interval shows nothing about the difference.
    """
    return list(refused_rules) == ["interval"]


def _write_sentence(
    run: Run, step: str, claim: Claim | None, comparison: Comparison | None, ratio_text: str, interval_text: str
) -> str:
    if comparison is None:
        return _write_times_of_pairs(run, step)
    times = format_time_change(comparison.baseline, comparison.accelerated)
    if claim is None:
        beginning = UNDECIDED.capitalize() if run.state.over else f"No claim yet ({run.state})"
        return f"{beginning}: {times}"
    if not claim.made:
        if is_only_undetected(finding.rule for finding in claim.refusals):
            return f"No difference detected: {ratio_text} ({interval_text})"
        return f"No claim: {times}"
    here = " here" if _is_slower(claim) else ""
    facts = ", ".join([times, *_describe_quality(RuleContext(run, step, comparison), claim)])
    return f"{_find_subject(run, step)} is {ratio_text} {claim.verdict.speed}{here}: {facts}"


def _write_times_of_pairs(run: Run, step: str) -> str:
    """For a run with too few pairs for an interval."""
    if not run.state.over:
        return f"No claim yet: {run.state}"
    times_s = measure_pair_times_s(run, step)
    if times_s:
        times = join_times(*(format_duration(times_s[arm]) for arm in (Arm.BASELINE, Arm.ACCELERATED)))
        return f"{UNDECIDED.capitalize()}: {times}"
    return f"{UNDECIDED.capitalize()}: the run {'failed' if run.state is State.FAILED else 'has no pairs'}"


def _find_subject(run: Run, step: str) -> str:
    """The step, or the accelerated arm for the total, at the beginning of a sentence."""
    name = run.snapshot.subject(Arm.ACCELERATED) if step == TOTAL else run.snapshot.labels()[step]
    return name[:1].upper() + name[1:] if PLAIN_WORDS.fullmatch(name) else name


def _describe_quality(context: RuleContext, claim: Claim) -> list[str]:
    """What became of the quality of the results, in a few words; empty if nothing is known."""
    accuracy, snapshot = claim.verdict.accuracy, context.run.snapshot
    if accuracy is Accuracy.NOT_MEASURED:
        return [] if snapshot.changes_arithmetic else ["same arithmetic"]
    if accuracy is not Accuracy.WITHIN:
        return []
    text, limit = snapshot.quality or "accuracy", context.run.plan.accuracy_limit
    losses = list_losses(context)
    if any(loss.value > 0 and loss.baseline.loss is not LossKind.EQUALITY for loss in losses):
        if limit < STRICT_ACCURACY_LIMIT:
            return [f"{text.removeprefix('same ')} at least {_format_short_percent(limit)} of the baseline's"]
        return [f"{text} within {_format_short_percent(1 - limit)}"]
    return [snapshot.quality or "accuracy within the limit"]


def _format_short_percent(share: float) -> str:
    return format_percent(share, 2).replace(".00", "")


def _write_reason(run: Run, step: str) -> str:
    claim = run.claim(step)
    if claim is None:
        return _explain_missing_claim(run)
    if claim.made:
        weightiest = _find_weightiest(run, step, claim)
        return _shorten_finding(weightiest) if weightiest else ""
    # If both arms ran the same code, everything else follows from it.
    refused = sorted(claim.refusals, key=lambda finding: finding.rule != "different-code")
    return _shorten_finding(refused[0])


def _explain_missing_claim(run: Run) -> str:
    if run.failure:
        return f"{run.failure.what.rstrip('.')}."
    pairs = count_pairs(run)
    if run.state is State.FINISHED and pairs < MIN_PAIRS:
        return f"Too few pairs: {format_count(pairs, 'pair')}, {MIN_PAIRS} are needed."
    if run.state in (State.STOPPED, State.INTERRUPTED):
        return f"The run was {run.state} after {format_count(pairs, 'pair')}."
    return f"The run {run.state} after {format_count(pairs, 'pair')} without a decision."


def _find_weightiest(run: Run, step: str, claim: Claim) -> Finding | None:
    comparison = run.comparison(step)
    is_imprecise = comparison is not None and is_wide(comparison.ratio)

    def weigh(finding: Finding) -> int:
        if finding.rule == "narrow" and is_imprecise:
            return -1
        return WEIGHTIEST_RULES.index(finding.rule) if finding.rule in WEIGHTIEST_RULES else len(WEIGHTIEST_RULES)

    return min(claim.reservations, key=weigh, default=None)


def _shorten_finding(finding: Finding) -> str:
    """The title with the first part of what was seen, if that is short: `Too few pairs: 6 pairs, 8 are needed.`"""
    seen = finding.seen.partition(";")[0].strip().rstrip(".")
    seen += ")" * (seen.count("(") - seen.count(")"))
    text = f"{finding.title}: {seen}."
    adds_something = seen.lower() != finding.title.lower()
    return text if adds_something and len(text) <= MAX_REASON_LENGTH else f"{finding.title}."


def _is_slower(claim: Claim | None) -> bool:
    return claim is not None and claim.made and claim.verdict.speed is Speed.SLOWER
