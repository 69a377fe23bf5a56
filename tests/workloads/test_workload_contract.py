"""What every workload must satisfy: its declaration, and a small race with its evidence and quality."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from bench.machine.core_selection import choose_cores
from bench.paths import ROOT
from bench.plan.plan import Plan
from bench.plan.validation import MAX_TEXT_LENGTH, make_plan
from bench.race.race import Race
from bench.run.events import State
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.workload.registry import load_workloads
from tests.support.runs import open_plan
from tests.support.script_runs import SCRIPTS

WORKLOADS = list(load_workloads().values())
SMALL_PLANS: dict[str, dict] = {
    "bert": {"batch": 1},
    "colour-quantization": {"parameters": {"colours": 8}},
    "modin": {"case": "etl", "parameters": {"columns": 4}},
    "documents": {"batch": 240, "parameters": {"features": 500, "components": 20, "mapped": 100}},
    "estimators": {"batch": 300, "parameters": {"trees": 10}},
    "memory-traffic": {"parameters": {"size": 1024}},
    # Enough for some pairs on a busy machine: each loads scikit-learn-intelex.
    "script": {"budget_s": 12, "parameters": {"script": str(SCRIPTS / "plain.py")}},
    "selftest": {"parameters": {"loops": 500}},
    "staged": {},
    "trial": {"parameters": {"loops": 500}},
}
"""By workload: fields of a plan whose race takes little time."""
RESERVED_NAMES = {
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
"""Names of URL parameters that every workload has."""


def make_small_plan(name: str, folder: Path) -> Plan:
    """A plan of this workload whose race takes little time."""
    fields = {"cores": 1, "budget_s": 2, "target": 0.5} | SMALL_PLANS[name]
    if name == "bert":
        # Only few questions, because both arms answer all of them to measure their accuracy.
        data = json.loads((ROOT / "assets" / "data" / "fairlap-qa-calibration.json").read_text())
        file = folder / "few.json"
        file.write_text(json.dumps(data | {"data": data["data"][:2]}))
        # Enough for the first pair on a busy machine.
        fields |= {"budget_s": 5, "parameters": {"evaluation": str(file)}}
    return make_plan(name, **fields)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_declaration_is_consistent(workload):
    assert len({case.name for case in workload.cases}) == len(workload.cases) > 0
    assert bool(workload.tasks.entries) == bool(workload.tasks.handler)
    assert len({task.name for task in workload.tasks.entries}) == len(workload.tasks.entries)


@pytest.mark.parametrize(
    ("workload", "case"),
    [(workload, case) for workload in WORKLOADS for case in workload.cases],
    ids=lambda value: value.name,
)
def test_every_case_is_consistent(workload, case):
    names = [step.name for step in case.steps]
    assert names
    assert TOTAL not in names
    assert len(set(names)) == len(names)
    lever = workload.lever_of(case)
    assert lever[lever.baseline] is not lever[lever.accelerated]
    declared = workload.parameters_of(case)
    parameters = [parameter.name for parameter in declared]
    assert not RESERVED_NAMES & set(parameters), "the name of a parameter is also that of its URL parameter"
    assert len(set(parameters)) == len(parameters), "a parameter of a case must not hide one of the workload"
    assert case.published_ratios().keys() <= {TOTAL, *names}
    if case.step_parameter:
        chooser = workload.parameter(case.step_parameter, case)
        assert chooser.kind == ("choice" if case.step_choices else "several")
        assert case.step_choices.keys() <= chooser.choices.keys() and case.code_choices.keys() <= chooser.choices.keys()
        timed = {choice: case.step_choices.get(choice, (choice,)) for choice in chooser.choices}
        assert {name for steps in timed.values() for name in steps} == set(names), "each step is of some choice"
        for choice, steps in timed.items():
            assert [step.name for step in case.steps_for({case.step_parameter: choice})] == list(steps) != []
        default = case.steps_for({case.step_parameter: chooser.default})
        assert case.steps_for({}) == default, "a stored run may be older than the parameter"
    else:
        assert not case.step_choices and not case.code_choices
    for parameter in declared:
        named = {parameter.only_with, parameter.column_of, *parameter.only_without} - {""}
        assert named <= set(parameters) and parameter.name not in named
        if parameter.kind == "text":
            assert 0 < len(str(parameter.default)) <= MAX_TEXT_LENGTH
        if parameter.kind in ("choice", "image"):
            assert parameter.default in parameter.choices
        if parameter.kind in ("integer", "real"):
            assert parameter.minimum <= parameter.default <= parameter.maximum
        if parameter.stops:
            assert parameter.default in parameter.stops
    plan = make_plan(workload.name, case.name, cores=1)
    assert plan.parameters.keys() == set(parameters)
    assert plan.batch == (case.batch or workload.batch.default)
    assert not case.batch or workload.batch.minimum <= case.batch <= workload.batch.maximum


@pytest.mark.parametrize(
    ("workload", "task"),
    [(workload, task) for workload in WORKLOADS for task in workload.tasks.entries],
    ids=lambda value: value.name,
)
def test_every_task_is_consistent(workload, task):
    parameters = {parameter.name for case in workload.cases for parameter in workload.parameters_of(case)}
    assert set(task.depends_on) <= parameters | set(Plan.model_fields)
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    module, _, name = workload.tasks.handler.partition(":")
    assert callable(getattr(getattr(importlib.import_module(module), name), task.name))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_small_race_runs_to_its_verdict(tmp_path, workload):
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = make_small_plan(workload.name, tmp_path)
    race = Race(
        open_plan(plan),
        emit=lambda event: None,
        stop_requested=lambda: None,
        scratch=scratch,
        cores=choose_cores(1),
    )
    race.run()
    run = race.record
    assert run.state is State.FINISHED, run.failure
    assert [comparison.step for comparison in run.statistics] == [TOTAL, *(step.name for step in run.snapshot.steps)]
    assert {evidence.step for evidence in run.evidence[Arm.ACCELERATED]} == {step.name for step in run.snapshot.steps}
    assert all(evidence.words for evidence in run.evidence[Arm.ACCELERATED])
    if workload.lever.changes_arithmetic:
        assert [measure for measure in run.quality.baseline + run.quality.agreement if measure.decisive]
    assert len({prepared.data for prepared in run.prepared}) == 1, "both arms work on the same data"
