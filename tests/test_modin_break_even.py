"""The search for the size from which on Modin gains: the crossing of made up times, and a real search."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from bench.plan.plan import make
from bench.scheduler.tasks import Job, JobState, Tasks
from bench.workload.declaration import BadInput, Settings, registry
from ui.views.modin import break_even
from workloads.modin.break_even import search
from workloads.modin.break_even.analysis import Point, alternately, crossing, outcome
from workloads.modin.calls import CALLS
from workloads.modin.engines.base import Note, Pandas
from workloads.modin.tasks import Desk

SIZES = [1 << power for power in range(10, 21, 2)]


def points(fixed: float, share: float, noise: float = 0.02) -> list[Point]:
    """pandas takes 1 µs a row; Modin `fixed` seconds and `share` of that."""
    rng = np.random.default_rng(0)
    return [
        Point(
            rows,
            tuple(rows * 1e-6 * (1 + noise * rng.standard_normal(7))),
            tuple((fixed + share * rows * 1e-6) * (1 + noise * rng.standard_normal(7))),
        )
        for rows in SIZES
    ]


def test_the_crossing_is_where_the_times_are_equal_and_inside_its_interval():
    # 1e-6 n = 0.05 + 0.5e-6 n at n = 100,000.
    found = crossing(points(0.05, 0.5))
    assert found.low <= found.rows <= found.high
    assert found.rows == pytest.approx(100_000, rel=0.15)
    assert outcome(points(0.05, 0.5)).crossing == found
    assert outcome(points(0.05, 0.5)).verdict == "gains"
    assert "faster from about" in outcome(points(0.05, 0.5)).sentence


def test_noise_widens_the_interval():
    calm, noisy = crossing(points(0.05, 0.5)), crossing(points(0.05, 0.5, noise=0.2))
    assert noisy.high / noisy.low > calm.high / calm.low


@pytest.mark.parametrize(
    ("fixed", "share", "verdict", "words"),
    [(0.05, 2.0, "loses", "pandas is faster at every size"), (0.0, 0.5, "gains", "Modin is faster at every")],
)
def test_without_a_crossing_it_says_who_is_faster(fixed, share, verdict, words):
    found = outcome(points(fixed, share))
    assert found.crossing is None
    assert found.verdict == verdict
    assert words in found.sentence


def test_times_too_close_to_tell_have_no_crossing_and_no_winner():
    found = outcome(points(0.0, 1.0, noise=0.1))
    assert (found.verdict, found.crossing) == ("unsure", None)
    assert "No size is sure" in found.sentence and "times are too close to tell" in found.sentence
    ahead_by_chance = [Point(rows, (1.0, 1.01, 1.2, 0.9), (0.99, 1.0, 1.1, 0.9)) for rows in (1024, 4096)]
    assert outcome(ahead_by_chance).verdict == "unsure"


def test_where_only_the_larger_sizes_are_sure_it_says_from_which_on():
    close, ahead = (1.0, 1.02, 1.1, 0.9, 1.0), (2.0, 2.1, 1.9, 2.0, 2.05)
    made = [Point(1024, close, (1.0, 0.99, 1.1, 0.9, 1.0)), Point(4096, ahead, close), Point(16384, ahead, close)]
    found = outcome(made)
    assert (found.verdict, found.crossing) == ("gains", None)
    assert "faster at 4,096 rows and more" in found.sentence
    assert outcome(made[:1]).verdict == "unsure"


def at(rows: int, ratio: float) -> Point:
    """pandas takes 1 s at `rows`, Modin is faster by `ratio`; 2 % spread."""
    spread = (0.98, 1.0, 1.01, 1.02, 0.99, 1.0, 1.0)
    return Point(rows, spread, tuple(one / ratio for one in spread))


@pytest.mark.parametrize(
    ("ratios", "verdict", "words"),
    [
        ((1.0, 1 / 3, 1 / 4), "loses", "pandas is faster at 16,384 rows and more, up to the 65,536 that were tried; "),
        ((1.0, 1 / 3, 1 / 4), "loses", "below, nobody surely is"),
        ((2.0, 1 / 3, 1 / 4), "loses", "pandas is faster at 16,384 rows and more"),
        ((2.0, 1 / 3, 1 / 4), "loses", "below, Modin surely is at 4,096"),
        ((2.0, 2.0, 1 / 4), "loses", "below, Modin surely is at 4,096 and 16,384"),
        ((1 / 3, 1.0, 1 / 4), "loses", "below, pandas surely is at 4,096"),
        ((2.0, 1.0, 3.0), "gains", "Modin is faster at 65,536 rows and more"),
        ((2.0, 1.0, 3.0), "gains", "below, Modin surely is at 4,096"),
        ((1 / 3, 1.0, 1.0), "unsure", "No size is sure from which on one is faster, among 4,096 to 65,536 rows"),
        ((1 / 3, 1 / 2, 1.0), "unsure", "pandas surely is at 4,096 and 16,384; at the other sizes the times"),
        ((2.0, 1 / 2, 1.0), "unsure", "Modin surely is at 4,096; pandas surely is at 16,384; at the other sizes"),
        ((1 / 3,), "loses", "pandas is faster at the one size that was tried, 4,096 rows"),
        ((3.0,), "gains", "Modin is faster at the one size that was tried, 4,096 rows"),
        ((1.0,), "unsure", "too close to tell who is faster at the one size that was tried, 4,096 rows"),
    ],
)
def test_who_surely_wins_is_said_with_the_sizes_at_which_that_is_so(ratios, verdict, words):
    found = outcome([at(4096 * 4**place, ratio) for place, ratio in enumerate(ratios)])
    assert (found.verdict, found.crossing) == (verdict, None)
    assert words in found.sentence


class Fails:
    """An engine that says that a result has not come about."""

    def wait(self, result):
        return None

    def check(self, result):
        raise RuntimeError("the task failed")


def test_a_result_that_has_not_come_about_is_no_time():
    call = next(call for call in CALLS if call.name == "mean")
    with pytest.raises(RuntimeError, match="the task failed"):
        search._seconds(call, Fails(), SimpleNamespace(numbers=pd.DataFrame({"a": [1.0]})))


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
            observed=lambda work, given, said=said: (work(), Note(0.1, **said)), plain=lambda result: result
        )
        arms.append((engine, tables))
    with pytest.raises(BadInput, match=words):
        search._check_alike(call, 1024, arms)


def test_both_are_timed_as_often_and_take_turns():
    order: list[str] = []
    one, other = alternately(4, lambda: order.append("a") or 1.0, lambda: order.append("b") or 2.0)
    assert (one, other) == ([1.0] * 4, [2.0] * 4)
    assert "".join(order) == "abbaabba"


def test_the_chart_marks_the_crossing():
    made = [{"rows": p.rows, "pandas": list(p.pandas), "modin": list(p.modin)} for p in points(0.05, 0.5)]
    plain = break_even.chart(made, None, "light")
    marked = break_even.chart(made, {"rows": 1e5, "low": 9e4, "high": 1.1e5}, "light")
    assert len(plain.data) == len(marked.data) == 2
    assert not plain.layout.shapes and len(marked.layout.shapes) == 2
    assert marked.layout.annotations[-1].text == " 100,000 rows"


# --- the time that it may take ---


@pytest.fixture
def without_ray(monkeypatch):
    """A search in this process by pandas on both sides; the seconds of either engine's first call, by rows."""
    first_s: dict[int, float] = {}
    monkeypatch.setattr(search, "ModinOnRay", lambda cores, held, scratch, progress: Pandas(progress))
    monkeypatch.setattr(search, "_check_alike", lambda call, rows, arms: 2 * first_s.get(rows, 0.0))
    monkeypatch.setattr(search, "_ray_stopped", nullcontext)
    return first_s


def test_the_turns_that_do_not_fit_any_more_end_the_search_with_the_sizes_so_far(tmp_path, without_ray):
    without_ray[4096] = 30.0
    told = search_for(tmp_path, GIVEN | {"most": 16384})
    assert [point["rows"] for point in told["points"]] == [1024]
    assert "map at 4,096 rows takes both engines 60.1 s a turn: 7 turns do not fit into the 60 s" in told["stopped"]
    assert "1,024 rows" in told["sentence"]
    assert "pandas and Modin on a Ray of the search's own, 1 core, a made up table of 4 columns" in told["used"]


def test_where_not_even_the_first_size_fits_it_says_what_would(tmp_path, without_ray):
    without_ray[1024] = 30.0
    with pytest.raises(BadInput, match=r"takes both engines 60\.1 s a turn") as error:
        search_for(tmp_path, GIVEN)
    allowed = int(re.search(r"Allow (\d+) s or more", error.value.remedy)[1])
    assert 421 <= allowed < 430


def test_time_that_is_up_before_the_first_call_is_told():
    late = search.Allowed(1.0, time.monotonic() - 2)
    with pytest.raises(search.Late, match="had passed before it was called") as error:
        late.check(next(call for call in CALLS if call.name == "map"), 1024)
    assert error.value.remedy


# --- the task ---

GIVEN = {"call": "map", "least": 1024, "most": 4096, "seconds": 60}


def search_for(tmp_path: Path, given: dict[str, Any], **parameters) -> dict[str, Any]:
    """What the desk answers in this process, and the points that it told of."""
    parameters = {"columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"} | parameters
    settings = Settings("", 1, 1024, parameters, 0, tmp_path, tmp_path, tmp_path)
    events: list[dict[str, Any]] = []
    tell = SimpleNamespace(
        progress=lambda text, share=None: None,
        event=lambda name, value: events.append(value) if name == "point" else None,
    )
    return Desk().break_even(settings, given, tell) | {"points": events}


@pytest.fixture
def tasks(home):
    made = Tasks()
    yield made
    made.close()


def done(tasks: Tasks, **given) -> Job:
    plan = make("modin", cores=1, parameters={"columns": 4})
    id = tasks.submit(plan, "break_even", GIVEN | given)
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
        search_for(tmp_path, GIVEN | given)
    assert error.value.remedy


@pytest.mark.parametrize("missing", GIVEN)
def test_what_is_not_given_is_asked_for(tmp_path, missing):
    with pytest.raises(BadInput, match=f"{missing} is missing|no call None") as error:
        search_for(tmp_path, {name: value for name, value in GIVEN.items() if name != missing})
    assert error.value.remedy


@pytest.mark.parametrize(("name", "value"), [("file", "/data/own.csv"), ("cluster", "existing")])
def test_a_choice_that_the_search_would_not_heed_is_refused_and_the_page_does_not_pass_it_on(tmp_path, name, value):
    with pytest.raises(BadInput, match=f"takes no {name} {value}") as error:
        search_for(tmp_path, GIVEN, **{name: value})
    assert error.value.remedy
    plan = make("modin", cores=1, baseline="modin-ray", accelerated="pandas", parameters={"columns": 4})
    # As the controls of another tab may say it where an operator allows a cluster.
    plan = plan.model_copy(update={"parameters": plan.parameters | {name: value}})
    passed = break_even.asked(plan)
    assert (passed.baseline, passed.accelerated) == ("pandas", "modin-ray")
    assert passed.parameters == plan.parameters | {name: plan.declaration.parameter(name).default}


def test_a_refusal_comes_with_its_remedy(tasks):
    job = done(tasks, call="concat")
    assert job.state is JobState.FAILED
    assert "no call 'concat'" in job.problem
    assert job.remedy


@pytest.mark.skipif(bool(registry()["modin"].unavailable()), reason="Modin is not installed")
def test_a_search_tells_every_size_and_ends(tasks):
    job = done(tasks)
    assert job.state is JobState.DONE, (job.problem, job.log)
    told_of = job.told("point")
    assert [point["rows"] for point in told_of] == [1024, 4096]
    assert all(len(point["pandas"]) == len(point["modin"]) == 7 for point in told_of)
    assert job.told("start")[0]["seconds"] > 0
    assert job.result["sentence"] and "a Ray of the search's own" in job.result["used"]
