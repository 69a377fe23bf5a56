"""The best of each stage on the page of the documents: the button, the progress, the preset, and when there is none."""

from __future__ import annotations

from bench.claims.verdict import decide_claims
from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.scheduler.best_stages import BestStagesGoal, SelectedRuns, plan_all_stages
from bench.scheduler.race_series import RaceSeries, SeriesHistory, SeriesProgress
from bench.stats.comparison import compare_samples
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.samples import Evidence
from tests.support.document_runs import make_document_run
from tests.support.pages import open_page, read_page
from ui import actions, services

EVERYTHING = "load,classifier,topics,map"
GAINING = "classifier,topics,map"


def make_goal(plan: Plan) -> BestStagesGoal:
    return BestStagesGoal(plan_all_stages(plan), SelectedRuns(Store(), describe_machine()))


def store_races(*choices: str) -> list[str]:
    """Store the races of a choice with these stages, one after the other; their ids. In all of them, loading runs the
    same code in both arms."""
    ids = []
    for number, stages in enumerate(choices):
        run = make_document_run(f"{number}" * 32, accelerate=stages)
        run.selection = make_goal(run.plan).select(run.plan)
        assert run.selection is not None, "the race is what comes next"
        run.claims = decide_claims(run)
        Store().save(run)
        ids.append(run.id)
    return ids


def find_buttons(app, text: str) -> list:
    return [button for button in app.button if text in button.label]


def test_the_button_starts_the_choice_of_the_settings_on_the_page(monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_series", lambda goals, again: started.append((goals, again)))
    app = open_page("documents", batch="1200", cores="1")
    assert "best of each stage is not known yet" in read_page(app) and not find_buttons(app, "(measured")
    [button] = find_buttons(app, "Find the best of each stage (at most 3 races, about ")
    button.click().run()
    [([goal], again)] = started
    assert not again and goal.first.parameters["accelerate"] == EVERYTHING and goal.first.batch == 1_200


def test_a_confirmed_choice_is_a_preset_with_its_date_and_its_table():
    [chooser, confirming] = store_races(EVERYTHING, GAINING)
    app = open_page("documents", cores="1", accelerate="map")
    page = read_page(app).replace("\\", "")
    assert "The best of each stage: Classifier, Topics (K-Means), Map (t-SNE), 2.4x in total." in page
    assert "confirmed by a race with new samples" in page
    row = next(line for line in page.splitlines() if line.startswith("| Load and clean"))
    assert "same code" in row and "| no |" in row and chooser[:8] in row
    row = next(line for line in page.splitlines() if line.startswith("| Map"))
    assert row.count("7.0x") == 2 and "green-badge" in row and "gains" in row
    [preset] = find_buttons(app, "Best of each stage (measured ")
    app = preset.click().run()
    assert not app.exception and "accelerate" not in app.query_params, "they are the default stages"
    assert find_buttons(app, "Find it again (at most 3 races"), "it may be wrong after all"
    # Other documents, another classifier or other cores: nothing is known of them.
    for setting in ({"batch": "1200"}, {"classifier": "knn"}, {"cores": "2"}):
        app = open_page("documents", **({"cores": "1"} | setting))
        assert not find_buttons(app, "(measured") and find_buttons(app, "Find the best of each stage")
    app = open_page("runs", run=confirming)
    text = read_page(app).replace("\\", "")
    assert f"the stages were chosen after looking at race {chooser[:8]} on this machine" in text
    assert "Stages chosen after looking" in text


def test_a_choice_with_other_libraries_is_marked_and_not_offered(monkeypatch):
    store_races(EVERYTHING, GAINING)
    machine = describe_machine()
    updated = machine.model_copy(update={"versions": {**machine.versions, "scikit-learn": "99"}})
    monkeypatch.setattr(services, "get_machine", lambda: updated)
    app = open_page("documents", cores="1")
    page = read_page(app).replace("\\", "")
    assert "out of date" in page and "something has changed: scikit-learn: " in page
    assert not find_buttons(app, "(measured") and find_buttons(app, "Find the best of each stage (at most 3 races")


def test_a_choice_that_goes_on_shows_its_race_and_can_be_stopped(monkeypatch):
    store_races(EVERYTHING)
    goal = make_goal(make_plan("documents", cores=1))
    series = RaceSeries([goal], SeriesHistory(Store(), describe_machine()))
    plan = goal.choose(series.history)
    assert plan is not None and plan.parameters["accelerate"] == GAINING
    series.progress = SeriesProgress(plan=plan, raced=1, job_id="e" * 32)
    stopped = []
    monkeypatch.setattr(actions, "find_series", lambda: series)
    monkeypatch.setattr(actions, "stop_series", lambda: stopped.append(True))
    app = open_page("documents", cores="1")
    page = read_page(app).replace("\\", "")
    assert "Races now: race 2, confirm those that gain: Classifier, Topics (K-Means), Map (t-SNE)" in page
    [stop] = [button for button in app.button if button.label == "Stop" and "best" in str(button.key)]
    stop.click().run()
    assert stopped == [True]
    series.progress = SeriesProgress(over=True, raced=1, why_ended="You have 3 jobs that wait or run.")
    app = open_page("documents", cores="1")
    assert "You have 3 jobs that wait or run. Press the button again to go on." in read_page(app)
    assert find_buttons(app, "Find the best of each stage (at most 1 race,")


def test_a_stage_that_loses_is_shown_losing():
    run = make_document_run(accelerate=EVERYTHING)
    for place, sample in enumerate(run.samples):
        if sample.arm is Arm.ACCELERATED:
            steps = [
                step.model_copy(update={"seconds": 4 * step.seconds}) if step.step == "load" else step
                for step in sample.repetition.steps
            ]
            repetition = sample.repetition.model_copy(update={"steps": steps})
            run.samples[place] = sample.model_copy(update={"repetition": repetition})
    run.statistics = compare_samples(run.samples, work=4_800)
    modin = Evidence(step="load", path="accelerated", words=["Modin"], calls=1, accelerated_calls=1)
    run.evidence[Arm.ACCELERATED] = [modin, *run.evidence[Arm.ACCELERATED][1:]]
    run.claims = decide_claims(run)
    Store().save(run)
    page = read_page(open_page("runs", run=run.id)).replace("\\", "")
    assert (
        ":orange-badge[:material/trending_down: loses] **load and clean** is 4.0x slower here: 200 ms → 800 ms" in page
    )
