"""The search for the size from which on Modin gains: the crossing of made up times, and a real search."""

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
    """An engine that says that a result has not come about."""

    def wait(self, result):
        return None

    def check(self, result):
        raise RuntimeError("the task failed")


def test_a_result_that_has_not_come_about_is_no_time():
    call = next(call for call in CALLS if call.name == "mean")
    with pytest.raises(RuntimeError, match="the task failed"):
        search._time_call_s(call, FailingEngine(), SimpleNamespace(numbers=pd.DataFrame({"a": [1.0]})))


@pytest.mark.parametrize(
    ("note", "other", "words"),
    [
        ({"defaulted": ("defaulting to pandas",)}, 1.0, "hands it to pandas"),
        ({"references": True}, 1.0, "only passes references on"),
        ({}, 2.0, "gives another result"),
    ],
)
def test_who_does_not_do_the_same_work_is_not_compared(tmp_path, note, other, words):
    call = next(call for call in CALLS if call.name == "mean")
    arms = []
    for name, number, said in (("pandas", 1.0, {}), ("modin", other, note)):
        (tmp_path / name).mkdir()
        frame = pd.DataFrame({"a": [number]})
        tables = SimpleNamespace(numbers=frame, out=tmp_path / name, key="a")
        engine = SimpleNamespace(
            observed=lambda work, given, said=said: (work(), CallExecution(0.1, **said)), plain=lambda result: result
        )
        arms.append((engine, tables))
    with pytest.raises(BadInput, match=words):
        search._check_same_result(call, 1024, arms)


# --- the time that it may take ---


@pytest.fixture
def without_ray(monkeypatch):
    """A search in this process by pandas on both sides; the seconds of either engine's first call, by rows."""
    first_s: dict[int, float] = {}
    monkeypatch.setattr(search, "ModinOnRay", lambda cores, held, scratch, progress: PandasEngine(progress))
    monkeypatch.setattr(search, "_check_same_result", lambda call, rows, arms: 2 * first_s.get(rows, 0.0))
    monkeypatch.setattr(search, "_pause_ray", nullcontext)
    return first_s


def test_the_turns_that_do_not_fit_any_more_end_the_search_with_the_sizes_so_far(tmp_path, without_ray):
    without_ray[4096] = 30.0
    told = run_search_here(tmp_path, ARGUMENTS | {"most": 16384})
    assert [point["rows"] for point in told["points"]] == [1024]
    assert "map at 4,096 rows takes both engines 60.1 s a turn: 7 turns do not fit into the 60 s" in told["stopped"]
    assert "1,024 rows" in told["sentence"]
    assert "pandas and Modin on a Ray of the search's own, 1 core, a made up table of 4 columns" in told["used"]


def test_where_not_even_the_first_size_fits_it_says_what_would(tmp_path, without_ray):
    without_ray[1024] = 30.0
    with pytest.raises(BadInput, match=r"takes both engines 60\.1 s a turn") as error:
        run_search_here(tmp_path, ARGUMENTS)
    allowed = int(re.search(r"Allow (\d+) s or more", error.value.remedy)[1])
    assert 421 <= allowed < 430


def test_time_that_is_up_before_the_first_call_is_told():
    late = search.TimeBudget(1.0, time.monotonic() - 2)
    with pytest.raises(search.TimeUp, match="had passed before it was called") as error:
        late.check(next(call for call in CALLS if call.name == "map"), 1024)
    assert error.value.remedy


# --- the task ---

ARGUMENTS = {"call": "map", "least": 1024, "most": 4096, "seconds": 60}


def run_search_here(tmp_path: Path, given: dict[str, Any], **parameters) -> dict[str, Any]:
    """What the desk answers in this process, and the points that it told of."""
    parameters = {"columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"} | parameters
    settings = Settings("calls", "", 1, 1024, parameters, 0, tmp_path, tmp_path, tmp_path)
    events: list[dict[str, Any]] = []
    tell = SimpleNamespace(
        progress=lambda text, share=None: None,
        event=lambda name, value: events.append(value) if name == "point" else None,
    )
    return ModinTasks().break_even(settings, given, tell) | {"points": events}


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
def test_what_cannot_be_searched_is_refused_at_once(tmp_path, given, words):
    with pytest.raises(BadInput, match=words) as error:
        run_search_here(tmp_path, ARGUMENTS | given)
    assert error.value.remedy


@pytest.mark.parametrize("missing", ARGUMENTS)
def test_what_is_not_given_is_asked_for(tmp_path, missing):
    with pytest.raises(BadInput, match=f"{missing} is missing|no call None") as error:
        run_search_here(tmp_path, {name: value for name, value in ARGUMENTS.items() if name != missing})
    assert error.value.remedy


@pytest.mark.parametrize(("name", "value"), [("file", "/data/own.csv"), ("cluster", "existing")])
def test_a_choice_that_the_search_would_not_heed_is_refused_and_the_page_does_not_pass_it_on(tmp_path, name, value):
    with pytest.raises(BadInput, match=f"takes no {name} {value}") as error:
        run_search_here(tmp_path, ARGUMENTS, **{name: value})
    assert error.value.remedy
    plan = make_plan("modin", cores=1, baseline="modin-ray", accelerated="pandas", parameters={"columns": 4})
    # As the controls of another tab may say it where an operator allows a cluster.
    plan = plan.model_copy(update={"parameters": plan.parameters | {name: value}})
    passed = break_even.search_plan(plan)
    assert (passed.baseline, passed.accelerated) == ("pandas", "modin-ray")
    assert passed.parameters == plan.parameters | {name: make_plan("modin").parameters[name]}


def test_a_refusal_comes_with_its_remedy(tasks):
    job = run_search_task(tasks, call="concat")
    assert job.state is JobState.FAILED
    assert "no call 'concat'" in job.problem
    assert job.remedy


@pytest.mark.skipif(bool(load_workloads()["modin"].unavailable()), reason="Modin is not installed")
def test_a_search_tells_every_size_and_ends(tasks):
    job = run_search_task(tasks)
    assert job.state is JobState.DONE, (job.problem, job.log)
    told_of = job.told("point")
    assert [point["rows"] for point in told_of] == [1024, 4096]
    assert all(len(point["pandas"]) == len(point["modin"]) == 7 for point in told_of)
    assert job.told("start")[0]["seconds"] > 0
    assert job.result["sentence"] and "a Ray of the search's own" in job.result["used"]
