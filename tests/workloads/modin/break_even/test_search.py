"""The break-even search: its checks, its time budget, and a real search."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from bench.plan.validation import make_plan
from bench.scheduler.tasks import Job, JobState, Tasks
from bench.workload.interface import BadInput, Settings
from bench.workload.registry import load_workloads
from ui.views.modin import break_even
from workloads.modin.break_even import search
from workloads.modin.calls import CALLS
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.pandas_engine import PandasEngine
from workloads.modin.tasks import ModinTasks


class FailingEngine:
    """An engine whose tasks fail."""

    def wait(self, result):
        return None

    def raise_failure(self, result):
        raise RuntimeError("the task failed")


def test_a_failed_task_has_no_time():
    call = next(call for call in CALLS if call.name == "mean")
    with pytest.raises(RuntimeError, match="the task failed"):
        search._time_call_s(call, FailingEngine(), SimpleNamespace(numbers=pd.DataFrame({"a": [1.0]})))


@pytest.mark.parametrize(
    ("execution", "modin_value", "message"),
    [
        ({"default_warnings": ("defaulting to pandas",)}, 1.0, "hands it to pandas"),
        ({"passes_references": True}, 1.0, "passes references only"),
        ({}, 2.0, "has another result with Modin"),
    ],
)
def test_engines_that_do_not_do_the_same_work_are_not_compared(tmp_path, execution, modin_value, message):
    call = next(call for call in CALLS if call.name == "mean")
    arms = []
    for name, value, fields in (("pandas", 1.0, {}), ("modin", modin_value, execution)):
        (tmp_path / name).mkdir()
        inputs = SimpleNamespace(numbers=pd.DataFrame({"a": [value]}), out=tmp_path / name, key="a")
        engine = SimpleNamespace(
            observe=lambda work, table, fields=fields: (work(), CallExecution(0.1, **fields)),
            to_pandas=lambda result: result,
        )
        arms.append((engine, inputs))
    with pytest.raises(BadInput, match=message):
        search._check_same_result(call, 1024, arms)


@pytest.fixture
def without_ray(monkeypatch):
    """Replaces Ray by pandas. Returns a dictionary to fill: seconds of each engine's first call, by rows."""
    first_s: dict[int, float] = {}
    monkeypatch.setattr(search, "LocalRayEngine", lambda cores, frame_bytes, scratch, progress: PandasEngine(progress))
    monkeypatch.setattr(search, "_check_same_result", lambda call, rows, arms: 2 * first_s.get(rows, 0.0))
    monkeypatch.setattr(search, "_pause_ray", nullcontext)
    return first_s


def test_a_size_that_does_not_fit_into_the_budget_ends_the_search_with_the_sizes_so_far(tmp_path, without_ray):
    without_ray[4096] = 30.0
    result = run_search_here(tmp_path, ARGUMENTS | {"most": 16384})
    assert [point["rows"] for point in result["points"]] == [1024]
    assert "A round of map by both engines at 4,096 rows takes 60.1 s: 7 rounds do not fit into" in result["stopped"]
    assert "1,024 rows" in result["sentence"]
    assert "pandas and Modin on a Ray of the search's own, 1 core, a synthetic table of 4 columns" in result["used"]


def test_if_not_even_the_first_size_fits_the_remedy_names_a_budget_that_does(tmp_path, without_ray):
    without_ray[1024] = 30.0
    with pytest.raises(BadInput, match=r"1,024 rows takes 60\.1 s") as refusal:
        run_search_here(tmp_path, ARGUMENTS)
    allowed = int(re.search(r"Allow (\d+) s or more", refusal.value.remedy)[1])
    assert 421 <= allowed < 430


def test_a_budget_that_is_spent_before_the_first_call_is_reported():
    spent = search.TimeBudget(1.0, time.monotonic() - 2)
    with pytest.raises(search.OutOfTime, match="was spent before map was called") as refusal:
        spent.check(next(call for call in CALLS if call.name == "map"), 1024)
    assert refusal.value.remedy


ARGUMENTS = {"call": "map", "least": 1024, "most": 4096, "seconds": 60}


def run_search_here(tmp_path: Path, given: dict[str, Any], **parameters) -> dict[str, Any]:
    """The result of a search in this process, and its points."""
    parameters = {"columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"} | parameters
    settings = Settings("calls", "", 1, 1024, parameters, 0, tmp_path, tmp_path, tmp_path)
    events: list[dict[str, Any]] = []
    reporter: Any = SimpleNamespace(
        progress=lambda text, share=None: None,
        event=lambda name, value: events.append(value) if name == "point" else None,
    )
    return ModinTasks().break_even(settings, given, reporter) | {"points": events}


@pytest.fixture
def tasks(home):
    made = Tasks()
    yield made
    made.close()


def run_search_task(tasks: Tasks, **given) -> Job:
    plan = make_plan("modin", cores=1, parameters={"columns": 4})
    id = tasks.submit(plan, "break_even", ARGUMENTS | given)
    deadline = time.monotonic() + 120
    while not ((job := tasks.job(id)).state.over and job.ended is not None):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"call": "concat"}, "no call 'concat'"),
        ({"least": 4096, "most": 1024}, "Sizes from 4,096 to 1,024"),
        ({"most": 1 << 30}, "cannot be tried"),
        ({"call": None}, "no call None"),
        ({"least": None}, "least is missing"),
        ({"most": "many"}, "most 'many' is no whole number"),
        ({"least": 1024.5}, "least 1024.5 is no whole number"),
        ({"seconds": True}, "seconds True is no whole number"),
        ({"seconds": 0}, "In 0 s nothing can be tried"),
    ],
)
def test_wrong_arguments_are_refused_at_once(tmp_path, given, words):
    with pytest.raises(BadInput, match=words) as refusal:
        run_search_here(tmp_path, ARGUMENTS | given)
    assert refusal.value.remedy


@pytest.mark.parametrize("missing", ARGUMENTS)
def test_a_missing_argument_is_named(tmp_path, missing):
    with pytest.raises(BadInput, match=f"{missing} is missing|no call None") as refusal:
        run_search_here(tmp_path, {name: value for name, value in ARGUMENTS.items() if name != missing})
    assert refusal.value.remedy


@pytest.mark.parametrize(("name", "value"), [("file", "/data/own.csv"), ("cluster", "existing")])
def test_a_parameter_that_the_search_would_ignore_is_refused_and_the_page_does_not_send_it(tmp_path, name, value):
    with pytest.raises(BadInput, match=f"takes no {name} {value}") as refusal:
        run_search_here(tmp_path, ARGUMENTS, **{name: value})
    assert refusal.value.remedy
    plan = make_plan("modin", cores=1, baseline="modin-ray", accelerated="pandas", parameters={"columns": 4})
    # The controls of another tab may have this value.
    plan = plan.model_copy(update={"parameters": plan.parameters | {name: value}})
    search_plan = break_even.search_plan(plan)
    assert (search_plan.baseline, search_plan.accelerated) == ("pandas", "modin-ray")
    assert search_plan.parameters == plan.parameters | {name: make_plan("modin").parameters[name]}


def test_a_refusal_has_a_remedy(tasks):
    job = run_search_task(tasks, call="concat")
    assert job.state is JobState.FAILED
    assert "no call 'concat'" in job.problem
    assert job.remedy


@pytest.mark.skipif(bool(load_workloads()["modin"].unavailable()), reason="Modin is not installed")
def test_a_search_reports_every_size_and_ends(tasks):
    job = run_search_task(tasks)
    assert job.state is JobState.DONE, (job.problem, job.log)
    told_of = job.told("point")
    assert [point["rows"] for point in told_of] == [1024, 4096]
    assert all(len(point["pandas"]) == len(point["modin"]) == 7 for point in told_of)
    assert job.told("start")[0]["seconds"] > 0
    assert job.result["sentence"] and "a Ray of the search's own" in job.result["used"]
