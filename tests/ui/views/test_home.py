"""The home page in Streamlit's test driver: cards, the newest result, and the queue."""

from __future__ import annotations

import pytest

from bench.claims.best_step import find_best_step
from bench.claims.verdict import decide_claims
from bench.formatting import format_duration, format_median, format_ratio_with_interval
from bench.plan.validation import BUDGET_RANGE_S, make_plan
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.preparation import list_preparations
from bench.scheduler.queue import Queue
from bench.storage.store import Store
from bench.values.claims import ClaimState
from bench.values.samples import TOTAL
from bench.workload.registry import load_workloads
from tests.support.document_runs import make_document_run
from tests.support.pages import list_popovers, open_page, read_page
from tests.support.runs import make_claim_run, open_plan
from tests.support.stored_runs import damage_run
from ui.design.badges import claim_state_badge
from ui.services import TelemetryMonitor
from ui.views.home import start


def make_colour_variant(run: Run) -> Run:
    """The run as a run of colour quantization, which has a card."""
    opened = open_plan(make_plan("colour-quantization", cores=run.plan.cores, batch=run.plan.batch), "c" * 32)
    return run.model_copy(
        update={"plan": opened.plan, "snapshot": opened.snapshot, "digest": opened.digest, "id": opened.run}
    )


def test_home_has_a_card_for_each_workload_that_is_not_hidden():
    page = read_page(open_page())
    for workload in load_workloads().values():
        assert (workload.title in page) is not workload.hidden
    assert "No race on this machine yet." in page
    assert "Start here: 60 seconds" in page and "Prepare this machine" in page


@pytest.mark.parametrize(
    ("busy_cores", "on_home", "warns"),
    [
        (None, "is being measured", False),
        (0.2, "The machine is free", False),
        (1.6, "Other programs use 1.6 of 2 cores", True),
    ],
)
def test_home_and_race_pages_judge_the_load_of_other_programs_alike(monkeypatch, busy_cores, on_home, warns):
    """The server itself, which draws these pages, keeps both cores busy all the time."""
    reading = TelemetryMonitor().read()
    cores = [reading.cores[0].model_copy(update={"busy": 1.0})] * 2
    monkeypatch.setattr(TelemetryMonitor, "read", lambda self: reading.model_copy(update={"cores": cores}))
    monkeypatch.setattr(TelemetryMonitor, "measure_other_load", lambda self: busy_cores)
    app = open_page()
    assert on_home in read_page(app)
    advice = "".join(text.help for text in app.markdown if "would be noisy" in text.value)
    assert ("fewer cores" in advice) is warns and "More" not in advice, "Home has no controls"
    labels = list_popovers(open_page("colour-quantization"))
    assert (":orange[Other programs use 1.6 of 2 cores]" in labels) is warns


def test_start_here_queues_a_race_and_opens_it(monkeypatch):
    started = []
    monkeypatch.setattr("ui.actions.start_race", lambda plan: started.append(plan) or "a" * 32)
    app = open_page()
    next(button for button in app.button if button.label == "Start the race").click().run()
    assert [plan.workload for plan in started] == ["colour-quantization"]


def test_prepare_queues_what_is_not_ready(monkeypatch):
    started = []
    monkeypatch.setattr(
        "ui.actions.start_measurement", lambda plan, task, arguments: started.append((plan.workload, task))
    )
    app = open_page()
    next(button for button in app.button if button.label == "Prepare").click().run()
    assert started == [(workload.name, "prepare") for workload in load_workloads().values() if not workload.hidden]


def test_home_reads_no_preparation_from_the_store_while_a_race_runs(monkeypatch):
    reads = []
    monkeypatch.setattr(
        "ui.views.home.preparation.list_preparations",
        lambda plans, store, machine: reads.append(machine) or list_preparations(plans, store, machine),
    )
    app = open_page()
    idle = len(reads)
    app.run()
    assert len(reads) == idle + 1, "on an idle machine every redraw reads"
    race = Queue().enter(
        job_id="f" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="page", requester="somebody"
    )
    try:
        app.run()
        assert len(reads) == idle + 1
        assert "Prepare this machine" in read_page(app) and "not yet" in read_page(app)
    finally:
        race.leave()
    app.run()
    assert len(reads) == idle + 2


def test_a_card_shows_the_absolute_times_before_the_ratio(finished):
    Store().save(make_colour_variant(finished))
    app = open_page()
    times = [metric.value for metric in app.metric]
    total = finished.comparison()
    assert times == [format_median(total.baseline), format_median(total.accelerated)]
    assert format_ratio_with_interval(total.ratio) in read_page(app)


def test_a_headline_of_a_step_has_a_badge_of_its_own_and_the_figures_are_called_total():
    run = make_claim_run(fit=(4.0, 0.5), target=0.0001)
    claims = decide_claims(run)
    fit = next(claim for claim in claims if claim.step == "fit")
    refused = [claim.model_copy(update={"made": False}) if claim.step == TOTAL else claim for claim in claims]
    Store().save(run.model_copy(update={"id": "c" * 32, "claims": refused}))
    assert fit.made
    page = read_page(open_page()).splitlines()
    [headline] = [line for line in page if line.startswith("**Fit is ")]
    assert headline.endswith(claim_state_badge(fit.state))
    assert "Total time" in page
    [total] = [line for line in page if format_ratio_with_interval(run.comparison().ratio) in line]
    assert total.startswith(":gray[Total:]") and total.endswith(claim_state_badge(ClaimState.NONE))


def test_the_card_of_an_application_shows_the_headline_of_the_total():
    run = make_document_run()
    assert find_best_step(run) == "map"
    Store().save(run)
    page = read_page(open_page()).replace("\\", "")
    assert "**The accelerated pipeline is 2.4x faster" in page and "Map is 7.0x faster" not in page


def test_a_record_that_cannot_be_read_takes_only_its_headline_from_home(finished):
    run = make_colour_variant(finished)
    Store().save(run.model_copy(update={"version": 99}))
    app = open_page()
    total = run.comparison()
    times = [format_duration(total.baseline.median), format_duration(total.accelerated.median)]
    assert [metric.value for metric in app.metric] == times, "the row has no spread, which could decide the digits"
    assert "Prepare this machine" in read_page(app) and not app.error
    damage_run(run.id)
    app = open_page()
    assert "Prepare this machine" in read_page(app) and not app.metric and not app.error


def test_the_first_race_keeps_to_the_time_budget_of_visitors():
    assert start.choose_budget_s(None) == start.choose_budget_s(3600.0) == start.START_BUDGET_S
    assert start.choose_budget_s(12.0) == 12.0
    assert start.choose_budget_s(0.5) == BUDGET_RANGE_S[0]


def test_a_card_explains_why_a_workload_cannot_run(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    page = read_page(open_page())
    assert "not available" in page
    assert "This is Plan 9 on" in page


def test_home_lists_the_running_race(racing):
    assert "**Colour quantization** is running" in read_page(open_page())
