"""What a race shows about its cell of a sweep. Imports scipy when it is called."""

from __future__ import annotations

from bench.claims.break_even import judge_size
from bench.run.outcome import count_pairs
from bench.run.record import Run
from bench.run.sweep import ArmCell, CellState, SweepCell
from bench.stats.no_win import excludes_win
from bench.values.base import Arm
from bench.values.samples import Phase
from bench.values.statistics import Interval


def fill_cell(cell: SweepCell, run: Run, *, is_reused: bool) -> SweepCell:
    """`cell` with the result of `run`, which has finished."""
    judged = judge_size(run)
    return cell.model_copy(
        update={
            "state": CellState.MEASURED,
            "run_id": run.id,
            "is_reused": is_reused,
            "raced_at": run.started,
            "verdict": judged.verdict,
            "ratio": judged.ratio,
            "baseline": _summarize_arm(run, Arm.BASELINE),
            "accelerated": _summarize_arm(run, Arm.ACCELERATED),
            "pairs": count_pairs(run),
            "ended_early": run.ends_without_win and judged.ratio is not None and excludes_win(judged.ratio),
            "duration_s": run.ended_at,
            "reason": judged.reason,
        }
    )


def _summarize_arm(run: Run, arm: Arm) -> ArmCell | None:
    """None without statistics."""
    from bench.stats.median_interval import estimate_median

    comparison = run.comparison()
    samples = run.samples_of(arm, Phase.RACE)
    if comparison is None or not samples:
        return None
    seconds = estimate_median([sample.total_s for sample in samples])
    summary = comparison.summary(arm)
    # The work of a repetition, by the throughput that belongs to the median.
    work = summary.throughput * summary.median
    return ArmCell(
        seconds=seconds,
        throughput=Interval(value=work / seconds.value, low=work / seconds.high, high=work / seconds.low),
    )
