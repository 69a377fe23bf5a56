"""The sentence that every run ends with: its claim or the refusal, else what happened and what to do.

It is computed when it is shown, also for stored runs of older versions, so that there is one text for all of them.
"""

from __future__ import annotations

import math

from bench.formatting import format_count, format_duration
from bench.plan.validation import BUDGET_RANGE_S
from bench.run.events import State
from bench.run.record import Run
from bench.stats.pairing import pair_samples
from bench.values import TOTAL, Arm, Phase, Sample

MIN_PAIRS = 8
"""With fewer pairs, no interval is reliable and no claim is made."""
UNKNOWN_REASON = "its reason is not known"


def describe_outcome(run: Run, step: str = TOTAL) -> str:
    """The sentence of a run for the total or a step: what it claims, or why there is no claim and what to do."""
    claim = run.claim(step)
    if claim is not None:
        return claim.sentence
    if not run.state.over:
        return f"No claim yet: the run is {run.state}."
    pairs, progress, why = count_pairs(run), _describe_progress(run), run.why or UNKNOWN_REASON
    if run.state is State.FAILED:
        failure = run.failure
        what = failure.what if failure else why[:1].upper() + why[1:]
        remedy = failure.remedy if failure else "Run it again."
        return f"No claim: the run failed {progress}. {what.rstrip('.')}. {remedy}"
    if run.state is State.STOPPED:
        return f"No claim: the run was stopped {progress} ({why}). {advise_end(run)}"
    if run.state is State.INTERRUPTED:
        return f"No claim: the run was interrupted {progress} ({why}). {advise_end(run)}"
    if pairs < MIN_PAIRS:
        took = f" in {format_duration(measure_sampling_s(run))}" if run.samples else ""
        return (
            f"No claim: only {format_count(pairs, 'pair')}{took}, and an interval needs {MIN_PAIRS}; "
            f"{advise_budget(run)}."
        )
    return f"No claim: the run finished after {format_count(pairs, 'pair')} without a decision. Run it again."


def advise_end(run: Run) -> str:
    """What to do after a run that somebody or something ended early, as one sentence."""
    text = "Let the run finish"
    if run.state is State.INTERRUPTED:
        text = "Run it again, and keep its dashboard or command line open until the run ends"
    needed_s = estimate_budget_s(run)
    if needed_s is not None and needed_s > run.plan.budget_s:
        text += f"; {advise_budget(run)}"
    return f"{text}."


def advise_budget(run: Run) -> str:
    """The time budget that is enough for `MIN_PAIRS` pairs, estimated from the samples of the run; a clause."""
    pair_s, needed_s = estimate_pair_s(run), estimate_budget_s(run)
    if pair_s is None or needed_s is None:
        return "choose a larger time budget"
    pair = f"a pair takes {format_duration(pair_s)}"
    if needed_s <= run.plan.budget_s:
        budget = _format_budget(run.plan.budget_s)
        return (
            f"{pair}, so {MIN_PAIRS} pairs fit into the budget of {budget}, but something else used the time: reduce "
            "the background load and run it again"
        )
    _, max_budget_s = BUDGET_RANGE_S
    if needed_s > max_budget_s:
        return (
            f"{pair}, so {MIN_PAIRS} pairs do not fit into the largest budget ({_format_budget(max_budget_s)}): choose "
            "less work per repetition, for example a smaller batch"
        )
    return f"{pair}, so choose a budget of at least {_format_budget(needed_s)}"


def count_pairs(run: Run) -> int:
    """Number of complete pairs of the race, without warm-up."""
    return len(_complete_rounds(run, Phase.RACE))


def estimate_pair_s(run: Run) -> float | None:
    """Wall time of a pair in seconds, with the pauses between samples. Without a pair, that of the last round of the
    warm-up; None if there is none either."""
    if pairs := _complete_rounds(run, Phase.RACE):
        return _elapsed_s(pairs) / len(pairs)
    if rounds := _complete_rounds(run, Phase.WARM_UP):
        return _elapsed_s(rounds[-1:])
    return None


def estimate_budget_s(run: Run) -> float | None:
    """The time budget in seconds that is enough for the warm-up and `MIN_PAIRS` pairs; None without samples of both
    arms. Whole seconds, from one minute on whole minutes."""
    pair_s = estimate_pair_s(run)
    if pair_s is None:
        return None
    needed_s = _measure_warm_up_s(run) + MIN_PAIRS * pair_s
    rounded_s = math.ceil(needed_s) if needed_s <= 60 else 60 * math.ceil(needed_s / 60)
    return max(float(rounded_s), BUDGET_RANGE_S[0])


def measure_sampling_s(run: Run) -> float:
    """Seconds of the warm-up and of the pairs, without preparation and quality. 0 without samples."""
    race = [sample for sample in run.samples if sample.phase is Phase.RACE]
    return _measure_warm_up_s(run) + (_elapsed_s([race]) if race else 0.0)


def _measure_warm_up_s(run: Run) -> float:
    """Seconds of the samples between the first calls and the pairs."""
    return sum(sample.repetition.wall_s for sample in run.warm_up)


def _complete_rounds(run: Run, phase: Phase) -> list[list[Sample]]:
    """The samples of both arms of each round of a phase, in order of time."""
    pairs = pair_samples(sample for sample in run.samples if sample.phase is phase)
    return [list(pair.values()) for pair in pairs]


def _elapsed_s(rounds: list[list[Sample]]) -> float:
    """Seconds from the beginning of the first sample to the end of the last."""
    samples = [sample for taken in rounds for sample in taken]
    first = min(sample.repetition.began for sample in samples)
    return max(sample.repetition.began + sample.repetition.wall_s for sample in samples) - first


def _describe_progress(run: Run) -> str:
    """How far the run had come when it ended."""
    if pairs := count_pairs(run):
        return f"after {format_count(pairs, 'pair')}"
    if any(sample.phase is Phase.RACE for sample in run.samples):
        return "during the first pair"
    if any(sample.phase is Phase.WARM_UP for sample in run.samples):
        return "during the warm-up"
    if all(run.prepared_arm(arm) for arm in Arm):
        return "before the first sample"
    return "while its arms were being prepared"


def _format_budget(seconds: float) -> str:
    """`45 s`, `480 s (8 min)`."""
    return f"{seconds:,.0f} s ({seconds / 60:.0f} min)" if seconds > 60 else f"{seconds:.0f} s"
