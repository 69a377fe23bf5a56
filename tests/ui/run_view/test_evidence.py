"""TODO: tests.ui.run_view.test_evidence."""

from bench.plan.validation import make_plan
from bench.values import TOTAL, Arm, Evidence
from tests.support.modin_runs import make_modin_run
from tests.support.runs import open_plan
from ui.charts import distribution
from ui.run_view.evidence import accelerated_evidence


def test_what_stands_apart_is_not_counted_among_the_accelerated_steps_of_the_whole():
    run = make_modin_run()
    opened = open_plan(make_plan("modin", cores=1, parameters={"steps": "map,concat"}))
    run.plan, run.snapshot = opened.plan, opened.snapshot
    said = [Evidence(step=name, path="accelerated", words=["words"]) for name in ("concat", "map")]
    run.evidence = {Arm.ACCELERATED: said}
    assert [evidence.step for evidence in accelerated_evidence(run, TOTAL)] == ["map"]
    assert [evidence.step for evidence in accelerated_evidence(run, "concat")] == ["concat"]
    names = distribution.build_distribution_figure(run).layout.yaxis.ticktext
    assert [name.split(" ", 1)[1] for name in names] == ["pandas", "Modin on Ray"]
