"""Races of the documents, made without a race."""

from __future__ import annotations

from bench.claims.verdict import decide_claims
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.output import Table
from bench.values.quality import Measure, Quality
from bench.values.samples import Evidence, StepTime
from bench.values.statistics import CoreCount
from tests.support.runs import make_quiet_sample, open_plan
from workloads.documents.document_map import ArmMap, DocumentMap, make_map_table

SECONDS = {
    "load": (0.2, 0.2),
    "features": (0.5, 0.5),
    "reduce": (0.3, 0.3),
    "train": (1.0, 0.2),
    "classify": (0.4, 0.1),
    "topics": (0.1, 0.05),
    "map": (1.4, 0.2),
}
"""Of each step in both arms: 3.9 s and 1.55 s together."""
BETWEEN_S = 0.1
MARKUP_TEXT = "<script>alert(1)</script> <b>bold</b> # Heading [a](https://b.example) %{y} $x$ &lt;"
"""The beginning of a document that looks like HTML, Markdown and more."""
ACCURACY = Measure(name="accuracy", label="accuracy", value=92.5, unit="%", decisive=True)


def make_document_run(run_id: str = "d" * 32, pairs: int = 12, **parameters: object) -> Run:
    """A finished race on one core in which load, TF-IDF and SVD ran the same code in both arms."""
    plan = make_plan("documents", cores=1, parameters=parameters)
    run = Run.open(open_plan(plan, run_id))
    for pair in range(pairs):
        shift = 1 + 0.001 * ((pair * 7) % 11 - 5)
        for place, arm in enumerate(Arm):
            times = {step: seconds[place] * shift for step, seconds in SECONDS.items()}
            wall_s = sum(times.values()) + BETWEEN_S
            timed = [StepTime(step=name, seconds=time_s, cpu_s=time_s, calls=1) for name, time_s in times.items()]
            run.samples.append(make_quiet_sample(arm, pair, timed, wall_s=wall_s, other_s=BETWEEN_S))
    run.statistics = compare_samples(run.samples, work=4_800)
    run.prepared = [PreparedArm(arm=arm, cores=1, pid=1, seconds=1, work=4_800, data="d") for arm in Arm]
    run.evidence = {arm: [_make_evidence(step, arm) for step in SECONDS] for arm in Arm}
    run.quality = Quality(
        baseline=[ACCURACY],
        accelerated=[ACCURACY.model_copy(update={"value": 92.6})],
        agreement=[Measure(name="predictions-agree", label="same label", value=99.5, unit="%")],
    )
    rows = [["a", "9", "1"], ["b", "0", "8"]]
    run.tables = [
        Table(name=f"confusion-{arm}", label="Confusion", columns=["class", "a", "b"], rows=rows) for arm in Arm
    ]
    run.tables.append(make_map_table(make_map()))
    whole = run.comparison()
    assert whole is not None
    run.core_counts = [CoreCount(arm=arm, cores=1, whole=whole.summary(arm)) for arm in Arm]
    run.best_ratio = whole.ratio
    run.state, run.ended_at, run.last_at = State.FINISHED, 60.0, 60.0
    run.claims = decide_claims(run)
    return run


def make_map() -> DocumentMap:
    """Four documents of two classes. The last two are held out; the accelerated arm labels the fourth wrongly."""
    arms = {
        Arm.BASELINE: ArmMap([0.0, 1.5, -2.25, 3.0], [1.0, 2.0, 3.0, 4.0], [1, 2, 1, 2], ["", "", "a", "b"]),
        Arm.ACCELERATED: ArmMap([5.0, 6.0, 7.0, 8.0], [-1.0, -2.0, -3.0, -4.0], [1, 2, 1, 1], ["", "", "a", "a"]),
    }
    return DocumentMap([MARKUP_TEXT, "second", "third", "fourth " * 20], ["a", "b", "a", "b"], arms)


def _make_evidence(step: str, arm: Arm) -> Evidence:
    before, after = SECONDS[step]
    if arm is Arm.BASELINE or before == after:
        code = f"stock {step}"
        return Evidence(step=step, path="stock", words=[code], reason="stock", code=code)
    return Evidence(step=step, path="accelerated", words=["log: fast"], calls=1, accelerated_calls=1)
