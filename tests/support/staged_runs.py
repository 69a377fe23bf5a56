"""Races of the workload with stages, made without a race."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Unpack

from bench.claims.verdict import decide_claims
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.race_series import RaceEnd, SeriesRace, explain_missing_result
from bench.stats.comparison import compare_samples
from bench.storage.store import Store
from bench.values.arms import Failure, PreparedArm
from bench.values.base import Arm
from bench.values.samples import Evidence, StepTime
from bench.values.selection import Selection
from bench.values.statistics import CoreCount
from tests.support.runs import make_quiet_sample, open_plan
from tests.support.staged import STAGES

STEP_S = 0.1


def find_times(chosen: frozenset[str]) -> dict[str, float]:
    """Time of each accelerated stage over that of the baseline, as `tests.support.staged.arm` takes it."""
    times = {"fast": 0.25, "slow": 4.0, "same": 1.0, "shy": 1.0 if "slow" in chosen else 1 / 3}
    return {stage: time for stage, time in times.items() if stage in chosen}


def make_staged_run(plan: Plan, times: Mapping[str, float], selection: Selection | None = None, pairs: int = 12) -> Run:
    """A finished race on this machine. `times` has the factors of stages that are not 1; a stage without one runs the
    same code in both arms."""
    run = Run.open(open_plan(plan, uuid.uuid4().hex))
    run.selection, run.started = selection, datetime.now(UTC)
    for pair in range(pairs):
        shift = 1 + 0.001 * ((pair * 7) % 11 - 5)
        for arm in Arm:
            seconds = {
                step: STEP_S * shift * (times.get(stage, 1.0) if arm is Arm.ACCELERATED else 1.0)
                for stage, steps in STAGES.items()
                for step in steps
            }
            timed = [StepTime(step=step, seconds=time_s, cpu_s=time_s, calls=1) for step, time_s in seconds.items()]
            run.samples.append(make_quiet_sample(arm, pair, timed, wall_s=sum(seconds.values()), other_s=0.0))
    run.statistics = compare_samples(run.samples, work=1)
    run.prepared = [PreparedArm(arm=arm, cores=1, pid=1, seconds=1, work=1, data="d") for arm in Arm]
    run.evidence = {
        arm: [
            _make_evidence(step, arm is Arm.ACCELERATED and times.get(stage, 1.0) != 1.0)
            for stage, steps in STAGES.items()
            for step in steps
        ]
        for arm in Arm
    }
    whole = run.comparison()
    if whole is not None:
        run.core_counts = [CoreCount(arm=arm, cores=1, whole=whole.summary(arm)) for arm in Arm]
        run.best_ratio = whole.ratio
    run.state, run.ended_at, run.last_at = State.FINISHED, 20.0, 20.0
    run.claims = decide_claims(run)
    return run


def _make_evidence(step: str, is_accelerated: bool) -> Evidence:
    if is_accelerated:
        return Evidence(step=step, path="accelerated", words=["fast"], calls=1, accelerated_calls=1)
    return Evidence(step=step, path="stock", words=["stock"], reason="stock", code=f"stock {step}")


class SelectingRacer:
    """Stores a race at once, with the times that `times` has for the stages of its plan."""

    def __init__(
        self,
        store: Store,
        times: Callable[[frozenset[str]], Mapping[str, float]] | None = None,
        *,
        pairs: int = 12,
        fails: bool = False,
        data: Sequence[str] = (),
    ) -> None:
        """`data` has the digest of the data of each race; it is the same in those after the last one."""
        self.store, self.times, self.pairs, self.fails, self.data = store, times or find_times, pairs, fails, data
        self.raced: list[Plan] = []
        self.runs: list[Run] = []

    def find_same(self, plan: Plan) -> str:
        return ""

    def stop(self, job_id: str) -> None:
        """The race is over already."""

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        if not prepare():
            return None
        self.raced.append(plan)
        chosen = frozenset(str(plan.parameters["accelerate"]).split(","))
        run = make_staged_run(plan, self.times(chosen), submission["selection"], self.pairs)
        if self.fails:
            run.state, run.claims = State.FAILED, []
            run.failure = Failure(what="An arm has ended.", remedy="Look at its log.")
        if self.data:
            digest = self.data[min(len(self.runs), len(self.data) - 1)]
            run.prepared = [arm.model_copy(update={"data": digest}) for arm in run.prepared]
        self.runs.append(run)
        began(run.id)
        self.store.save(run)
        return RaceEnd(explain_missing_result(run))
