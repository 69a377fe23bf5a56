"""The page of the documents: presets, the total before the best step, bounds and confusion matrices."""

from __future__ import annotations

from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.values.base import Arm
from bench.values.samples import Evidence
from bench.workload.registry import load_workloads
from tests.support.document_runs import make_document_run
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
from ui.charts.pipeline import list_parts
from ui.design.markdown import escape_markdown
from ui.views.documents.presets import list_presets
from ui.views.documents.result import build_bounds_table, describe_limits
from ui.views.race.followed_run import session_run_key


def press(app, label):
    [button] = [button for button in app.button if button.label == label]
    return button.click().run()


def test_a_preset_gives_the_controls_its_stages_and_keeps_the_other_settings():
    app = open_page("documents", batch="1200")
    page = read_page(app)
    assert "stages are **Classifier, Topics (K-Means), Map (t-SNE)**" in page.replace("\\", "")
    app = press(app, "Topics (K-Means) only")
    assert not app.exception
    assert (app.query_params["accelerate"], app.query_params["batch"]) == ("topics", "1200")
    [button] = [button for button in app.button if button.label == "Topics (K-Means) only"]
    assert button.disabled
    app = press(app, "Everything")
    assert app.query_params["accelerate"] == "load,classifier,topics,map"


def test_the_page_names_own_documents_as_they_are_written(tmp_path):
    page = read_page(open_page("documents", file=str(tmp_path / "mine_**_<b>.csv")))
    assert f"The documents are your own: **{escape_markdown(str(tmp_path / 'mine_**_<b>.csv'))}**." in page
    assert "your own:" not in read_page(open_page("documents"))


def test_the_total_comes_first_and_the_stages_say_what_limits_it():
    run = store_run(make_document_run())
    app = open_page("runs", run=run.id)
    page = read_page(app).replace("\\", "")
    assert "## The accelerated pipeline is 2.4x faster" in page
    assert "Map is 7.0x faster" in page, "the step that gained most is the second sentence"
    assert "Map:] Map" not in page, "its name comes once"
    assert "**map** gained most, 7.0x, and the total 2.4x" in page
    assert "Accuracy 92.5 and 92.6 %. 99.5 % of the labels are the same in both arms." in page
    assert "One step gained more than the total" in page
    preset = press(app, "Classifier only")
    assert not preset.exception


def test_presets_below_a_result_change_the_controls_and_not_the_plan_of_the_run():
    run = store_run(make_document_run(accelerate="map"))
    app = open_page("documents", run=run.id)
    assert "stages are **Map" in read_page(app)
    # As if the settings had been changed while the race ran: its result is shown all the same.
    app.session_state[session_run_key(load_workloads()["documents"])].plan_digest = ""
    app.session_state["documents:batch"] = 1_200
    app.run()
    assert "Pipeline" in read_page(app), "the run is still shown"
    app = press(app, "Classifier only")
    assert not app.exception
    assert (app.query_params["accelerate"], app.query_params["batch"]) == ("classifier", "1200")


def test_the_bounds_follow_from_the_shares_of_the_baseline():
    run = make_document_run()
    parts = list_parts(run)
    table = build_bounds_table(run, parts)
    rows = dict(zip(table["stage"], table["if it took no time, the total is at most"], strict=True))
    assert rows["map"] == "1.54x faster" and rows["TF-IDF"] == "1.14x faster"
    assert dict(zip(table["stage"], table["ratio"], strict=True))["TF-IDF"] == "same code"
    text = describe_limits(run, parts)
    assert "28 % of the baseline's time" in text and "at most **3.64x** faster" in text


def test_a_stopped_run_has_no_bound_for_stages_of_unknown_code_and_names_no_best_one():
    run = make_document_run()
    run.state, run.evidence, run.claims = State.STOPPED, {}, []
    parts = list_parts(run)
    text = describe_limits(run, parts)
    assert "gained most" not in text and "there is no bound" in text and "x** faster" not in text
    table = build_bounds_table(run, parts)
    bounds = dict(zip(table["stage"], table["if it took no time, the total is at most"], strict=True))
    assert bounds["map"] == "not known" and bounds["TF-IDF"] == "1.14x faster", "TF-IDF has no other version"
    assert dict(zip(table["stage"], table["ratio"], strict=True))["TF-IDF"] == "same code"


def test_a_stage_without_a_claim_is_not_the_one_that_gained_most():
    run = make_document_run()
    run.evidence[Arm.ACCELERATED][-1] = Evidence(step="map", path="stock", words=["log"], reason="fell back", code="x")
    run.claims = decide_claims(run)
    assert "**train classifier** gained most, 5.0x" in describe_limits(run, list_parts(run))
    finding = next(one for one in run.claims[0].findings if one.rule == "part-of-whole")
    assert "the step train classifier is 5.0x faster" in finding.seen


def test_each_stage_alone_is_a_preset():
    plan = make_document_run().plan
    labels = [preset.label for preset in list_presets(plan)]
    assert labels == [
        "Usual stages",
        "Everything",
        "Load and clean only",
        "Classifier only",
        "Topics (K-Means) only",
        "Map (t-SNE) only",
    ]
