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
from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.interface import BadInput, Settings
from bench.workload.registry import load_workloads
from tests.support.dispatching import wait_until_over
from tests.support.task_calls import ReportRecorder, call_task
from ui.views.modin import break_even
from workloads.modin.break_even import search
from workloads.modin.calls import CALLS
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.pandas_engine import PandasEngine
from workloads.modin.measurements import BreakEvenArguments, BreakEvenPoint, BreakEvenResult, EngineStart


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


@pytest.mark.parametrize(("service", "library"), [("", "pandas"), ("Ray", "Modin on Ray")])
def test_a_call_that_fails_is_reported_with_the_library_that_cannot_execute_it(tmp_path, service, library):
    call = next(call for call in CALLS if call.name == "mean")
    engine = SimpleNamespace(observe=lambda work, table: (work(), CallExecution(0.1)), service=service)
    inputs = SimpleNamespace(numbers=SimpleNamespace(mean=lambda: int("no number")), out=tmp_path, key="a")
    message = f"^{library} cannot execute mean on the generated table of 1,024 rows: .*no number"
    with pytest.raises(BadInput, match=message):
        search._check_same_result(call, 1024, [(engine, inputs)])


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
    result, reported = run_search_here(tmp_path, ARGUMENTS | {"max_rows": 16384})
    assert [point.rows for point in reported.values("point")] == [1024]
    assert "A round of map by both engines at 4,096 rows takes 60.1 s: 7 rounds do not fit into" in result.stopped
    assert "1,024 rows" in result.sentence
    assert "pandas and Modin on a Ray started for the search, 1 core, a synthetic table of 4 columns" in result.compared


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


ARGUMENTS = {"call": "map", "min_rows": 1024, "max_rows": 4096, "budget_s": 60}


def run_search_here(tmp_path: Path, arguments: dict[str, Any], **parameters) -> tuple[BreakEvenResult, ReportRecorder]:
    """A search in this process, and what it reported."""
    parameters = {"columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"} | parameters
    settings = Settings("calls", "", 1, 1024, parameters, 0, tmp_path, tmp_path, tmp_path)
    return call_task("modin", "break_even", settings, arguments)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"call": "concat"}, "no call 'concat'"),
        ({"min_rows": 4096, "max_rows": 1024}, "smaller and a larger number of rows, got 4,096 and 1,024"),
        ({"max_rows": 1 << 30}, "got 1,024 and 1,073,741,824"),
        ({"call": None}, "call: should be a valid string, got None"),
        ({"min_rows": None}, "min_rows: should be a valid integer, got None"),
        ({"max_rows": "many"}, "max_rows: should be a valid integer, got 'many'"),
        ({"min_rows": 1024.5}, "min_rows: should be a valid integer, got 1024.5"),
        ({"budget_s": True}, "budget_s: should be a valid integer, got True"),
        ({"budget_s": 0}, "time budget of at least 1 s, got 0 s"),
    ],
)
def test_wrong_arguments_are_refused_at_once(tmp_path, given, words):
    with pytest.raises(BadInput, match=words) as refusal:
        run_search_here(tmp_path, ARGUMENTS | given)
    assert refusal.value.remedy


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_unknown_argument_is_named_and_a_missing_one_has_a_default(tmp_path, name):
    with pytest.raises(BadInput, match=f"{name}s: there is no such argument") as refusal:
        run_search_here(tmp_path, ARGUMENTS | {f"{name}s": 1})
    assert refusal.value.remedy
    assert name in BreakEvenArguments().model_dump()


@pytest.mark.parametrize(("name", "value"), [("file", "/data/own.csv"), ("cluster", "existing")])
def test_a_setting_that_the_search_cannot_use_is_refused_and_the_page_does_not_pass_it_on(tmp_path, name, value):
    with pytest.raises(BadInput, match=f"cannot use {name} {value}") as refusal:
        run_search_here(tmp_path, ARGUMENTS, **{name: value})
    assert refusal.value.remedy
    plan = make_plan("modin", cores=1, baseline="modin-ray", accelerated="pandas", parameters={"columns": 4})
    # As the controls of another tab may set it, if an operator allows a cluster.
    plan = plan.model_copy(update={"parameters": plan.parameters | {name: value}})
    passed = break_even.make_search_plan(plan)
    assert (passed.baseline, passed.accelerated) == ("pandas", "modin-ray")
    assert passed.parameters == plan.parameters | {name: make_plan("modin").parameters[name]}


@pytest.mark.skipif(bool(load_workloads()["modin"].unavailable()), reason="Modin is not installed")
def test_a_search_is_a_measurement_that_reports_every_size_and_is_stored(home):
    dispatcher = Dispatcher()
    plan = make_plan("modin", cores=1, parameters={"columns": 4})
    record = wait_until_over(
        dispatcher, dispatcher.submit_measurement(plan, "break_even", ARGUMENTS, origin="command line"), seconds=120
    ).measurement
    assert record.state is State.FINISHED, record.failure
    points = record.reports_as("point", BreakEvenPoint)
    assert [point.rows for point in points] == [1024, 4096]
    assert all(len(point.pandas) == len(point.modin) == 7 for point in points)
    assert record.first_report_as("start", EngineStart).seconds > 0
    result = record.result_as(BreakEvenResult)
    assert result.sentence and "a Ray started for the search" in result.compared
