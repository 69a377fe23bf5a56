"""Home, machine and runs, drawn by Streamlit's own test driver: with nothing kept, with runs, and with damaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import create_engine, text
from streamlit.testing.v1 import AppTest

from bench.machine.noise import Noise
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.queue import Queue, Ticket
from bench.storage.store import Store
from bench.workload.declaration import registry
from tests.conftest import race
from ui import services
from ui.views.machine import page as machine_page
from ui.views.runs import page as runs_page

APP = Path(__file__).parents[1] / "ui" / "navigation.py"
WAITS_S = 30
"""The first drawing in a process imports what pages need."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """The server's dispatcher and store belong to one data folder: each test has its own."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Run:
    return race(tmp_path_factory.mktemp("race")).record


@pytest.fixture
def racing() -> Iterator[Ticket]:
    """A race of some other process."""
    ticket = Queue().enter(run="f" * 32, workload="colour-quantization", title="Colour quantization", origin="page")
    yield ticket
    ticket.leave()


def drawn(page: str = "home", **query: str) -> AppTest:
    """A page of the application, drawn without an exception."""
    app = AppTest.from_file(str(APP), default_timeout=WAITS_S).run()
    app.query_params.update(query)
    if page != "home":
        app.switch_page(services.page(page))
        app.query_params.update(query)
        app.run()
    assert not app.exception
    return app


def script(source: str) -> AppTest:
    app = AppTest.from_string(source, default_timeout=WAITS_S).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def keep(run: Run, name: str = "", **changes) -> Run:
    kept = run.model_copy(deep=True, update={"id": name or run.id} | changes)
    Store().save(kept)
    return kept


def damage(run: str) -> None:
    engine = create_engine(Store().url)
    with engine.begin() as connection:
        connection.execute(text("update fairlap_runs set record = :bytes where id = :id"), {"bytes": b"no", "id": run})
    engine.dispose()


def of_colours(run: Run) -> Run:
    """The run as if it had been one of a workload that has a card."""
    plan = run.plan.model_copy(
        update={"workload": "colour-quantization", "baseline": "stock", "accelerated": "sklearnex"}
    )
    return run.model_copy(update={"plan": plan, "id": "c" * 32})


# Home


def test_home_has_a_card_for_each_workload_that_is_not_hidden():
    said = words(drawn())
    for workload in registry().values():
        assert (workload.title in said) is not workload.hidden
    assert "Not raced on this machine yet." in said
    assert "The machine is free" in said


def test_home_shows_the_absolute_times_before_the_ratio(finished):
    Store().save(of_colours(finished))
    app = drawn()
    times = [metric.value for metric in app.metric]
    whole = finished.comparison()
    assert times == [runs_page.duration(whole.baseline.median), runs_page.duration(whole.accelerated.median)]
    assert runs_page.ratio_text(whole.ratio.value, whole.ratio.low, whole.ratio.high) in words(app)


def test_home_says_why_a_workload_cannot_run(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    said = words(drawn())
    assert "cannot run here" in said
    assert "This is Plan 9 on" in said


def test_home_lists_what_races(racing):
    assert "**Colour quantization** races" in words(drawn())


# Machine


def test_machine_tells_what_it_is_and_draws_the_load():
    app = drawn("machine")
    assert "Processor" in words(app)
    charts = app.get("plotly_chart")
    assert 2 <= len(charts) <= 4


def test_noise_is_measured_when_nothing_races(monkeypatch):
    noise = Noise(
        word="quiet",
        score=1.5,
        spread=1.0,
        late=0.5,
        worst_pause_ms=0.2,
        steal=None,
        background_cores=0.01,
        cores=[0],
        repetitions=900,
        at="2026-01-01T00:00:00+00:00",
    )
    monkeypatch.setattr(machine_page, "measure", lambda: noise)
    app = drawn("machine")
    app.button(key="machine_noise").click().run()
    assert not app.exception
    assert "quiet" in words(app) and "1.5 %" in words(app)
    assert Queue().take_machine() is not None


def test_noise_is_not_measured_beside_a_race(monkeypatch, racing):
    monkeypatch.setattr(machine_page, "measure", lambda: pytest.fail("measured beside a race"))
    app = drawn("machine")
    app.button(key="machine_noise").click().run()
    assert not app.exception
    assert "Colour quantization" in app.warning[0].value


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([0], "0"), ([0, 1, 2, 3], "0 to 3"), ([0, 2, 3, 8], "0, 2 to 3, 8")]
)
def test_ranges_of_processors_are_short(numbers, text):
    assert machine_page._ranges(numbers) == text


def test_the_sampler_reads_once_for_all_who_ask_and_has_a_load_from_the_start():
    sampler = machine_page.Sampler()
    assert sampler.readings() == sampler.readings()
    assert len(sampler.readings()) == 1
    assert sampler.readings()[0].steal is None or sampler.readings()[0].steal >= 0


def test_many_cores_are_a_map():
    sampler = machine_page.Sampler()
    reading = sampler.readings()[0]
    many = reading.model_copy(update={"cores": reading.cores[:1] * 64})
    figure = machine_page._load_figure([0.0], [many], list(range(64)))
    assert [trace.type for trace in figure.data] == ["heatmap"]


# Runs


def test_runs_say_how_to_make_the_first():
    app = drawn("runs")
    assert "No run has been kept yet" in words(app)
    assert any("python -m bench run" in code.value for code in app.code)


def test_runs_list_what_was_kept_with_the_newest_first(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32, started=finished.started + timedelta(hours=1), state=State.STOPPED)
    table = drawn("runs").dataframe[0].value
    assert len(table) == 2
    assert "stopped" in list(table["verdict"].iloc[0])
    assert table["baseline"].iloc[0] == finished.comparison().baseline.median


def test_runs_are_filtered_by_words_state_and_plan(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32, state=State.STOPPED, plan=finished.plan.model_copy(update={"batch": 3}))
    app = drawn("runs")
    app.selectbox(key="runs_state").set_value("stopped").run()
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="runs_state").set_value(None).run()
    app.text_input(key="runs_text").set_value("trial aaaa").run()
    assert len(app.dataframe[0].value) == 1
    app.text_input(key="runs_text").set_value("nowhere to be found").run()
    assert "No run passes these filters." in words(app)
    assert len(drawn("runs", plan=finished.plan.digest).dataframe[0].value) == 1
    assert "No run of the plan" in words(drawn("runs", plan="none"))


def test_a_run_is_opened_by_the_beginning_of_its_id(finished):
    keep(finished, "a" * 32)
    app = drawn("runs", run="aaaaaa")
    assert finished.plan.declaration.title in [title.value for title in app.title]
    assert not app.error
    assert not app.dataframe or "verdict" not in app.dataframe[0].value


def test_an_unknown_run_is_told(finished):
    assert "No run with the id `nothing`" in words(drawn("runs", run="nothing"))
    keep(finished, "a1" * 16)
    keep(finished, "a2" * 16)
    assert "2 runs have ids that begin with `a`" in words(drawn("runs", run="a"))


def test_a_run_that_still_races_is_not_unknown(racing):
    assert "still waiting or racing" in words(drawn("runs", run=racing.entry.run))


def test_a_damaged_run_is_told_and_the_list_goes_on(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32)
    damage("b" * 32)
    assert len(drawn("runs").dataframe[0].value) == 2
    assert "cannot be read" in words(drawn("runs", run="b" * 32))


def test_a_run_of_another_version_is_told(finished):
    keep(finished, "a" * 32, version=99)
    assert "was kept in version 99" in words(drawn("runs", run="a" * 32))


CHOSEN = "from ui import runs, service\nruns._chosen(list(service.store().rows()))\n"


def test_one_chosen_run_can_be_taken_away_and_deleted(finished):
    keep(finished)
    app = script(CHOSEN)
    assert len(app.get("download_button")) == 2
    app.button(key="runs_delete").click().run()
    assert "cannot be brought back" in words(app)
    assert len(Store().rows()) == 1


def test_two_runs_of_one_plan_stand_side_by_side(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32)
    app = script(CHOSEN)
    assert not app.warning
    assert "ratios overlap" in words(app)
    assert app.table[0].value.shape[1] == 2


def test_two_runs_that_differ_are_not_compared(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32, plan=finished.plan.model_copy(update={"cores": 2}))
    app = script(CHOSEN)
    assert "cores: 1 and 2" in app.warning[0].value or "cores: 2 and 1" in app.warning[0].value
    assert not app.table


def test_a_damaged_run_among_two_chosen_is_told(finished):
    keep(finished, "a" * 32)
    keep(finished, "b" * 32)
    damage("b" * 32)
    app = script(CHOSEN)
    assert "cannot be read" in words(app)
    assert not app.table


def with_version(run: Run, name: str, version: str) -> Run:
    changed = run.machine.model_copy(update={"versions": run.machine.versions | {name: version}})
    return run.model_copy(update={"machine": changed})


def test_what_moves_the_times_forbids_a_comparison(finished):
    plan, about = finished.plan, finished.machine
    assert runs_page.differences(finished, finished) == []
    other = plan.model_copy(update={"budget_s": 99.0, "target": 0.1})
    assert runs_page.differences(finished, finished.model_copy(update={"plan": other})) == []
    for changed, reason in (
        (finished.model_copy(update={"plan": plan.model_copy(update={"cores": 9})}), "cores: 1 and 9"),
        (finished.model_copy(update={"plan": plan.model_copy(update={"batch": 9})}), "batch: 1 and 9"),
        (
            finished.model_copy(
                update={"plan": plan.model_copy(update={"parameters": plan.parameters | {"loops": 9}})}
            ),
            "loops: 2000 and 9",
        ),
        (
            finished.model_copy(update={"machine": about.model_copy(update={"processor": "Z80"})}),
            f"processor: {about.processor} and Z80",
        ),
        (with_version(finished, "numpy", "0"), f"numpy: {about.versions['numpy']} and 0"),
        (with_version(finished, "daal", "0"), f"daal: {about.versions.get('daal', 'none')} and 0"),
        (finished.model_copy(update={"statistics": []}), "has too few pairs"),
    ):
        reasons = runs_page.differences(finished, changed)
        assert len(reasons) == 1 and reason in reasons[0]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (512, "512 B"), (32768, "32 KiB"), (1 << 20, "1 MiB"), (25276502016, "23.5 GiB")]
)
def test_sizes_are_short(count, text):
    assert runs_page.size(count) == text


def test_the_last_result_on_this_machine_comes_before_a_newer_one_elsewhere(finished):
    keep(finished, "a" * 32)
    elsewhere = finished.machine.model_copy(update={"processor": "Z80"})
    keep(finished, "b" * 32, started=finished.started + timedelta(hours=1), machine=elsewhere)
    store = Store()
    assert runs_page.last_on(store, "trial", finished.machine.short).id == "a" * 32
    assert runs_page.last_on(store, "trial", "another").id == "b" * 32
    assert runs_page.last_on(store, "nothing", "another") is None
