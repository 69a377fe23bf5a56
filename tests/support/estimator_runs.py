"""Races of estimators, made without a race."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from bench.claims.verdict import decide_claims
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_workload
from bench.run.events import State
from bench.run.record import Run
from bench.run.timeline import Span
from bench.scheduler.case_series import SeriesSettings, plan_series
from bench.stats.comparison import compare_samples
from bench.values.arms import Failure, PreparedArm
from bench.values.base import Arm
from bench.values.quality import Measure, Quality
from bench.values.samples import Evidence, StepTime
from bench.values.statistics import CoreCount
from bench.workload.cases import Step
from tests.support.runs import make_quiet_sample, open_plan

ACCURACY = Measure(name="accuracy", label="accuracy", value=92.5, unit="%", decisive=True)


def plan_case(name: str, **settings) -> Plan:
    """The plan of a case in the gallery, on one core."""
    (plan,) = plan_series(find_workload("estimators"), [name], SeriesSettings(**({"cores": 1} | settings)))
    return plan


def make_estimator_run(
    plan: Plan, *, seconds: tuple[float, float] = (2.0, 1.0), pairs: int = 20, **evidence: Mapping[str, object]
) -> Run:
    """A finished race on the machine of the tests. Each step takes `seconds` in the arms. `evidence` has by step what
    differs from the evidence of an accelerated step."""
    run = Run.open(open_plan(plan, uuid.uuid4().hex))
    declared = resolve(plan).steps
    steps = [step.name for step in declared]
    work = 1 if all(step.is_request for step in declared) else plan.batch
    for pair in range(pairs):
        shift = 1 + 0.001 * ((pair * 7) % 11 - 5)
        for arm, step_s in zip(Arm, seconds, strict=True):
            timed = [make_step_time(step, step_s * shift) for step in declared]
            wall_s = sum(step.seconds * (step.calls + step.untimed_calls) for step in timed)
            run.samples.append(make_quiet_sample(arm, pair, timed, wall_s=wall_s, cores=plan.cores))
    run.statistics = compare_samples(run.samples, work=work) if pairs >= 3 else []
    run.prepared = [PreparedArm(arm=arm, cores=plan.cores, pid=1, seconds=1, work=work, data="d") for arm in Arm]
    accelerated = {"path": "accelerated", "words": ["words"], "calls": 1, "accelerated_calls": 1}
    run.evidence = {
        Arm.BASELINE: [Evidence(step=name, path="stock", words=["stock"], reason="not patched") for name in steps],
        Arm.ACCELERATED: [Evidence(step=name, **(accelerated | evidence.get(name, {}))) for name in steps],
    }
    run.quality = Quality(baseline=[ACCURACY], accelerated=[ACCURACY])
    if whole := run.comparison():
        run.core_counts = [CoreCount(arm=arm, cores=plan.cores, whole=whole.summary(arm)) for arm in Arm]
        run.best_ratio = whole.ratio
    run.state, run.ended_at, run.last_at = State.FINISHED, 20.0, 20.0
    run.timeline = [
        Span(name=State.PREPARING.value, began=0.0, ended=5.0),
        Span(name=State.RACING.value, began=5.0, ended=14.0),
        Span(name=State.CHECKING.value, began=14.0, ended=20.0),
    ]
    run.claims = decide_claims(run)
    return run


def make_step_time(step: Step, seconds: float) -> StepTime:
    """The time of a step, or of 40 requests whose mean it is: one of them takes three times as long."""
    if not step.is_request:
        return StepTime(step=step.name, seconds=seconds, cpu_s=seconds, calls=1)
    request_ns = [round(1e9 * seconds * share) for share in (*[38 / 40] * 38, 1.0, 2.9)]
    mean_s = sum(request_ns) / len(request_ns) / 1e9
    return StepTime(step=step.name, seconds=mean_s, cpu_s=mean_s, calls=len(request_ns), request_ns=request_ns)


def make_failed_run(plan: Plan) -> Run:
    run = Run.open(open_plan(plan, uuid.uuid4().hex))
    run.failure = Failure(what="10,000 rows take about 6 GiB", remedy="Choose fewer rows.")
    run.state, run.ended_at = State.FAILED, 3.0
    return run
