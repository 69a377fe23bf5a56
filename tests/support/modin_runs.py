"""A finished run of pandas to Modin, made without a race."""

from bench.claims.verdict import decide_claims
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.output import Table
from bench.values.quality import Measure, Quality
from bench.values.samples import Evidence, Phase, Repetition, Sample, StepTime
from tests.support.runs import open_plan
from workloads.modin import call_report

CALL_SECONDS = {"construct": (2.0, 1.0), "read_csv": (1.0, 3.0), "read_parquet": (1.0, 1.0), "to_csv": (1.0, 2.0)}
"""By call: seconds of pandas and of Modin."""


def make_modin_run(arms: dict[str, str] | None = None) -> Run:
    """A finished race of the calls that read and write: Modin is faster in one and slower in two.

    Runs with other `arms` have the same tables and measures, like stored runs of older versions.
    """
    plan = make_plan("modin", "files", cores=1, **(arms or {}))
    run = Run.open(open_plan(plan))
    names = [step.name for step in resolve(plan).steps]
    for pair in range(10):
        for place, arm in enumerate(Arm):
            steps = [
                StepTime(step=name, cpu_s=1, calls=1, seconds=CALL_SECONDS.get(name, (1.0, 1.0))[place] + pair * 1e-3)
                for name in names
            ]
            wall = sum(step.seconds for step in steps)
            repetition = Repetition(
                steps=steps, other_s=0, wall_s=wall, cpu_s=1, began=pair, threads=1, idle_cpu_s=0, idle_s=1
            )
            run.samples.append(
                Sample(arm=arm, phase=Phase.RACE, cores=1, pair=pair, place=place, repetition=repetition)
            )
    run.statistics = compare_samples(run.samples, work=100)
    run.prepared = [PreparedArm(arm=arm, cores=1, pid=1, seconds=1, work=100, data="d", facts={}) for arm in Arm]
    told = [
        [name, "1.5 ms", "2.5 ms", "2 × 3", "2", "4 MiB", "no", "one partition" if name == "to_csv" else "moves much"]
        for name in names
    ]
    run.tables = [Table(name="calls", label="Every call", columns=call_report.COLUMNS, rows=told)]
    equal = [
        Measure(name=f"equal-{name}", label=name, value=0 if name == "to_parquet" else 100, decisive=True, step=name)
        for name in names
    ]
    start = Measure(name="start", label="start-up", value=30.0, unit="s", higher_is_better=False)
    run.quality = Quality(baseline=[], accelerated=[], agreement=[*equal, start])
    run.evidence = {
        arm: [Evidence(step=name, path=path, words=["words"], returned_s=returned) for name in names]
        for arm, path, returned in ((Arm.BASELINE, "stock", None), (Arm.ACCELERATED, "accelerated", 0.25))
    }
    run.id, run.state, run.ended_at = "a" * 32, State.FINISHED, 9.0
    run.claims = decide_claims(run)
    return run
