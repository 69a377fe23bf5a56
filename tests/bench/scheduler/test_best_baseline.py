"""A race knows what earlier races found faster than its baseline."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from bench.run.record import Run
from bench.scheduler.best_baseline import name_faster_baselines
from bench.storage.store import Store
from bench.values.arms import BaselineKind
from bench.values.claims import Speed
from bench.values.statistics import Interval
from bench.workload.levers import LeverValue
from bench.workload.registry import load_workloads
from tests.support.runs import make_opening
from tests.support.trial_variants import replace_trial


@pytest.fixture(autouse=True)
def rival(monkeypatch) -> None:
    """The trial workload has another value, `twin`, that gives what `full` gives."""
    lever = load_workloads()["trial"].lever
    full = replace(lever["full"], traits={"library": "A", "work": "full"})
    half = replace(lever["half"], traits={"library": "A", "work": "half"})
    twin = LeverValue("twin", "Twin", BaselineKind.LIBRARY, traits={"library": "B", "work": "full"})
    replace_trial(monkeypatch, lever=replace(lever, values=(full, half, twin), rival_trait="library"))


def store_race(run: Run, number: int, ratio: float, *, made: bool = True, **changes) -> None:
    """Store a copy of a run, `number` minutes later, with this ratio of the total."""
    speed = Speed.FASTER if ratio > 1 else Speed.SLOWER
    interval = Interval(value=ratio, low=0.9 * ratio, high=1.1 * ratio)
    total, *steps = run.statistics
    claim, *others = run.claims
    verdict = claim.verdict.model_copy(update={"speed": speed})
    changes |= {
        "id": f"{number:032}",
        "started": run.started + timedelta(minutes=number),
        "statistics": [total.model_copy(update={"ratio": interval}), *steps],
        "claims": [claim.model_copy(update={"made": made, "verdict": verdict}), *others],
    }
    Store().save(run.model_copy(update=changes))


def find_faster(**fields) -> list[tuple[str, float, str]]:
    """What a race of `full` against `half` knows."""
    opened = name_faster_baselines(make_opening(baseline="full", accelerated="half", **fields))
    return [(faster.label, round(faster.ratio.value, 3), faster.run) for faster in opened.snapshot.faster_baselines]


def race_twin(run: Run, baseline: str = "full", accelerated: str = "twin", **fields) -> dict:
    opened = make_opening(baseline=baseline, accelerated=accelerated, **fields)
    return {"plan": opened.plan, "digest": opened.digest, "machine": opened.machine, "snapshot": opened.snapshot}


def test_the_last_claim_about_a_rival_counts_whichever_arm_it_was(home, finished):
    assert find_faster() == []
    store_race(finished, 1, 1.5, **race_twin(finished))
    assert find_faster() == [("Twin", 1.5, f"{1:032}")]
    store_race(finished, 2, 0.5, **race_twin(finished, "twin", "full"))
    assert find_faster() == [("Twin", 2.0, f"{2:032}")]
    store_race(finished, 3, 0.8, **race_twin(finished))
    assert find_faster() == [], "the last one found it slower"


def test_other_settings_and_races_without_a_claim_do_not_count(home, finished):
    store_race(finished, 1, 1.5, **race_twin(finished, batch=2))
    store_race(finished, 2, 1.5, **race_twin(finished, parameters={"loops": 3000}))
    store_race(finished, 3, 1.5, made=False, **race_twin(finished))
    other = race_twin(finished)
    identity = other["machine"].identity.model_copy(update={"machine_id": "f" * 16})
    other["machine"] = other["machine"].model_copy(update={"identity": identity})
    store_race(finished, 4, 1.5, **other)
    assert find_faster() == []


def test_a_race_on_other_hardware_does_not_count_and_other_software_is_named(home, finished):
    older = race_twin(finished)
    smaller, machine = older["machine"].limits.model_copy(update={"cpu_quota": 0.5}), older["machine"]
    store_race(finished, 1, 1.5, **older | {"machine": machine.model_copy(update={"limits": smaller})})
    assert find_faster() == []
    versions = machine.versions | {"numpy": "1.0"}
    store_race(finished, 2, 1.5, **older | {"machine": machine.model_copy(update={"versions": versions})})
    opened = name_faster_baselines(make_opening(baseline="full", accelerated="half"))
    (faster,) = opened.snapshot.faster_baselines
    assert faster.software_differences == [f"numpy: 1.0 and {machine.versions['numpy']}"]


def test_the_rival_itself_is_no_rival_of_its_race(home, finished):
    store_race(finished, 1, 1.5, **race_twin(finished))
    opened = name_faster_baselines(make_opening(baseline="full", accelerated="twin"))
    assert opened.snapshot.rivals == [] and opened.snapshot.faster_baselines == []


def test_a_damaged_record_hides_no_other_race(home, finished, capsys):
    store_race(finished, 1, 1.5, **race_twin(finished))
    store_race(finished, 2, 1.7, **race_twin(finished))
    with closing(sqlite3.connect(Store().url.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE fairlap_records SET record = x'00' WHERE id = ?", (f"{2:032}",))
    assert find_faster() == [("Twin", 1.5, f"{1:032}")]
    assert "A race that may name a faster baseline was left out: Job 00000000 cannot be read" in capsys.readouterr().err


def test_a_store_that_cannot_be_read_stops_no_race(home, capsys, monkeypatch):
    monkeypatch.setenv("FAIRLAP_DATABASE", "sqlite:////proc/no/such/folder.db")
    opened = name_faster_baselines(make_opening(baseline="full", accelerated="half"))
    assert opened.snapshot.faster_baselines == [] and opened.snapshot.rivals == ["Twin"]
    assert "Whether a faster baseline is known was not looked up" in capsys.readouterr().err
