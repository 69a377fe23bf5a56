"""Selected runs: one can be downloaded and deleted, two are compared if nothing but the environment may differ."""

import math
from datetime import timedelta

import pytest

from bench.stats.comparison import compare_samples
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.pages import list_downloads, open_page, read_page, run_script
from tests.support.stored_runs import damage_run, store_run
from ui import records

COMPARE_SCRIPT = """
from ui import services
from ui.views.runs.selection import draw_selection
draw_selection(services.get_store().rows())
"""
NEXT_STEP_SCRIPT = """
import streamlit as st
from bench.claims.next_steps import NextStep, NextStepKind
from ui import services
from ui.run_view.next_steps import draw_next_steps
st.navigation([st.Page(services.page_script("runs"), url_path="runs")], position="hidden")
run = services.get_store().load("RUN_ID")
draw_next_steps(run, [NextStep(NextStepKind.COMPARE_LAST, "Compare with the last run")], "key", "step", None)
"""


def list_links(app) -> list[str]:
    return [link.proto.query_string for link in app.get("page_link") if "compare" in link.proto.query_string]


def change_speed(run, factor: float) -> dict:
    """The fields of a run whose accelerated arm is faster by a factor, in the race."""
    samples = []
    for sample in run.samples:
        repetition = sample.repetition
        if sample.arm is Arm.ACCELERATED:
            steps = [time.model_copy(update={"seconds": time.seconds / factor}) for time in repetition.steps]
            changes = {"steps": steps, "other_s": repetition.other_s / factor, "wall_s": repetition.wall_s / factor}
            repetition = repetition.model_copy(update=changes)
        samples.append(sample.model_copy(update={"repetition": repetition}))
    raced = [sample for sample in samples if sample.phase is Phase.RACE]
    return {"samples": samples, "statistics": compare_samples(raced, work=1.0)}


def test_one_chosen_run_can_be_taken_away_and_deleted(finished):
    store_run(finished)
    app = run_script(COMPARE_SCRIPT)
    assert list_downloads(app) == ["JSON", "Samples as CSV", "HTML", "PowerPoint"]
    app.button(key="runs_delete").click().run()
    assert "cannot be undone" in read_page(app)
    assert len(Store().rows()) == 1


def test_two_runs_of_one_plan_stand_side_by_side_with_a_link(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1))
    app = run_script(COMPARE_SCRIPT)
    assert not app.warning
    text = read_page(app)
    assert "cannot be distinguished by these two runs" in text
    assert "same software and environment" in text
    arms, steps, runs = (table.value for table in app.table)
    assert all("not distinguishable" in cell for cell in arms.iloc[:, -1])
    assert list(steps["step"]) == [finished.snapshot.labels()[comparison.step] for comparison in finished.statistics]
    assert set(steps["the ratio"]) == {"cannot be distinguished"}
    assert runs.shape[1] == 2
    app.button(key="runs_open_comparison").click().run()
    assert app.query_params["compare"] == "aaaaaaaa,bbbbbbbb"


def test_a_link_opens_the_comparison_with_the_earlier_run_first(finished):
    store_run(finished, "a" * 32, started=finished.started + timedelta(hours=1), **change_speed(finished, 100.0))
    store_run(finished, "b" * 32)
    app = open_page("runs", compare="aaaaaaaa,bbbb")
    text = read_page(app)
    assert "**The ratio of the second run is higher**" in text
    assert "No difference of the environment is known" in text
    assert "bbbbbbbb" in app.table[-1].value.columns[0]
    change = app.table[1].value["change"].iloc[0]
    assert math.isclose(float(change.split("x")[0]), 100, rel_tol=0.2)


def test_other_software_is_named_first_and_alone(finished):
    versions = finished.machine.versions | {"numpy": "0.0"}
    store_run(finished, "a" * 32)
    machine = finished.machine.model_copy(update={"versions": versions})
    later = finished.started + timedelta(hours=1)
    store_run(finished, "b" * 32, machine=machine, started=later, **change_speed(finished, 100.0))
    app = open_page("runs", compare="aaaa,bbbb")
    assert not app.warning
    differences = app.table[0].value
    assert list(differences["what"]) == ["numpy"]
    assert differences.iloc[0, 2] == "0\\.0"
    assert "One or more of the differences above may explain it." in read_page(app)


def test_two_runs_that_differ_are_not_compared(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, plan=finished.plan.model_copy(update={"cores": 2}))
    app = run_script(COMPARE_SCRIPT)
    assert "cores: 1 and 2" in app.warning[0].value or "cores: 2 and 1" in app.warning[0].value
    assert not app.table


def test_a_damaged_run_among_two_chosen_is_told(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    damage_run("b" * 32)
    app = run_script(COMPARE_SCRIPT)
    assert "cannot be read" in read_page(app)
    assert not app.table


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("aaaa", "Expected the ids of 2 to 20 runs"),
        ("aaaa,aaaaaa", "Several ids are those of one run"),
        ("aaaa,dddd", "It was deleted"),
        ("aaaa,bbbb", "2 runs begin with bbbb"),
    ],
)
def test_a_link_that_names_no_two_runs_says_why(finished, query, text):
    for name in ("a" * 32, "b" * 32, "bbbb" + "c" * 28):
        store_run(finished, name)
    app = open_page("runs", compare=query)
    assert text in read_page(app)
    assert not app.table


def test_the_next_step_leads_to_the_comparison_with_the_run_before_on_the_same_machine(finished):
    store_run(finished, "a" * 32)
    assert not list_links(run_script(NEXT_STEP_SCRIPT.replace("RUN_ID", "a" * 32)))
    elsewhere = finished.machine.model_copy(
        update={"identity": finished.machine.identity.model_copy(update={"machine_id": "f" * 16})}
    )
    last = finished.started + timedelta(hours=2)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), machine=elsewhere)
    store_run(finished, "c" * 32, started=last)
    store_run(finished, "d" * 32, started=last + timedelta(hours=1))
    assert records.find_previous_run(Store().load("c" * 32)).id == "a" * 32
    assert list_links(run_script(NEXT_STEP_SCRIPT.replace("RUN_ID", "c" * 32))) == ["compare=aaaaaaaa%2Ccccccccc"]
