"""Home, machine and runs, drawn by Streamlit's own test driver: with nothing kept, with runs, and with damaged ones."""

from __future__ import annotations

from bench.formatting import format_duration
from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.storage.store import Store
from bench.workload.registry import load_workloads
from tests.support.pages import open_page, read_page
from tests.support.runs import open_plan
from ui.design import text


def make_colour_variant(run: Run) -> Run:
    """The run as if it had been one of a workload that has a card."""
    opened = open_plan(make_plan("colour-quantization", cores=run.plan.cores, batch=run.plan.batch), "c" * 32)
    return run.model_copy(
        update={"plan": opened.plan, "snapshot": opened.snapshot, "digest": opened.digest, "id": opened.run}
    )


# Home


def test_home_has_a_card_for_each_workload_that_is_not_hidden():
    text_of_page = read_page(open_page())
    for workload in load_workloads().values():
        assert (workload.title in text_of_page) is not workload.hidden
    assert "No race on this machine yet." in text_of_page
    assert "The machine is free" in text_of_page


def test_home_shows_the_absolute_times_before_the_ratio(finished):
    Store().save(make_colour_variant(finished))
    app = open_page()
    times = [metric.value for metric in app.metric]
    whole = finished.comparison()
    assert times == [format_duration(whole.baseline.median), format_duration(whole.accelerated.median)]
    assert text.format_optional_ratio(whole.ratio.value, whole.ratio.low, whole.ratio.high) in read_page(app)


def test_home_explains_why_a_workload_cannot_run(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    text_of_page = read_page(open_page())
    assert "not available" in text_of_page
    assert "This is Plan 9 on" in text_of_page


def test_home_lists_the_running_race(racing):
    assert "**Colour quantization** is running" in read_page(open_page())
