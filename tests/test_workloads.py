"""What every workload must pass, real ones on small sizes: its declaration, its race, its evidence and its quality."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bench.__main__ import main
from bench.machine.core_selection import choose
from bench.paths import ROOT
from bench.plan.plan import LONGEST_TEXT, Plan, make
from bench.race.race import Race
from bench.run import events
from bench.run.events import State
from bench.values import Side
from bench.workload.declaration import WHOLE, LeverValue, registry
from tests.conftest import opened

WORKLOADS = list(registry().values())
SMALL: dict[str, dict] = {
    "bert": {"batch": 1},
    "colour-quantization": {"parameters": {"colours": 8}},
    "modin": {"parameters": {"steps": "etl", "columns": 4}},
    "memory-traffic": {"parameters": {"size": 1024}},
    "trial": {"parameters": {"loops": 500}},
}


def small(name: str, folder: Path) -> Plan:
    """A plan of this workload that is raced in little time."""
    plan = {"cores": 1, "budget_s": 2, "target": 0.5} | SMALL[name]
    if name == "bert":
        # Few questions: every one is answered by both arms, to tell their accuracy.
        asked = json.loads((ROOT / "assets" / "data" / "fairlap-qa-calibration.json").read_text())
        few = folder / "few.json"
        few.write_text(json.dumps(asked | {"data": asked["data"][:2]}))
        # On a busy machine the first pair must still be within the budget.
        plan |= {"budget_s": 5, "parameters": {"evaluation": str(few)}}
    return make(name, **plan)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_declaration_holds_together(workload):
    names = [step.name for step in workload.steps]
    assert WHOLE not in names
    assert len(set(names)) == len(names)
    assert workload.lever[workload.lever.baseline] is not workload.lever[workload.lever.accelerated]
    taken = {"cores", "batch", "baseline", "accelerated", "budget_s", "target", "seed", "accuracy_limit", "run", "plan"}
    parameters = [parameter.name for parameter in workload.parameters]
    assert not taken & set(parameters), "a parameter's name is its URL parameter's"
    assert bool(workload.tasks) == bool(workload.desk)
    assert len({task.name for task in workload.tasks}) == len(workload.tasks)
    assert workload.figures().keys() <= {WHOLE, *names}
    if workload.chosen_by:
        groups = set(workload.parameter(workload.chosen_by).choices)
        assert all(set(step.groups) <= groups for step in workload.steps)
        assert all(workload.steps_of({workload.chosen_by: group}) for group in groups)
    for parameter in workload.parameters:
        if parameter.kind == "text":
            assert 0 < len(str(parameter.default)) <= LONGEST_TEXT
        if parameter.kind in ("choice", "image"):
            assert parameter.default in parameter.choices
        if parameter.kind in ("integer", "real"):
            assert parameter.minimum <= parameter.default <= parameter.maximum
        if parameter.stops:
            assert parameter.default in parameter.stops
    assert make(workload.name, cores=1).parameters.keys() == set(parameters)


def test_declarations_load_no_library_that_is_measured():
    heavy = {
        "tensorflow",
        "sklearn",
        "sklearnex",
        "daal4py",
        "onedal",
        "modin",
        "ray",
        "neural_compressor",
        "keras",
        "numba",
        "tokenizers",
        "safetensors",
        "huggingface_hub",
        "optuna",
        "yaml",
    }
    import subprocess

    code = "import sys; from bench.workload.declaration import registry; registry(); import bench.scheduler.dispatcher; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not heavy & set(loaded)
    assert not {"scipy", "streamlit", "numpy"} & set(loaded)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_small_race_runs_to_its_verdict(tmp_path, workload):
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = small(workload.name, tmp_path)
    told: list[events.Event] = []
    opening = opened().model_copy(update={"plan": plan})
    racing = Race(opening, tell=told.append, stop=lambda: None, scratch=scratch, cores=choose(1))
    racing.run()
    run = racing.record
    assert run.state is State.FINISHED, run.failure
    assert [comparison.step for comparison in run.statistics] == [WHOLE, *(step.name for step in plan.steps)]
    assert {evidence.step for evidence in run.evidence[Side.ACCELERATED]} == {step.name for step in plan.steps}
    assert all(evidence.words for evidence in run.evidence[Side.ACCELERATED])
    if workload.lever.changes_arithmetic:
        assert [measure for measure in run.quality.baseline + run.quality.agreement if measure.decisive]
    assert len({prepared.data for prepared in run.prepared}) == 1, "both arms work on the same data"


def test_a_platform_without_the_library_says_why():
    workload = registry()["colour-quantization"]
    elsewhere = replace(workload, machines=("m68k",))
    assert "x86-64" in elsewhere.unavailable()
    lever = replace(workload.lever, values=(replace(workload.lever.values[0], packages=("no_such_package",)),))
    assert "Not installed: no_such_package" in replace(workload, lever=lever).unavailable()
    assert "pip install -r requirements.txt" in replace(workload, lever=lever).unavailable()


def without_extra(monkeypatch) -> None:
    """The trial workload has a third setting, an extra that is not installed."""
    trial = registry()["trial"]
    extra = LeverValue("rare", "Rare", packages=("no_such_package",), extra="rare-package")
    changed = replace(trial, lever=replace(trial.lever, values=(*trial.lever.values, extra)))
    monkeypatch.setitem(registry(), "trial", changed)


def test_an_extra_that_is_missing_keeps_only_its_own_setting_from_running(monkeypatch, capsys):
    without_extra(monkeypatch)
    assert not make("trial").unavailable()
    why = make("trial", accelerated="rare").unavailable()
    assert "Rare cannot run here" in why
    assert "pip install rare-package" in why
    assert main(["run", "trial", "--set", f"{registry()['trial'].lever.name}=rare"]) == 2
    assert "pip install rare-package" in capsys.readouterr().err


def test_controls_leave_out_a_missing_extra_unless_the_url_asks_for_it(monkeypatch):
    without_extra(monkeypatch)

    def page() -> None:
        import streamlit as st

        from bench.workload.declaration import registry
        from ui.controls import form

        plan = form.plan_from_controls(registry()["trial"])
        st.text(plan.unavailable() if plan else "no plan")

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    [against] = [control for control in app.button_group if "against" in control.label]
    assert not any("Rare" in option for option in against.options)
    assert "pip install rare-package" in against.help
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["accelerated"] = "rare"
    app.run()
    assert any("Rare" in str(option) for control in app.button_group for option in control.options)
    assert "pip install rare-package" in app.text[0].value
