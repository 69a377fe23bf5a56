"""Spreading an arm's threads over its cores, where the kernel has packed them on too few."""

from __future__ import annotations

from bench.race.arm import ArmProcess
from bench.race.budget import SamplingBudget
from bench.race.session import RaceSession
from bench.run.events import ThreadsPlaced
from bench.values import Phase, Placement
from bench.worker import protocol

MIN_SPREAD_CORES_SHARE = 0.75
"""An arm that uses less than this share of its cores may have its threads packed on too few of them."""
MIN_SPREAD_GAIN = 1.1
"""Spreading is kept if it multiplies the effective cores by at least this factor."""


def spread_threads(session: RaceSession, process: ArmProcess, budget: SamplingBudget) -> None:
    """Give each busy thread of an arm a core of its own if that raises the arm's effective cores.

    Looks at the last warm-up sample, takes another if the threads may be packed and `budget` allows it, and emits what
    was done and why. Does nothing on a single core.
    """
    core_count = len(process.cores)
    if core_count < 2:
        return
    before = session.record.samples_of(process.arm, Phase.WARM_UP)[-1]
    after, kept = None, False
    reason = f"asked for {core_count} cores, used {before.effective_cores:.2f}"
    if before.repetition.threads < 2:
        reason += f": {before.repetition.threads} thread ran"
    elif before.effective_cores >= MIN_SPREAD_CORES_SHARE * core_count:
        reason += ": no need to spread"
    elif not budget.allows(before.repetition.wall_s):
        reason += ": no time to try to spread"
    else:
        session.conversation.ask(process, protocol.Place(spread=True), protocol.PlacedReply)
        after = session.sampler.sample_alone(process, Phase.WARM_UP)
        kept = after.effective_cores > MIN_SPREAD_GAIN * before.effective_cores
        if not kept:
            session.conversation.ask(process, protocol.Place(spread=False), protocol.PlacedReply)
        result = "kept" if kept else "no better, undone"
        reason += f"; with one core per thread {after.effective_cores:.2f}: {result}"
    placement = Placement(
        arm=process.arm,
        cores=core_count,
        before=before.effective_cores,
        after=after.effective_cores if after else None,
        kept=kept,
        reason=reason,
    )
    session.recorder.emit(ThreadsPlaced(at=session.now, placement=placement))
