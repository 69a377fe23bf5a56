"""The charts of a sweep: what each cell says, what is a projection, and which point is chosen."""

from __future__ import annotations

import pytest

from bench.run.sweep import CellState, SweepRecord
from bench.stats.break_even import SizeVerdict
from bench.storage.store import Store
from bench.sweep.break_even import find_break_evens
from bench.sweep.frontier import find_sweet_spot, list_points
from bench.sweep.scaling import find_scaling
from tests.support.sweeps import make_sweep, scaled_times
from ui.charts.sweep_frontier import build_frontier_figure
from ui.charts.sweep_heat import build_heat_figure, describe_marks
from ui.charts.sweep_scaling import build_scaling_figure


@pytest.fixture
def record() -> SweepRecord:
    return make_sweep(Store(), "cores=1,2", "batch=1000,3000,10000", times=scaled_times())


def test_a_cell_shows_its_ratio_and_says_why_there_is_none(record):
    sweep = record.sweep
    cells = [*sweep.cells]
    cells[2] = cells[2].model_copy(update={"state": CellState.FAILED, "reason": "Too <b>large</b>.", "verdict": None})
    cells[5] = cells[5].model_copy(update={"state": CellState.WAITING, "verdict": None, "ratio": None})
    sweep = sweep.model_copy(update={"cells": cells, "active": cells[5].digest})
    figure = build_heat_figure(sweep, record.snapshot)
    [trace] = figure.data
    assert trace.text[0][0].startswith("<b>0.") and "■" in trace.text[0][0], "it loses, and ended early"
    assert trace.z[0][0] < 0 < trace.z[0][1]
    assert trace.text[0][2] == "✕ failed" and "python -m bench run" in trace.hovertext[0][2].replace("<br>", " ")
    assert trace.text[1][2] == "▶ races" and trace.z[1][2] == 0
    assert "20 pairs" in trace.hovertext[0][0] and "ratio 0.5" in trace.hovertext[0][0]
    assert "ended early" in describe_marks(sweep)


def test_the_break_even_is_a_line_between_two_columns(record):
    lines = find_break_evens(record.sweep, record.snapshot)
    figure = build_heat_figure(record.sweep, record.snapshot, lines, "dark")
    assert [(shape.x0, shape.x1, shape.y0, shape.y1) for shape in figure.layout.shapes] == [
        (0.5, 0.5, -0.5, 0.5),
        (1.5, 1.5, 0.5, 1.5),
    ]


def test_a_sweep_over_one_setting_is_one_row():
    record = make_sweep(Store(), "batch=1000,3000", times=scaled_times())
    [trace] = build_heat_figure(record.sweep, record.snapshot).data
    assert len(trace.text) == 1 and len(trace.text[0]) == 2


def test_the_best_point_is_marked_and_the_budget_drawn(record):
    sweep, snapshot = record.sweep, record.snapshot
    points = list_points(sweep, snapshot)
    spot = find_sweet_spot(sweep, snapshot, 0.005)
    figure = build_frontier_figure(sweep, snapshot, points, spot, 0.005)
    marked = next(trace for trace in figure.data if trace.name == "best within the budget")
    assert spot.best is not None and marked.x == (spot.best.latency.value,)
    assert "budget 5.00 ms" in figure.layout.annotations[0].text
    assert sum(len(trace.x) for trace in figure.data if trace.mode == "markers" and trace is not marked) == 12


def test_what_is_not_measured_is_drawn_apart_and_labelled():
    record = make_sweep(Store(), "cores=1,2,4", "batch=3000,10000", times=scaled_times())
    curves = [curve for curve in find_scaling(record.sweep, record.snapshot) if curve.label.endswith("10,000 rows")]
    measured = build_scaling_figure(curves, 4)
    assert not measured.layout.shapes and not any(trace.fill for trace in measured.data)
    projected = build_scaling_figure(curves, 16, "dark")
    [area] = projected.layout.shapes
    assert (area.x0, area.x1) == (4, 16)
    assert projected.layout.annotations[0].text == "projection, not measured"
    lines = [trace for trace in projected.data if "projected" in (trace.name or "")]
    assert lines and all(min(line.x) >= 4 and line.line.dash == "dot" for line in lines)


def test_an_arm_that_counts_from_more_cores_on_begins_on_the_ideal_line_and_is_not_fitted(record):
    cells = [
        cell.model_copy(update={"verdict": SizeVerdict.FALLBACK}) if cell.cores == 1 else cell
        for cell in make_sweep(Store(), "cores=1,2,4", "batch=3000", times=scaled_times()).sweep.cells
    ]
    sweep = make_sweep(Store(), "cores=1,2,4", "batch=3000", times=scaled_times()).sweep
    curves = find_scaling(sweep.model_copy(update={"cells": cells}), record.snapshot)
    figure = build_scaling_figure(curves, 16)
    points = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    baseline, accelerated = (points[curve.label] for curve in curves)
    assert list(baseline.x) == [1, 2, 4] and list(accelerated.x) == [2, 4]
    assert baseline.y[0] == 1 and accelerated.y[0] == 2
    projected = [trace.name for trace in figure.data if "projected" in (trace.name or "")]
    assert projected == [f"{curves[0].label}, projected"]
