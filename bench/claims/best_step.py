"""The step that gained most, and whether the headline of a run is about it."""

from __future__ import annotations

from collections.abc import Iterable

from bench.run.record import Run
from bench.values.claims import Claim, Speed
from bench.values.samples import TOTAL


def find_best_step(run: Run, claims: Iterable[Claim] | None = None) -> str | None:
    """The step of the total that gained most by a supported claim, and clearly more than the total. None if there is
    none. `claims` are those of the steps if they are not those of `run`."""
    total = run.comparison(TOTAL)
    parts = {step.name for step in run.snapshot.steps if not step.excluded_from_total}
    supported = {
        claim.step
        for claim in (run.claims if claims is None else claims)
        if claim.made and claim.verdict.speed is Speed.FASTER and claim.step in parts
    }
    comparisons = [comparison for comparison in run.statistics if comparison.step in supported]
    best = max(comparisons, key=lambda comparison: comparison.ratio.low, default=None)
    if best is None or total is None or best.ratio.low <= total.ratio.high:
        return None
    return best.step


def find_headline_step(run: Run) -> str | None:
    """The step that the headline of `run` is about; None if it is about the total, as always for an application."""
    return None if run.snapshot.end_to_end else find_best_step(run)
