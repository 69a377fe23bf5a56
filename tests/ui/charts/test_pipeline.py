"""The chart of a pipeline: as wide as the times, with what is between the steps, and the bounds."""

from __future__ import annotations

import math

import pytest

from bench.values.base import Arm
from bench.values.output import Table
from tests.support.document_runs import BETWEEN_S, SECONDS, make_document_run
from ui.charts.confusion import MAX_TEXT_PX, build_confusion_figure
from ui.charts.pipeline import PipelinePart, build_pipeline_figure, format_bound, list_parts


def test_every_step_and_what_is_between_them_is_a_part_with_its_bound():
    parts = list_parts(make_document_run())
    assert [part.is_same_code for part in parts] == [True] * 3 + [False] * 5
    assert parts[-1].label == "between the steps" and parts[-1].seconds[Arm.BASELINE] == pytest.approx(BETWEEN_S)
    assert sum(part.share for part in parts) == pytest.approx(1)
    features = parts[1]
    assert features.share == pytest.approx(0.5 / 4.0, rel=0.01)
    assert features.bound == pytest.approx(4.0 / 3.5, rel=0.01)
    assert list_parts(make_document_run(pairs=2)) == [] or make_document_run(pairs=2).statistics


def test_the_bars_begin_where_the_part_before_ends_and_same_code_is_crossed():
    run = make_document_run()
    parts = list_parts(run)
    figure = build_pipeline_figure(run, parts)
    for place, row in enumerate(figure.data):
        assert [round(float(x), 1) for x in row.x[:4]] == [round(SECONDS[step][place], 1) for step in list(SECONDS)[:4]]
        assert row.base[2] == pytest.approx(row.x[0] + row.x[1])
        assert list(row.marker.pattern.shape) == ["x"] * 3 + [""] * 5
    assert len(figure.layout.shapes) == len(parts)
    assert [annotation.text for annotation in figure.layout.annotations] == ["<b>4.00 s</b>", "<b>1.65 s</b>"]
    wide, narrow = figure.data[0].text[3], figure.data[1].text[5]
    assert wide == "train<br>classifier<br>1.00 s" and narrow == "", "a label that does not fit is left out"
    assert "both arms run the same code" in figure.data[0].hovertext[1]
    assert "the total would be at most 1.14x faster" in figure.data[0].hovertext[1]


def test_a_part_that_is_everything_has_no_bound():
    part = PipelinePart("all", "all", dict.fromkeys(Arm, 1.0), False, None, 1.0)
    assert part.bound == math.inf and format_bound(part.bound) == "any number of times"


def test_a_confusion_matrix_has_shares_of_its_rows_and_counts_as_text():
    table, *_ = make_document_run().tables
    pale, strong = build_confusion_figure(table, Arm.BASELINE).data
    assert [list(row) for row in pale.z] == [[None, 0.1], [0.0, None]]
    assert [list(row) for row in strong.z] == [[0.9, None], [None, 1.0]]
    assert [list(row) for row in pale.text] == [["", "1"], ["", ""]]
    assert [list(row) for row in strong.text] == [["9", ""], ["", "8"]]
    assert pale.textfont.color != strong.textfont.color
    assert pale.hovertext[0][1] == "<b>a</b> labelled as <b>b</b><br>1 of 10 documents"


def test_long_names_of_classes_are_shortened_and_stay_different_rows():
    names = ["l" * 200, "l" * 199, "<b>a</b>"]
    rows = [[name, *("5" if name == other else "1" for other in names)] for name in names]
    figure = build_confusion_figure(Table(name="c", label="c", columns=["class", *names], rows=rows), Arm.BASELINE)
    assert list(figure.layout.yaxis.ticktext) == [f"{'l' * 23}…", f"{'l' * 23}…", "&lt;b&gt;a&lt;/b&gt;"]
    assert list(figure.layout.yaxis.tickvals) == [0, 1, 2] == list(figure.data[0].y)
    assert figure.data[1].text[0][0] == figure.data[1].text[1][1] == "5"
    assert len(figure.data[0].hovertext[0][1]) < 200


def test_all_numbers_of_a_confusion_matrix_have_one_size_which_fits_into_its_cells():
    names = [f"class {place}" for place in range(15)]
    rows = [[name, *("250" if name == other else "1" for other in names)] for name in names]
    table = Table(name="c", label="c", columns=["class", *names], rows=rows)
    pale, strong = build_confusion_figure(table, Arm.BASELINE).data
    assert pale.textfont.size == strong.textfont.size < MAX_TEXT_PX
    small, *_ = make_document_run().tables
    assert build_confusion_figure(small, Arm.BASELINE).data[0].textfont.size == MAX_TEXT_PX
