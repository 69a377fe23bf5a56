"""Records and journals of older versions are upgraded without loss, and those of newer versions are refused."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from bench.plan.plan import Plan, format_setting
from bench.plan.query import from_query
from bench.run.events import RECORD_VERSION, State
from bench.run.job_record import job_event_adapter
from bench.run.journal import JournalReader
from bench.run.record import Run
from bench.run.snapshot import DeclarationSnapshot
from bench.run.upgrade_to_2 import describe_plan, digest_plan, take_snapshot, upgrade_event_to_2, upgrade_plan
from bench.run.upgrades import NewerVersionError, read_version, upgrade_record
from bench.values.base import Arm
from bench.values.samples import TOTAL
from tests.support.stored_runs import OLD_JOURNAL, read_old_rows

DEFAULTS = {"cores": 2, "batch": 1, "budget_s": 20.0, "target": 0.03, "seed": 0, "accuracy_limit": 0.99}
MEMORY = {
    "size": 0,
    "side": 0,
    "tile": 0,
    "fields": "1",
    "before": "default",
    "after": "default",
    "vectors": "preferred",
}
MODIN = {"columns": 32, "kind": "mixed", "file": "synthetic", "cluster": "own"}


def make_old_plan(workload: str, baseline: str, accelerated: str, **parameters: Any) -> dict[str, Any]:
    plan = {"workload": workload, "baseline": baseline, "accelerated": accelerated, "parameters": parameters}
    return plan | DEFAULTS


def make_memory_plan(transformation: str, baseline: str = "before", accelerated: str = "after", **parameters: Any):
    parameters = {"transformation": transformation} | MEMORY | parameters
    return make_old_plan("memory-traffic", baseline, accelerated, **parameters)


def read_old_events() -> list[dict[str, Any]]:
    return [json.loads(line) for line in OLD_JOURNAL.read_text().splitlines()]


@pytest.mark.parametrize(
    ("old", "case", "arms", "labels"),
    [
        (
            make_memory_plan("tiling"),
            "tiling",
            ("ijk", "blocked"),
            ("as defined (ijk)", "tiled and blocked in registers"),
        ),
        (make_memory_plan("tiling", after="blas"), "tiling", ("ijk", "blas"), ("as defined (ijk)", "NumPy's BLAS")),
        (make_memory_plan("layout", "after", "before"), "layout", ("soa", "aos"), None),
        (make_memory_plan("layout", "before", "before"), "layout", ("aos", "aos"), None),
        (make_memory_plan("layout", after="tiled"), "layout", ("aos", "tiled"), ("array of structures", "tiled")),
        (make_old_plan("modin", "pandas", "modin-ray", steps="files", **MODIN), "files", ("pandas", "modin-ray"), None),
        (
            make_old_plan("modin", "pandas", "modin-ray", steps="common,etl", **MODIN),
            "overview",
            ("pandas", "modin-ray"),
            ("pandas", "Modin on Ray"),
        ),
        (
            make_old_plan("modin", "pandas", "pandas", steps="all,mean", **MODIN),
            "selection",
            ("pandas", "pandas"),
            None,
        ),
        (
            make_old_plan(
                "colour-quantization", "stock", "sklearnex", image="china", colours=64, sample=10**9, start="own"
            ),
            "photo",
            ("stock", "sklearnex"),
            ("stock scikit-learn", "scikit-learn-intelex"),
        ),
        (make_old_plan("trial", "full", "half", loops=9, fault="none"), "loop", ("full", "half"), None),
    ],
)
def test_a_plan_of_0_1_0_gets_its_case_and_its_snapshot(old, case, arms, labels) -> None:
    plan = Plan.model_validate(upgrade_plan(old))
    assert (plan.case, plan.baseline, plan.accelerated) == (case, *arms)
    assert digest_plan(upgrade_plan(old)) == plan.digest == describe_plan(old)["digest"]
    snapshot = DeclarationSnapshot.model_validate(take_snapshot(old))
    assert labels is None or snapshot.arms == dict(zip(Arm, labels, strict=True))
    assert snapshot.command.startswith(f"python -m bench run {plan.workload} ")
    assert {parameter.name for parameter in snapshot.parameters} == set(plan.parameters)
    assert {"transformation", "before", "after", "steps"}.isdisjoint(plan.parameters)


@pytest.mark.parametrize(
    "old",
    [
        *(json.loads(zlib.decompress(row["record"]))["plan"] for row in read_old_rows()),
        *(make_memory_plan(name) for name in ("unit-stride", "vectorization", "dependence", "multithreading")),
        make_memory_plan("tiling", "after", "before", after="blas", tile=64),
        make_memory_plan("transpose", side=1024, vectors="512"),
        make_old_plan("modin", "pandas", "modin-ray", steps="text,mean", **MODIN) | {"batch": 65536},
    ],
    ids=lambda old: old["workload"],
)
def test_an_old_plan_becomes_the_plan_that_its_old_address_opens(old) -> None:
    """So that the last run of a plan is found, whichever version it is of."""
    settings = {name: value for name, value in old.items() if name not in ("workload", "parameters")}
    query = {name: format_setting(value) for name, value in (settings | old["parameters"]).items()}
    assert from_query(old["workload"], query) == Plan.model_validate(upgrade_plan(old))


def test_steps_and_values_are_labelled_as_in_0_1_0() -> None:
    snapshot = take_snapshot(make_old_plan("modin", "pandas", "modin-ray", steps="text,mean", **MODIN))
    assert [step["name"] for step in snapshot["steps"]] == ["mean", "str_upper", "str_contains", "to_datetime"]
    assert snapshot["parameters"][0] == {
        "name": "calls",
        "label": "Calls",
        "value": "mean, str.upper, str.contains, to_datetime",
    }
    assert "--case selection" in snapshot["command"]
    assert "--set calls=mean,str_upper,str_contains,to_datetime" in snapshot["command"]
    all_calls = take_snapshot(make_old_plan("modin", "pandas", "modin-ray", steps="all", **MODIN))
    assert [step["name"] for step in all_calls["steps"] if step["excluded_from_total"]] == ["concat"]
    colours = make_old_plan("colour-quantization", "stock", "sklearnex", image="china", sample=10**9, colours=1000)
    values = {parameter["name"]: parameter["value"] for parameter in take_snapshot(colours)["parameters"]}
    assert values == {"image": "China: Summer Palace", "sample": "all pixels", "colours": "1,000"}


def test_a_journal_of_0_1_0_becomes_the_run_that_it_was() -> None:
    old = read_old_events()
    assert {event["type"] for event in old} >= {"opened", "moved", "progress", "prepared", "sample", "telemetry"}
    assert {event["type"] for event in old} >= {
        "placed",
        "estimate",
        "evidence",
        "quality",
        "cores",
        "noise",
        "verdict",
    }
    run = Run.from_events(JournalReader(OLD_JOURNAL).read_new())
    assert (run.version, run.state, run.plan.case) == (RECORD_VERSION, State.FINISHED, "tiling")
    assert run.snapshot.arms == {Arm.BASELINE: "as defined (ijk)", Arm.ACCELERATED: "permuted (ikj)"}
    samples = [event["sample"] for event in old if event["type"] == "sample"]
    assert [sample.repetition.cpu_s for sample in run.samples] == [s["measurement"]["processor_s"] for s in samples]
    (verdict,) = (event for event in old if event["type"] == "verdict")
    assert run.claim(TOTAL).sentence == verdict["claims"][0]["sentence"]
    assert run.comparison(TOTAL) and run.best_ratio and run.noise
    assert {count.arm for count in run.core_counts} == set(Arm)


def test_parts_that_few_runs_have_are_upgraded_too() -> None:
    """A service of Ray, pictures, and a failure: the stored runs of 0.1.0 in the tests have none of them."""
    record = json.loads(zlib.decompress(read_old_rows()[0]["record"]))
    service = {"what": "a Ray cluster", "cores": 4, "elsewhere": 1, "pids": [7]}
    record["prepared"][0] |= {"service": service, "work_of": {"inference": 3.0}, "synthetic": "no real weights"}
    picture = {"name": "p", "label": "P", "media_type": "image/png", "base64": "", "width": 1, "height": 2}
    record["pictures"] = {"baseline": [picture], "accelerated": []}
    record["failure"] = {"what": "It ended.", "remedy": "", "side": "accelerated", "log": ["last line"]}
    record["samples"][0]["measurement"]["steps"][0]["apart"] = True
    run = Run.model_validate(upgrade_record(record))
    assert run.prepared[0].service is not None
    assert run.prepared[0].service.model_dump() == service
    assert run.prepared[0].step_work == {"inference": 3.0}
    assert run.pictures[Arm.BASELINE][0].model_dump() == picture
    assert run.failure is not None
    assert run.failure.model_dump() == {"what": "It ended.", "remedy": "", "arm": "accelerated", "log": ["last line"]}
    assert run.samples[0].repetition.steps[0].excluded_from_total


def test_a_failure_in_a_journal_of_0_1_0_names_its_arm() -> None:
    failure = {"what": "It ended.", "remedy": "", "side": "accelerated", "log": []}
    event = job_event_adapter.validate_python(upgrade_event_to_2({"type": "failed", "at": 1.0, "failure": failure}))
    assert event.failure.arm is Arm.ACCELERATED


def test_records_of_newer_versions_and_no_records_are_refused() -> None:
    newer = {"version": RECORD_VERSION + 1, "id": "x"}
    with pytest.raises(NewerVersionError, match=f"it has version {RECORD_VERSION + 1}.*Use the version of Fairlap"):
        upgrade_record(newer)
    with pytest.raises(NewerVersionError):
        read_version(newer | {"type": "opened"})
    for version in (None, "1", 0, 1.0):
        with pytest.raises(ValueError, match="expected a number from 1"):
            upgrade_record({"version": version})
    for damaged in ({"version": 1}, {"version": 1, "plan": None}, {"version": 1, "plan": {"workload": "bert"}}):
        with pytest.raises(ValueError, match="lacks something that version 1 has"):
            upgrade_record(damaged)
    with pytest.raises(ValueError, match="no workload 'unheard-of'"):
        upgrade_plan(make_old_plan("unheard-of", "a", "b"))
    assert upgrade_record(newer | {"version": RECORD_VERSION}) == newer | {"version": RECORD_VERSION}
