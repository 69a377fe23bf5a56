"""The evidence of the accelerated arm."""

from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL, Evidence
from tests.support.runs import open_plan
from ui.charts.distribution import build_distribution_figure
from ui.run_view.evidence import accelerated_evidence


def test_evidence_for_the_total_leaves_out_steps_that_are_excluded_from_it():
    run = Run.open(open_plan(make_plan("modin", "selection", cores=1, parameters={"calls": "map,concat"})))
    run.evidence = {
        Arm.ACCELERATED: [Evidence(step=name, path="accelerated", words=["words"]) for name in ("concat", "map")]
    }
    assert [evidence.step for evidence in accelerated_evidence(run, TOTAL)] == ["map"]
    assert [evidence.step for evidence in accelerated_evidence(run, "concat")] == ["concat"]
    names = build_distribution_figure(run).layout.yaxis.ticktext
    assert [name.split(" ", 1)[1] for name in names] == ["pandas", "Modin on Ray"]
