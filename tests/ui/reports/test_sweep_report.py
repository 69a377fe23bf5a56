"""Reports of a sweep: every cell with its reason, every caveat, the charts of the page, and native charts on slides."""

from __future__ import annotations

import io
import math

import pytest
from pptx import Presentation

from bench.cli.main import main
from bench.run.sweep import CellState, SweepRecord
from bench.stats.break_even import SizeVerdict
from bench.storage.store import Store
from bench.sweep.best_cell import CHOICE_NOTE
from bench.sweep.report import list_findings
from bench.values.base import Arm
from tests.support.pages import list_popovers, open_page
from tests.support.sweeps import make_sweep, scaled_times
from tests.ui.reports.test_html_report import read, read_words
from tests.ui.reports.test_slides import read_deck
from ui.reports import sweep_slides
from ui.reports.content import ReportFields
from ui.reports.html_report import write_html
from ui.reports.slides import write_slides

REASON = "It needs <b>6 GiB</b> of memory."


@pytest.fixture(scope="module")
def finished_sweep() -> SweepRecord:
    return make_sweep(Store(), "cores=1,2,4", "batch=1000,3000,10000", times=scaled_times())


@pytest.fixture
def record(finished_sweep) -> SweepRecord:
    """A sweep with a cell that makes no claim, and one that failed."""
    marks = {
        (2, 3000): {"verdict": SizeVerdict.NO_CLAIM, "reason": "Other load."},
        (4, 10000): {"state": CellState.FAILED, "verdict": None, "ratio": None, "reason": REASON, "pairs": 0}
        | {"baseline": None, "accelerated": None, "run_id": ""},
    }
    sweep = finished_sweep.sweep
    cells = [cell.model_copy(update=marks.get(tuple(cell.values), {})) for cell in sweep.cells]
    changed = finished_sweep.model_copy()
    changed.keep(sweep.model_copy(update={"cells": cells}))
    return changed


def list_expected(record: SweepRecord) -> list[str]:
    """The sentences, reasons and caveats that both formats have."""
    texts = [*list_findings(record.sweep, record.snapshot), CHOICE_NOTE, "Other load.", REASON, record.snapshot.command]
    failed = record.sweep.cell([4, 10000])
    assert failed is not None
    texts += [failed.command, record.machine.short, "chosen for its result"]
    return [*texts, *(record.sweep.describe_values(cell.values) for cell in record.sweep.cells)]


def test_the_html_has_every_cell_caveat_and_chart(record):
    page = write_html(ReportFields("Demo"), [], sweeps=[record])
    words = read_words(read(page))
    for text in list_expected(record):
        assert " ".join(text.rstrip(".").split()) in words
    assert "projection, not a measurement" in words and "■ ended early" in words
    # A map, a frontier, and the scaling at each number of rows.
    assert page.count('class="chart"') == 5
    assert "<b>6 GiB" not in page and "the raw samples of each run are in it" not in words
    assert page.count('class="record"') == 1


def test_the_slides_have_every_cell_and_caveat_and_native_charts(record):
    deck = Presentation(io.BytesIO(write_slides(ReportFields("Demo"), [], sweeps=[record])))
    text = " ".join(read_deck(deck).split())
    for expected in list_expected(record):
        assert " ".join(expected.rstrip(".").split()) in text
    [table] = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    shown = [[table.cell(row, column).text for column in range(4)] for row in range(4)]
    assert shown[0] == ["", "1,000 rows", "3,000 rows", "10,000 rows"]
    assert shown[2][2].startswith("(") and "no claim" in shown[2][2] and shown[3][3] == "failed"
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 4
    for chart in charts:
        for series in chart.plots[0].series:
            assert series.values and all(math.isfinite(value) for value in series.values)
    # The cell that does not count is no point of a chart.
    assert sum(len(list(series.values)) for series in charts[0].plots[0].series) == 2 * 7
    with pytest.raises(ValueError, match="Expected finite numbers"):
        sweep_slides._add_xy_chart(deck.slides[0], {"fit": (Arm.BASELINE, [(1.0, math.nan)])}, "x", "y")


def test_an_arm_without_a_cell_that_counts_has_no_empty_series(record):
    cells = [cell.model_copy(update={"verdict": SizeVerdict.FALLBACK}) for cell in record.sweep.cells]
    record.keep(record.sweep.model_copy(update={"cells": cells}))
    deck = Presentation(io.BytesIO(write_slides(ReportFields(), [], sweeps=[record])))
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert charts and all(list(series.iter_values()) for chart in charts for series in chart.plots[0].series)


def test_large_maps_are_continued_on_further_slides(record, monkeypatch):
    monkeypatch.setattr(sweep_slides, "MAX_TABLE_ROWS", 2)
    monkeypatch.setattr(sweep_slides, "MAX_TABLE_COLUMNS", 2)
    deck = Presentation(io.BytesIO(write_slides(ReportFields(), [], sweeps=[record])))
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert [(len(table.rows), len(table.columns)) for table in tables] == [(3, 3), (3, 2), (2, 3), (2, 2)]
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.top + shape.height <= deck.slide_height


def test_the_command_and_both_pages_report_a_sweep(tmp_path, capsys):
    record = make_sweep(Store(), "batch=1000,3000", times=scaled_times())
    run_id = record.sweep.cells[0].run_id
    html, pptx = tmp_path / "r.html", tmp_path / "r.pptx"
    assert main(["report", "--html", str(html), "--pptx", str(pptx), record.id[:8], run_id[:12]]) == 0
    assert "r.html: 1 run, 1 sweep" in capsys.readouterr().out
    assert html.read_text().count('class="record"') == 2 and pptx.read_bytes().startswith(b"PK")
    assert "Report" in list_popovers(open_page("sweep", workload="estimators", case="ridge"))
    assert "Report" in list_popovers(open_page("runs", run=record.id[:8]))
