"""The pre-flight of a tour in Streamlit's test driver: what it shows, and what its buttons start."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from bench.machine.last_noise import load_noise
from bench.run.job import JobKind
from bench.scheduler.preflight import examine_races
from bench.scheduler.queue import Queue
from bench.storage.store import Store
from bench.workload.preparation import PREPARE_TASK
from tests.support.pages import read_page, run_script
from tests.support.waiting import wait_for

SCRIPT = """
from ui.tours.model import Step, Tour
from ui.tours.preflight import draw_preflight

steps = (
    Step("Hello", "", "home"),
    Step("First", "", "trial", {"cores": "1", "loops": "1000"}, race=True),
    Step("Second", "", "trial", {"cores": "1", "loops": "1000", "batch": "2"}, race=True),
    Step("Third", "", "trial", {"cores": "%s", "loops": "2000"}, race=True),
)
draw_preflight(Tour("trial-tour", "Trial", "testers", 1, steps))
"""


def open_preflight(cores: int = 1) -> AppTest:
    return run_script(SCRIPT % cores)


def find_button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def read_forecasts(app: AppTest) -> list[list[str]]:
    return app.table[0].value.to_numpy().tolist()


def test_prepare_everything_prepares_what_is_missing_once_in_the_queue():
    app = open_preflight()
    assert "Almost ready: Models and data sets" in read_page(app)
    rows = read_forecasts(app)
    assert [row[0] for row in rows] == ["2\\. First", "3\\. Second", "4\\. Third"]
    assert all("not done yet" in row[1] and "until it is prepared" in row[3] for row in rows)
    find_button(app, "Prepare everything").click().run()
    wait_for(lambda: Store().count(kind=JobKind.MEASUREMENT, task=PREPARE_TASK) == 2, 60)
    wait_for(lambda: not Queue().entries(), 60)
    rows = read_forecasts(app.run())
    assert all("yes" in row[1] and "rehearse it once" in row[3] for row in rows)
    page = read_page(app)
    assert "3 races in about" in page and "2 of 2 prepared" in page and "Almost ready: First pairs" in page


def test_a_step_that_cannot_run_here_is_red_and_the_others_can_be_prepared():
    app = open_preflight(cores=4096)
    page = read_page(app)
    assert "Not ready: Libraries and cores" in page and "Third" in page
    assert "cannot run here" in read_forecasts(app)[2][1]
    assert find_button(app, "Prepare everything")


def test_the_noise_is_measured_on_request_and_kept():
    app = open_preflight()
    assert "not measured" in read_page(app) and load_noise() is None
    find_button(app, "Measure the noise").click().run()
    assert load_noise() is not None and "measured" in read_page(app)


def test_a_visitor_who_may_not_start_jobs_sees_the_checks_without_buttons_and_why(monkeypatch):
    monkeypatch.setattr("ui.actions.why_not_start", lambda: "Only people who signed in may start jobs.")
    app = open_preflight()
    page = read_page(app)
    assert "Almost ready" in page and "Only people who signed in may start jobs." in page
    assert not app.button


def test_the_store_is_not_read_again_while_a_race_runs(monkeypatch):
    reads = []
    monkeypatch.setattr(
        "ui.tours.preflight.examine_races",
        lambda races, *others, **options: reads.append(races) or examine_races(races, *others, **options),
    )
    app = open_preflight()
    race = Queue().enter(
        job_id="f" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="page", requester="somebody"
    )
    try:
        app.run()
        read = len(reads)
        assert "1 job before yours" in read_page(app)
        app.run()
        assert len(reads) == read
    finally:
        race.leave()


def test_a_tour_without_races_has_nothing_to_prepare():
    source = """
from ui.tours.model import Step, Tour
from ui.tours.preflight import draw_preflight

draw_preflight(Tour("words", "Words", "testers", 1, (Step("Hello", "", "home"),)))
"""
    assert "nothing to prepare" in read_page(run_script(source))
