"""The home page in Streamlit's test driver: cards, the newest result, and the queue."""

from __future__ import annotations

from bench.formatting import format_duration, format_ratio_with_interval
from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.storage.store import Store
from bench.workload.registry import load_workloads
from tests.support.pages import open_page, read_page
from tests.support.runs import open_plan


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
    assert "The machine is free" in page


def test_a_card_shows_the_absolute_times_before_the_ratio(finished):
    Store().save(make_colour_variant(finished))
    app = open_page()
    times = [metric.value for metric in app.metric]
    total = finished.comparison()
    assert times == [format_duration(total.baseline.median), format_duration(total.accelerated.median)]
    assert format_ratio_with_interval(total.ratio) in read_page(app)


def test_a_card_explains_why_a_workload_cannot_run(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    page = read_page(open_page())
    assert "not available" in page
    assert "This is Plan 9 on" in page


def test_home_lists_the_running_race(racing):
    assert "**Colour quantization** is running" in read_page(open_page())
