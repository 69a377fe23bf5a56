"""The sentence that every run ends with: its claim or the refusal, else what happened and what to do.

It is computed when it is shown, also for stored runs of older versions, so that there is one text for all of them.
"""

from __future__ import annotations

import math
from datetime import UTC
from statistics import median

from bench.formatting import format_budget, format_count, format_duration
from bench.plan.validation import BUDGET_RANGE_S
from bench.run.events import State
from bench.run.record import Run
from bench.stats.pairing import pair_samples
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase, Sample

MIN_PAIRS = 8
"""With fewer pairs, no interval is reliable and no claim is made."""
EDITED_PREFIX = "Edited after it was stored: "
IMPORTED_PREFIX = "Imported from "
TRICK_MARK = "A trick, not a result"
"""Of everything that `bench.claims.tricks` makes, in every sentence, number and picture."""
UNKNOWN_REASON = "its reason is not known"


def describe_outcome(run: Run, step: str = TOTAL) -> str:
    """The sentence of a run for the total or a step: what it claims, or why there is no claim and what to do.

    It says if the run was edited after it was stored, or imported.
    """
    attempts = run.imported.attempts if run.imported and not run.is_replay else ""
    return f"{describe_mark(run)}{_describe_claim(run, step)}{attempts and f' When it was exported: {attempts}'}"


def describe_mark(run: Run) -> str:
    """The beginning of every sentence about a trick or a replay, and about a run that was edited after it was stored
    or imported; else empty."""
    if run.is_replay:
        return f"{describe_recording(run)}: "
    imported = f"{IMPORTED_PREFIX}{run.imported.machine}: " if run.imported else ""
    return f"{f'{TRICK_MARK}: ' if run.is_trick else ''}{EDITED_PREFIX if run.edited else ''}{imported}"


def describe_recording(run: Run) -> str:
    """The mark of a replay: `Recorded on 2026-12-01 on Intel Xeon Platinum 8481C`. The day is that in UTC."""
    return f"Recorded on {run.started.astimezone(UTC):%Y-%m-%d} on {run.machine.short_processor}"


def _describe_claim(run: Run, step: str) -> str:
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
        times = _describe_pair_times(run, step)
        return (
            f"No claim: only {format_count(pairs, 'pair')}{took}{times}, and an interval needs {MIN_PAIRS}; "
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
    """The time budget that is enough for `MIN_PAIRS` pairs, estimated from the samples of the run, else from the first
    calls of its arms; a clause."""
    pair_s, needed_s = estimate_pair_s(run), estimate_budget_s(run)
    if needed_s is None:
        return "choose a larger time budget"
    if pair_s is None:
        return _advise_from_first_calls(run, needed_s)
    pair = f"a pair takes {format_duration(pair_s)}"
    if run.excluded_pairs and run.excluded_pairs + count_pairs(run) >= MIN_PAIRS:
        return (
            f"{pair}, and Fairlap excluded {format_count(run.excluded_pairs, 'first pair')} as warm-up, so choose a "
            "larger time budget or, if the times in the chart never level off, more work per repetition"
        )
    if needed_s <= run.plan.budget_s:
        budget = format_budget(run.plan.budget_s)
        return (
            f"{pair}, so {MIN_PAIRS} pairs fit into the budget of {budget}, but something else used the time: reduce "
            "the background load and run it again"
        )
    _, max_budget_s = BUDGET_RANGE_S
    if needed_s > max_budget_s:
        return (
            f"{pair}, so {MIN_PAIRS} pairs do not fit into the largest budget ({format_budget(max_budget_s)}): choose "
            "less work per repetition, for example a smaller batch"
        )
    return f"{pair}, so choose a budget of at least {format_budget(needed_s)}"


def _advise_from_first_calls(run: Run, needed_s: float) -> str:
    """The advice after a run without a round: `needed_s` is an upper limit, because later calls are rarely slower."""
    first_calls = f"the first calls of both arms took {format_duration(_measure_first_calls_s(run) or 0.0)} together"
    _, max_budget_s = BUDGET_RANGE_S
    if needed_s > max_budget_s:
        return (
            f"{first_calls}, so {MIN_PAIRS} pairs may not fit into the largest budget ({format_budget(max_budget_s)}):"
            " choose less work per repetition, for example a smaller batch"
        )
    return f"{first_calls}, so a budget of {format_budget(needed_s)} is enough for {MIN_PAIRS} pairs"


def count_pairs(run: Run) -> int:
    """Number of complete pairs of the race, without warm-up."""
    return len(_complete_rounds(run, Phase.RACE))


def measure_pair_times_s(run: Run, step: str = TOTAL) -> dict[Arm, float]:
    """Median time of each arm in the complete pairs of the race, for runs with too few of them for an interval. Empty
    without a pair."""
    rounds = _complete_rounds(run, Phase.RACE)
    samples = [sample for pair in rounds for sample in pair]
    return {arm: median(sample.seconds(step) for sample in samples if sample.arm is arm) for arm in Arm if rounds}


def _describe_pair_times(run: Run, step: str) -> str:
    times = [
        f"{format_duration(seconds)} with {run.snapshot.arms[arm]}"
        for arm, seconds in measure_pair_times_s(run, step).items()
    ]
    return f" ({' and '.join(times)})" if times else ""


def estimate_pair_s(run: Run) -> float | None:
    """Wall time of a pair in seconds, with the pauses between samples. Without a pair, that of the last round of the
    warm-up; None if there is none either."""
    if pairs := _complete_rounds(run, Phase.RACE):
        return _elapsed_s(pairs) / len(pairs)
    if rounds := _complete_rounds(run, Phase.WARM_UP):
        return _elapsed_s(rounds[-1:])
    return None


def estimate_budget_s(run: Run, pairs: int = MIN_PAIRS) -> float | None:
    """The time budget in seconds that is enough for the warm-up and so many pairs; None if not even the first calls
    of both arms are known. Whole seconds, from one minute on whole minutes."""
    if (pair_s := estimate_pair_s(run)) is not None:
        needed_s = _measure_warm_up_s(run) + pairs * pair_s
    elif (first_calls_s := _measure_first_calls_s(run)) is not None:
        # With one round of warm-up.
        needed_s = (pairs + 1) * first_calls_s
    else:
        return None
    rounded_s = math.ceil(needed_s) if needed_s <= 60 else 60 * math.ceil(needed_s / 60)
    return max(float(rounded_s), BUDGET_RANGE_S[0])


def _measure_first_calls_s(run: Run) -> float | None:
    """Seconds of one repetition of each arm, together: of its latest sample, else of the first calls that it made while
    it was prepared. None if that is not known for both."""
    times = [_find_repetition_s(run, arm) for arm in Arm]
    return sum(seconds for seconds in times if seconds is not None) if None not in times else None


def _find_repetition_s(run: Run, arm: Arm) -> float | None:
    samples = [sample for sample in run.samples if sample.arm is arm and sample.cores == run.plan.cores]
    if samples:
        return samples[-1].repetition.wall_s
    prepared = run.prepared_arm(arm)
    return sum(prepared.first_call_s.values()) if prepared and prepared.first_call_s else None


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
    if run.never_began:
        return "before it began"
    if pairs := count_pairs(run):
        return f"after {format_count(pairs, 'pair')}"
    if any(sample.phase is Phase.RACE for sample in run.samples):
        return "during the first pair"
    if any(sample.phase is Phase.WARM_UP for sample in run.samples):
        return "during the warm-up"
    if all(run.prepared_arm(arm) for arm in Arm):
        return "before the first sample"
    return "while its arms were being prepared"
