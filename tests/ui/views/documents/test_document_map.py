"""The map on the page of a stored run."""

from __future__ import annotations

from bench.values.base import Arm
from tests.support.document_runs import MARKUP_TEXT, make_document_run, make_map
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
from ui.views.documents.document_map import describe_figure, make_panel, name_topics
from workloads.documents.document_map import MAP_TABLE


def test_a_stored_run_has_its_map_and_the_choice_of_its_colours():
    run = store_run(make_document_run())
    app = open_page("runs", run=run.id)
    assert not app.exception
    page = read_page(app)
    assert "Map of documents" in page and "4 documents." in page
    assert "Only who is near whom can be compared" in page
    [colours] = [group for group in app.button_group if group.options == ["Label", "Topic"]]
    app = colours.set_value("Topic").run()
    assert not app.exception and "topics of one number correspond" in read_page(app)
    [wrong] = [toggle for toggle in app.toggle if toggle.label == "Mark wrong labels"]
    assert not wrong.set_value(True).run().exception


def test_a_damaged_map_is_reported_and_the_rest_of_the_run_is_shown():
    run = make_document_run()
    run.tables[-1] = run.tables[-1].model_copy(update={"columns": ["x"], "rows": [["1"]]})
    app = open_page("runs", run=store_run(run).id)
    assert not app.exception and "The map of documents cannot be drawn" in read_page(app)
    assert "Labels of held-out documents" in read_page(app)


def test_a_run_without_statistics_shows_its_map():
    run = make_document_run()
    run.statistics = []
    page = read_page(open_page("runs", run=store_run(run).id))
    assert "Map of documents" in page and "Pipeline" not in page


def test_panels_say_what_was_predicted_and_topics_which_label_most_documents_have():
    run, content = make_document_run(), make_map()
    assert name_topics(content) == {1: "1: a, 80 %", 2: "2: b, 100 %"}
    panel = make_panel(run, content, Arm.ACCELERATED, "Topic")
    assert panel.title.endswith("1 of 2 held-out ones wrong") and panel.texts[0] == MARKUP_TEXT
    assert panel.groups == ["1: a, 80 %", "2: b, 100 %", "1: a, 80 %", "1: a, 80 %"]
    assert [facts[2] for facts in panel.facts] == [
        *["learned from, not held out"] * 2,
        "held out, predicted: a",
        "held out, predicted: a (wrong)",
    ]
    assert make_panel(run, content, Arm.BASELINE, "Label").groups == ["a", "b", "a", "b"]
    assert "0 by stock libraries, 1 by accelerated pipeline" in describe_figure(run, content, "Label")


def test_the_record_that_is_exported_has_the_map():
    tables = {table["name"]: table for table in make_document_run().report()["tables"]}
    assert tables[MAP_TABLE]["rows"][0][0] == MARKUP_TEXT
