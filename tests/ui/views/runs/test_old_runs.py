"""Runs of version 0.1.0 are listed, drawn, compared and deleted, also when today's declarations have changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.claims.best_step import find_best_step
from bench.run.outcome import describe_outcome
from bench.storage.database import open_database
from bench.storage.store import Store
from bench.values.samples import TOTAL
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads
from tests.support.pages import open_page, read_labels, read_page, run_script
from tests.support.stored_runs import OLD_DATABASE, OLD_RUN_COUNT, read_old_rows

OLD_RUNS = {row["id"]: row for row in read_old_rows()}
SAME_PLAN = ("94ea367fcb0d41efa7ef4c9120541b00", "2b1472fad00841c0a48ec3acaa5eca3f")


@pytest.fixture(scope="module")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of version 0.1.0 with today's schema."""
    file = Path(shutil.copy(OLD_DATABASE, tmp_path_factory.mktemp("old") / "runs.sqlite3"))
    open_database(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(autouse=True)
def old_database(home: Path, migrated_database: Path) -> None:
    home.mkdir(exist_ok=True)
    shutil.copy(migrated_database, home / "runs.sqlite3")


def rename_parameters(workload: Workload) -> Workload:
    def rename(parameters):
        return tuple(replace(parameter, name=f"new_{parameter.name}") for parameter in parameters)

    cases = tuple(replace(case, parameters=rename(case.parameters), step_parameter="") for case in workload.cases)
    return replace(workload, parameters=rename(workload.parameters), cases=cases)


def remove_steps(workload: Workload) -> Workload:
    cases = tuple(
        replace(case, steps=(replace(case.steps[0], name="other", label="other"),)) for case in workload.cases
    )
    return replace(workload, cases=cases)


def rename_lever_values(workload: Workload) -> Workload:
    def rename(lever):
        values = tuple(replace(value, name=f"new-{value.name}") for value in lever.values)
        return replace(lever, values=values, baseline=values[0].name, accelerated=values[1].name)

    cases = tuple(replace(case, lever=case.lever and rename(case.lever)) for case in workload.cases)
    return replace(workload, lever=rename(workload.lever), cases=cases)


def rename_cases(workload: Workload) -> Workload:
    return replace(workload, cases=tuple(replace(case, name=f"new-{case.name}") for case in workload.cases))


CHANGES = {
    "as today": lambda workload: workload,
    "parameters renamed": rename_parameters,
    "steps removed": remove_steps,
    "lever values renamed": rename_lever_values,
    "cases renamed": rename_cases,
    "workload removed": None,
}


@pytest.fixture(params=CHANGES)
def declarations(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Today's declarations, changed in one way. The registry is cached: the change is in its dictionary."""
    change = CHANGES[request.param]
    registry = load_workloads()
    for name in {row["workload"] for row in OLD_RUNS.values()}:
        if change is None:
            monkeypatch.delitem(registry, name)
        else:
            monkeypatch.setitem(registry, name, change(registry[name]))
    return request.param


def test_all_runs_are_listed(declarations: str) -> None:
    app = open_page("runs")
    assert app.selectbox(key="runs_workload").options == ["BERT: FP32 to INT8", "Memory traffic", "pandas to Modin"]
    table = app.dataframe[0].value
    assert len(table) == OLD_RUN_COUNT
    assert sorted(table["ratio"]) == sorted(row["ratio"] for row in OLD_RUNS.values())
    assert {"BERT: FP32 to INT8", "pandas to Modin, Overview", "Memory traffic, Stencil"} <= set(table["workload"])


@pytest.mark.parametrize("run_id", OLD_RUNS)
def test_a_run_is_drawn(run_id: str) -> None:
    app = open_page("runs", run=run_id)
    assert not app.error
    run = Store().load(run_id)
    # The page begins with the step that gained most.
    sentence = describe_outcome(run, find_best_step(run) or TOTAL)
    assert sentence.split(";")[0] in read_page(app).replace("\\", "")


@pytest.mark.parametrize("run_id", OLD_RUNS)
def test_a_run_opens_on_the_page_of_its_workload(run_id: str) -> None:
    app = open_page(OLD_RUNS[run_id]["workload"], run=run_id)
    assert not app.error and not app.warning
    assert ":material/flag: finished" in read_page(app)


def test_runs_are_drawn_and_compared_whatever_was_changed(declarations: str) -> None:
    for run_id in ("36e218f422d64f73868391427ee4859a", "eab31c3e0edd4f6e96910c1fe2457330", *SAME_PLAN[:1]):
        app = open_page("runs", run=run_id)
        assert not app.error
    app = open_page("runs", run="8483515637534695af1cecd0f34c41e9")
    assert not app.error
    assert "as defined (ijk)" in read_labels(app)
    script = (
        "from ui import services\nfrom ui.views.runs.selection import draw_selection\n"
        f"draw_selection([services.get_store().row(run_id) for run_id in {SAME_PLAN}])\n"
    )
    app = run_script(script)
    assert not app.warning and not app.error
    assert app.table[-1].value.shape[1] == 2
    assert "version 0.1.0" in read_page(app)


def test_runs_can_be_deleted_whatever_was_changed(declarations: str) -> None:
    store = Store()
    assert all(store.delete(run_id) for run_id in OLD_RUNS)
    assert store.count() == 0
    assert "No run is stored yet" in read_page(open_page("runs"))
