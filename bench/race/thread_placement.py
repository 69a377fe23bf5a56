"""Spreading an arm's threads over its cores, where the kernel has packed them on too few."""

from __future__ import annotations

from bench.formatting import format_cores
from bench.race.arm import ArmProcess
from bench.race.budget import SamplingBudget
from bench.race.session import RaceSession
from bench.run.events import ThreadsPlaced
from bench.system.thread_placement import can_spreading_help, is_spread_better, may_be_packed
from bench.values.arms import Placement
from bench.values.samples import Phase, Sample
from bench.worker import protocol


def place_threads(session: RaceSession, process: ArmProcess, before: Sample, budget: SamplingBudget) -> bool:
    """Give each busy thread of an arm a core of its own if that raises the arm's effective cores.

    If the threads may be packed in the sample `before`, and `budget` allows it, takes one more sample and then one with
    the threads spread, both as warm-up. `before` is not compared with the latter: it may be the arm's first sample,
    which uses fewer cores than later ones. Emits what was done and why. Does nothing on a single core.

    Returns whether samples were taken, so that the arm may differ from what it was in `before`.
    """
    core_count = len(process.cores)
    if core_count < 2:
        return False
    after, kept, takes_samples = None, False, False
    reason = f"asked for {format_cores(core_count)}, used {before.effective_cores:.2f}"
    if before.repetition.threads < 2:
        reason += f": {before.repetition.threads} thread ran"
    elif before.repetition.helper_processes:
        # Only threads of the worker can be placed.
        reason += ": other processes do a part of its work"
    elif not may_be_packed(before.effective_cores, core_count):
        reason += ": no need to spread"
    elif not can_spreading_help(before.repetition.wall_s, before.repetition.run_delay_s):
        reason += ": its threads hardly waited for a core"
    elif not budget.allows(2 * before.repetition.wall_s):
        reason += ": no time to try to spread"
    else:
        takes_samples = True
        before = session.sampler.sample_alone(process, Phase.WARM_UP)
        reason += f", then {before.effective_cores:.2f}"
        if not may_be_packed(before.effective_cores, core_count):
            reason += ": no need to spread"
        else:
            session.conversation.ask(process, protocol.Place(spread=True), protocol.PlacedReply)
            after = session.sampler.sample_alone(process, Phase.WARM_UP)
            kept = is_spread_better(before.effective_cores, after.effective_cores)
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
    return takes_samples
