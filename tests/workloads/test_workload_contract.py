"""What every workload must pass, real ones on small sizes: its declaration, its race, its evidence and its quality."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.machine.core_selection import choose_cores
from bench.paths import ROOT
from bench.plan.plan import Plan
from bench.plan.validation import MAX_TEXT_LENGTH, make_plan
from bench.race.race import Race
from bench.run import events
from bench.run.events import State
from bench.values import TOTAL, Arm
from bench.workload.registry import load_workloads
from tests.support.runs import open_plan

WORKLOADS = list(load_workloads().values())
SMALL_PLANS: dict[str, dict] = {
    "bert": {"batch": 1},
    "colour-quantization": {"parameters": {"colours": 8}},
    "modin": {"case": "etl", "parameters": {"columns": 4}},
    "memory-traffic": {"parameters": {"size": 1024}},
    "selftest": {"parameters": {"loops": 500}},
    "trial": {"parameters": {"loops": 500}},
}


def make_small_plan(name: str, folder: Path) -> Plan:
    """A plan of this workload that is raced in little time."""
    plan = {"cores": 1, "budget_s": 2, "target": 0.5} | SMALL_PLANS[name]
    if name == "bert":
        # Few questions: every one is answered by both arms, to tell their accuracy.
        asked = json.loads((ROOT / "assets" / "data" / "fairlap-qa-calibration.json").read_text())
        few = folder / "few.json"
        few.write_text(json.dumps(asked | {"data": asked["data"][:2]}))
        # On a busy machine the first pair must still be within the budget.
        plan |= {"budget_s": 5, "parameters": {"evaluation": str(few)}}
    return make_plan(name, **plan)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_declaration_holds_together(workload):
    assert len({case.name for case in workload.cases}) == len(workload.cases) > 0
    assert bool(workload.tasks.entries) == bool(workload.tasks.handler)
    assert len({task.name for task in workload.tasks.entries}) == len(workload.tasks.entries)


@pytest.mark.parametrize(
    ("workload", "case"),
    [(workload, case) for workload in WORKLOADS for case in workload.cases],
    ids=lambda value: value.name,
)
def test_every_case_holds_together(workload, case):
    names = [step.name for step in case.steps]
    assert names
    assert TOTAL not in names
    assert len(set(names)) == len(names)
    lever = workload.lever_of(case)
    assert lever[lever.baseline] is not lever[lever.accelerated]
    declared = workload.parameters_of(case)
    taken = {
        "case",
        "cores",
        "batch",
        "baseline",
        "accelerated",
        "budget_s",
        "target",
        "seed",
        "accuracy_limit",
        "run",
        "plan",
    }
    parameters = [parameter.name for parameter in declared]
    assert not taken & set(parameters), "a parameter's name is its URL parameter's"
    assert len(set(parameters)) == len(parameters), "a case's parameter hides one of its workload"
    assert case.published_ratios().keys() <= {TOTAL, *names}
    if case.step_parameter:
        assert list(workload.parameter(case.step_parameter, case).choices) == names
        for step in case.steps:
            assert case.steps_for({case.step_parameter: step.name}) == (step,)
    for parameter in declared:
        if parameter.kind == "text":
            assert 0 < len(str(parameter.default)) <= MAX_TEXT_LENGTH
        if parameter.kind in ("choice", "image"):
            assert parameter.default in parameter.choices
        if parameter.kind in ("integer", "real"):
            assert parameter.minimum <= parameter.default <= parameter.maximum
        if parameter.stops:
            assert parameter.default in parameter.stops
    assert make_plan(workload.name, case.name, cores=1).parameters.keys() == set(parameters)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_small_race_runs_to_its_verdict(tmp_path, workload):
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = make_small_plan(workload.name, tmp_path)
    told: list[events.Event] = []
    opening = open_plan(plan)
    racing = Race(opening, emit=told.append, stop_requested=lambda: None, scratch=scratch, cores=choose_cores(1))
    racing.run()
    run = racing.record
    assert run.state is State.FINISHED, run.failure
    assert [comparison.step for comparison in run.statistics] == [TOTAL, *(step.name for step in run.snapshot.steps)]
    assert {evidence.step for evidence in run.evidence[Arm.ACCELERATED]} == {step.name for step in run.snapshot.steps}
    assert all(evidence.words for evidence in run.evidence[Arm.ACCELERATED])
    if workload.lever.changes_arithmetic:
        assert [measure for measure in run.quality.baseline + run.quality.agreement if measure.decisive]
    assert len({prepared.data for prepared in run.prepared}) == 1, "both arms work on the same data"
