"""The page Runs: lists, filters, and one race or measurement."""

from datetime import timedelta

from bench.run.events import State
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import damage_run, store_run


def test_runs_say_how_to_make_the_first():
    app = open_page("runs")
    assert "No run is stored yet" in read_page(app)
    assert any("python -m bench run" in code.value for code in app.code)


def test_runs_list_what_was_kept_with_the_newest_first(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), state=State.STOPPED)
    table = open_page("runs").dataframe[0].value
    assert len(table) == 2
    assert "stopped" in list(table["verdict"].iloc[0])
    assert table["baseline"].iloc[0] == finished.comparison().baseline.median


def test_runs_are_filtered_by_words_state_and_plan(finished):
    store_run(finished, "a" * 32)
    other = finished.plan.model_copy(update={"batch": 3})
    store_run(finished, "b" * 32, state=State.STOPPED, plan=other, digest=other.digest)
    app = open_page("runs")
    app.selectbox(key="runs_state").set_value("stopped").run()
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="runs_state").set_value(None).run()
    app.text_input(key="runs_text").set_value("trial aaaa").run()
    assert len(app.dataframe[0].value) == 1
    app.text_input(key="runs_text").set_value("nowhere to be found").run()
    assert "No run passes these filters." in read_page(app)
    assert len(open_page("runs", plan=finished.digest).dataframe[0].value) == 1
    assert "No run of the plan" in read_page(open_page("runs", plan="none"))


def test_a_run_is_opened_by_the_beginning_of_its_id(finished):
    store_run(finished, "a" * 32)
    app = open_page("runs", run="aaaaaa")
    assert finished.snapshot.workload_title in [title.value for title in app.title]
    assert not app.error
    assert not app.dataframe or "verdict" not in app.dataframe[0].value


def test_an_unknown_run_is_told(finished):
    assert "No run with the id `nothing` is stored here" in read_page(open_page("runs", run="nothing"))
    store_run(finished, "a1" * 16)
    store_run(finished, "a2" * 16)
    assert "2 runs have ids that begin with `a`" in read_page(open_page("runs", run="a"))


def test_a_run_that_still_races_is_not_unknown(racing):
    assert "still waiting or running" in read_page(open_page("runs", run=racing.entry.job_id))


def test_a_damaged_run_is_told_and_the_list_goes_on(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    damage_run("b" * 32)
    assert len(open_page("runs").dataframe[0].value) == 2
    assert "cannot be read" in read_page(open_page("runs", run="b" * 32))


def test_a_run_of_another_version_is_told(finished):
    store_run(finished, "a" * 32, version=99)
    assert "it has version 99" in read_page(open_page("runs", run="a" * 32))
