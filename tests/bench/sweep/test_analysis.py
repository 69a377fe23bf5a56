"""What a sweep shows: the frontier and its best cell, the break-even, and how the arms scale."""

from __future__ import annotations

import pytest

from bench.run.sweep import SweepRecord
from bench.stats.break_even import SizeVerdict
from bench.stats.scaling_laws import Law
from bench.storage.store import Store
from bench.sweep.break_even import find_break_evens
from bench.sweep.frontier import find_sweet_spot, list_latency_ends, list_points
from bench.sweep.report import describe_counts, write_report
from bench.sweep.scaling import describe_curve, find_scaling
from bench.values.base import Arm
from tests.support.sweeps import make_sweep, scaled_times

GRID = ("cores=1,2,4", "batch=1000..10000")


@pytest.fixture
def record() -> SweepRecord:
    return make_sweep(Store(), *GRID, times=scaled_times())


def test_the_break_even_is_named_for_each_number_of_cores(record):
    lines = find_break_evens(record.sweep, "Stock", "Intelex")
    assert [line.text for line in lines] == [
        "1 core: Stock wins up to 1,000 rows, Intelex from 3,000 rows on",
        "2 cores: Stock wins up to 3,000 rows, Intelex from 10,000 rows on",
        "4 cores: Intelex wins at none of 3 values from 1,000 rows to 10,000 rows",
    ]
    assert [(line.last_loss, line.first_win) for line in lines] == [(1_000, 3_000), (3_000, 10_000), (10_000, None)]


def test_the_best_cell_within_a_latency_is_one_sentence(record):
    sweep, snapshot = record.sweep, record.snapshot
    points = list_points(sweep, snapshot)
    assert len(points) == 18 and all(point.is_sound for point in points)
    best = find_sweet_spot(sweep, snapshot)
    fastest = max(points, key=lambda point: point.throughput.value)
    assert best.best == fastest
    assert best.sentence.startswith(f"Best throughput: {fastest.label}: ") and " rows/s (" in best.sentence
    ends = list_latency_ends(points)
    assert ends is not None
    within = find_sweet_spot(sweep, snapshot, ends[0] * 1.5)
    assert within.best is not None and within.best.latency.high <= ends[0] * 1.5
    assert within.best.throughput.value <= fastest.throughput.value and " under " in within.sentence
    none = find_sweet_spot(sweep, snapshot, ends[0] / 2)
    assert none.best is None and none.sentence.startswith("No cell under ") and "the lowest latency is" in none.sentence


def test_points_on_the_frontier_are_beaten_by_none_of_their_arm(record):
    points = list_points(record.sweep, record.snapshot)
    for arm in Arm:
        frontier = sorted((p for p in points if p.arm is arm and p.on_frontier), key=lambda p: p.latency.value)
        rates = [point.throughput.value for point in frontier]
        assert frontier and rates == sorted(rates)


def test_cells_without_a_claim_are_not_chosen(record):
    sweep = record.sweep
    cells = [
        cell.model_copy(update={"verdict": SizeVerdict.NO_CLAIM, "reason": "Other load."}) if cell.cores == 4 else cell
        for cell in sweep.cells
    ]
    changed = sweep.model_copy(update={"cells": cells})
    best = find_sweet_spot(changed, record.snapshot).best
    assert best is not None and best.cell.cores < 4
    assert [point.is_sound for point in list_points(changed, record.snapshot)].count(False) == 6
    nothing = changed.model_copy(update={"cells": [cell for cell in changed.cells if cell.cores == 4]})
    assert find_sweet_spot(nothing, record.snapshot).sentence == (
        "No best cell: no race of the sweep makes a claim. Other load."
    )


def test_both_laws_are_fitted_to_each_arm(record):
    curves = find_scaling(record.sweep, record.snapshot)
    assert len(curves) == 6
    baseline = next(curve for curve in curves if curve.arm is Arm.BASELINE)
    assert [fit.law for fit in baseline.fits] == [Law.AMDAHL, Law.USL]
    # Each of the two steps takes the same time, so the total has the same serial share.
    assert baseline.fits[0].serial.value == pytest.approx(0.1, abs=0.02)
    assert baseline.fits[0].serial.includes(0.1)
    text = describe_curve(baseline)
    assert "on 4 cores" in text and "Amdahl's law: serial share" in text and "which is no test of the law" in text


def test_the_report_has_every_cell_and_how_long_it_took(record):
    report = write_report(record.sweep, record.snapshot)
    assert len(report.tables[0].rows) == 9
    assert report.heading[0] == describe_counts(record.sweep)
    assert report.heading[0].startswith("9 cells: 9 measured, in ") and "estimated" in report.heading[0]
    assert "the best of many cells looks better than it is" in report.notes[-1]


def test_a_sweep_over_one_setting_has_one_line():
    record = make_sweep(Store(), "batch=1000,3000", times=scaled_times())
    [line] = find_break_evens(record.sweep, "Stock", "Intelex")
    assert line.text == "Stock wins up to 1,000 rows, Intelex from 3,000 rows on"
    assert not find_scaling(record.sweep, record.snapshot)
