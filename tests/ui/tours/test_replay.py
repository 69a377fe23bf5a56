"""The recording of a step: which run it is, and how it is played in place of the page."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.machine.describe import describe_machine
from bench.run.events import State
from bench.run.outcome import describe_recording
from bench.run.record import Run
from bench.run.replay import Replay
from bench.storage.attempts import build_report
from bench.storage.store import Store
from tests.support.pages import list_downloads, list_popovers, open_page, read_labels
from tests.support.recorded_race import load_recorded_race
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from ui.tours import playing, recordings
from ui.tours.catalogue import FOLDERS_VARIABLE, SHIPPED_FOLDER
from ui.tours.model import Step
from ui.tours.playing import ReplaySession
from ui.tours.racing import needs_recording
from ui.tours.recordings import find_recording, load_run_file
from ui.tours.replay import NO_RECORDING
from ui.tours.session import SESSION_KEY
from ui.views.race.followed_run import DisplayedRun

TOUR = """title = "Demo"
audience = "Testers"
minutes = 1
[[steps]]
title = "The race"
text = "Text."
page = "colour-quantization"
race = true
{recording}
[steps.settings]
cores = 1
"""


@pytest.fixture
def no_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "SHIPPED_RECORDINGS", tmp_path / "none")


def make_local_run(run_id: str, **fields) -> Run:
    """A finished race of this machine, without a claim, stored."""
    run = make_claim_run(**({"cores": 1} | fields))
    return store_run(run, run_id * 32, machine=describe_machine())


def make_step(**fields) -> Step:
    return Step("Race", "Text", "colour-quantization", {"cores": "1"}, race=True, **fields)


@pytest.mark.parametrize("case", ["the step's", "another cores", "another batch"])
def test_only_the_race_of_the_step_calls_for_its_recording(case, home):
    step = make_step()
    plan = step.plan(None)
    changes = {"another cores": {"cores": 2}, "another batch": {"batch": 7}}.get(case, {})
    run = make_claim_run()
    run.plan, run.claims = plan.model_copy(update=changes), []
    displayed = DisplayedRun(run=run)
    assert needs_recording(step, displayed, rehearsal=False) is (not changes)
    looking = Step("Quality", "Text", "colour-quantization", {"cores": "1"}, look_at=("quality",))
    assert needs_recording(looking, displayed, rehearsal=False)


def test_a_race_that_has_no_accuracy_to_measure_does_not_call_for_its_recording():
    step = Step("Race", "Text", "bert", {"model": "bert-base-untrained", "budget_s": "40"}, race=True)
    run = load_run_file(SHIPPED_FOLDER / "recordings" / "bert-base.json.gz")
    step = replace(step, settings=dict(step.settings) | {"cores": str(run.plan.cores)})
    claim = run.claim()
    assert run.plan.digest == step.plan(None).digest and claim is not None and not claim.made
    assert not needs_recording(step, DisplayedRun(run=run), rehearsal=False)
    run.state = State.STOPPED
    assert needs_recording(step, DisplayedRun(run=run), rehearsal=False)


def find(step: Step, folder: Path = Path()):
    return find_recording(step, folder, step.plan(None))


def write_run_file(file: Path, run: Run) -> None:
    content = json.dumps(build_report(run, None)).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


# Which run


def test_the_newest_run_of_the_plan_on_this_machine_is_found(no_shipped):
    assert find(make_step()) is None
    make_local_run("a")
    newer = make_local_run("b")
    Store().save(newer.model_copy(update={"started": newer.started.replace(year=newer.started.year + 1)}))
    make_local_run("c", batch=2)
    recording = find(make_step())
    assert recording and recording.run.id == "b" * 32
    assert not recording.differences and not recording.problem


def test_runs_of_other_machines_and_runs_that_were_stopped_are_not_found(no_shipped):
    run = make_local_run("a")
    identity = run.machine.identity.model_copy(update={"machine_id": "0" * 16, "boot_id": None})
    store_run(run, machine=run.machine.model_copy(update={"identity": identity, "processor": "Another"}))
    store_run(run, "b" * 32, state=State.STOPPED)
    assert find(make_step()) is None


def test_a_run_with_another_time_budget_is_found_and_says_so(no_shipped):
    make_local_run("a", budget_s=3)
    recording = find(make_step())
    assert recording and "time budget 3 s instead of" in recording.differences


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_the_file_that_the_step_names_comes_first(tmp_path, suffix):
    make_local_run("a")
    write_run_file(tmp_path / f"own{suffix}", load_recorded_race())
    recording = find(make_step(recording=f"own{suffix}"), tmp_path)
    assert recording and recording.run.id == load_recorded_race().id and recording.run.imported


def test_the_stored_run_that_the_step_names_comes_first():
    make_local_run("a")
    named = make_local_run("b", batch=2)
    recording = find(make_step(recording=named.id))
    assert recording and recording.run.id == named.id and recording.differences


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("own.json", b"{}", "not an exported run"),
        ("own.json.gz", b"no gzip", "cannot be unpacked"),
        ("own.json.gz", gzip.compress(b"{}", mtime=0)[:-4], "cannot be unpacked"),
        ("missing.json", None, "No such file"),
        ("f" * 32, None, "no race with this id is stored here"),
    ],
)
def test_another_recording_is_played_if_the_named_one_cannot_be_read(tmp_path, name, content, text):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    make_local_run("a")
    recording = find(make_step(recording=name), tmp_path)
    assert recording and recording.run.id == "a" * 32 and text in recording.problem


def test_a_recording_that_comes_with_fairlap_is_the_last_choice():
    recording = find(make_step())
    assert recording and recording.run.imported and recording.run.plan.workload == "colour-quantization"
    make_local_run("a")
    recording = find(make_step())
    assert recording and not recording.run.imported


# How it is played


def test_pace_pause_and_end(monkeypatch):
    now = 100.0
    monkeypatch.setattr(playing.time, "monotonic", lambda: now)
    session = ReplaySession(Replay(load_recorded_race()))
    session.play()
    now += 2
    assert session.now_s == 2
    session.set_pace(4)
    now += 2
    assert session.now_s == 10
    session.pause()
    now += 50
    assert session.now_s == 10 and not session.is_over
    session.play()
    now += 1000
    assert session.is_over and session.now_s == session.replay.duration_s
    session.play()
    assert session.now_s == 0
    session.skip_to_end()
    assert session.is_over


@pytest.fixture
def tour(tmp_path, monkeypatch) -> Run:
    """The tour `demo`, of which the only step names the recording that is returned."""
    folder = tmp_path / "tours"
    folder.mkdir()
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    run = load_recorded_race()
    write_run_file(folder / "own.json", run)
    (folder / "demo.toml").write_text(TOUR.format(recording='recording = "own.json"'))
    return run


def open_replay():
    app = open_page("colour-quantization", tour="demo", tour_step="1")
    app.button(key="tour-replay").click()
    app.run()
    assert not app.exception, app.exception
    return app


def show_second(app, seconds: float):
    playing_session: ReplaySession = app.session_state[SESSION_KEY].replay
    playing_session.position_s, playing_session.playing_since = seconds, None
    app.run()
    assert not app.exception, app.exception
    return app


def assert_marked(app, mark: str) -> None:
    assert any(mark in warning.value for warning in app.warning)
    assert app.metric and all(mark in metric.label for metric in app.metric)
    figures = app.get("plotly_chart")
    assert all("Recorded on" in figure.proto.spec for figure in figures)
    assert not list_downloads(app)
    assert not {"Share", "Report"} & set(list_popovers(app))
    labels = {button.label for button in app.button}
    assert not [label for label in labels if label.endswith(("Run", "Race longer", "Stop"))], labels


def test_a_replay_is_marked_in_every_number_and_chart_and_has_no_downloads(tour):
    app, mark = open_replay(), describe_recording(tour)
    for share in (0.0, 0.1, 0.5, 0.75, 0.95):
        assert_marked(show_second(app, share * Replay(tour).duration_s), mark)
    assert_marked(show_second(app, 1e9), mark)
    assert app.get("plotly_chart")
    texts = read_labels(app)
    assert f"## {mark}: " in texts.replace("\\", "")
    assert Store().count() == 0


def test_back_to_the_page_and_another_step_end_it(tour):
    app = open_replay()
    app.button(key="replay-stop").click()
    app.run()
    assert app.session_state[SESSION_KEY].replay is None and not app.exception
    app = open_replay()
    app.session_state[SESSION_KEY].move_to(0)
    assert app.session_state[SESSION_KEY].replay is None


def test_a_step_that_looks_at_a_result_shows_the_end_of_its_recording(tour, tmp_path):
    recording = 'look_at = ["quality"]\nrecording = "own.json"'
    (tmp_path / "tours" / "demo.toml").write_text(TOUR.format(recording=recording).replace("race = true\n", ""))
    app = open_page("colour-quantization", tour="demo", tour_step="1")
    button = app.button(key="tour-replay")
    assert button.label == "Show the recording" and not any(button.key == "tour-run" for button in app.button)
    button.click()
    app.run()
    assert app.session_state[SESSION_KEY].replay.is_over
    assert_marked(app, describe_recording(tour))


def test_without_a_recording_the_page_says_what_to_do(tmp_path, monkeypatch, no_shipped):
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    (tmp_path / "demo.toml").write_text(TOUR.format(recording=""))
    app = open_replay()
    assert NO_RECORDING in [warning.value for warning in app.warning]
    assert app.session_state[SESSION_KEY].replay is None
