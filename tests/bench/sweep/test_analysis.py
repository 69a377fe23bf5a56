"""What a sweep shows: the frontier and its best cell, the break-even, and how the arms scale."""

from __future__ import annotations

import pytest

from bench.plan.grid import make_cells, parse_axis
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.snapshot import take_snapshot
from bench.run.sweep import CellState, Sweep, SweepRecord
from bench.scheduler.sweep_series import _make_axis, _make_cell
from bench.stats.break_even import SizeVerdict
from bench.stats.scaling_laws import Law
from bench.storage.store import Store
from bench.sweep.best_cell import find_largest_ratio
from bench.sweep.break_even import find_break_evens
from bench.sweep.counting import describe_arm_cell, describe_left_out
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
    lines = find_break_evens(record.sweep, record.snapshot)
    assert [line.text for line in lines] == [
        "1 core: stock scikit-learn wins up to 1,000 rows, scikit-learn-intelex from 3,000 rows on",
        "2 cores: stock scikit-learn wins up to 3,000 rows, scikit-learn-intelex from 10,000 rows on",
        "4 cores: scikit-learn-intelex wins at none of 3 values from 1,000 rows to 10,000 rows",
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


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ("FUF", "scikit-learn-intelex wins at 1,000 rows, 10,000 rows; too close to call at 3,000 rows"),
        ("FUU", "scikit-learn-intelex wins at 1,000 rows; too close to call at 3,000 rows, 10,000 rows"),
        ("FSF", "not monotone: scikit-learn-intelex wins at 1,000 rows, 10,000 rows; stock scikit-learn at 3,000 rows"),
        ("UFF", "scikit-learn-intelex wins from 3,000 rows on, and not up to 1,000 rows"),
    ],
)
def test_a_cell_that_is_too_close_to_call_is_no_loss(record, verdicts, text):
    letters = {"F": SizeVerdict.FASTER, "S": SizeVerdict.SLOWER, "U": SizeVerdict.UNDECIDED}
    marks = {
        (1, rows): {"verdict": letters[letter]} for rows, letter in zip((1000, 3000, 10000), verdicts, strict=True)
    }
    assert find_break_evens(mark(record, marks), record.snapshot)[0].text == f"1 core: {text}"


def mark(record: SweepRecord, marks: dict[tuple, dict]) -> Sweep:
    """The sweep with some cells changed."""
    cells = [cell.model_copy(update=marks.get(tuple(cell.values), {})) for cell in record.sweep.cells]
    return record.sweep.model_copy(update={"cells": cells})


DISTURBED = {"verdict": SizeVerdict.NO_CLAIM, "reason": "Other load."}
FALLBACK = {"verdict": SizeVerdict.FALLBACK, "reason": "It used stock code."}


def test_curves_and_fits_use_only_cells_that_count_and_name_the_others(record):
    sweep = mark(record, {(2, 1000): DISTURBED, (1, 3000): DISTURBED, (1, 10000): FALLBACK})
    curves = {(curve.arm, curve.group): curve for curve in find_scaling(sweep, record.snapshot)}
    two = curves[Arm.BASELINE, "1,000 rows"]
    assert [point.cores for point in two.points] == [1, 4] and two.left_out == (2,)
    assert not two.fits and two.fit is None
    text = describe_curve(two)
    assert "No fit: a fit needs times on 3 core counts, and there are 2" in text
    assert text.endswith("Left out, without a race that counts: 2 cores.")
    without_one = curves[Arm.ACCELERATED, "3,000 rows"]
    assert [point.cores for point in without_one.points] == [2, 4]
    assert "on 4 cores, relative to 2 cores" in describe_curve(without_one)
    # Where the fast path did not run, the times of the baseline count.
    assert [point.cores for point in curves[Arm.BASELINE, "10,000 rows"].points] == [1, 2, 4]
    assert [point.cores for point in curves[Arm.ACCELERATED, "10,000 rows"].points] == [2, 4]


def test_what_does_not_count_is_said_with_its_reason(record):
    assert not describe_left_out(record.sweep.cells)
    failed = {"state": CellState.FAILED, "verdict": None, "ratio": None, "reason": "It needs 6 GiB."}
    sweep = mark(record, {(1, 1000): DISTURBED, (2, 1000): DISTURBED, (4, 10000): failed})
    expected = "3 of 9 cells do not count: 2 without a claim (Other load), 1 failed (It needs 6 GiB)"
    assert describe_left_out(sweep.cells) == expected
    assert f"{expected}." in write_report(sweep, record.snapshot).heading
    assert find_break_evens(sweep, record.snapshot)[0].text.endswith("(1 cell left out)")


def test_a_best_cell_is_marked_as_chosen_for_its_result(record):
    sweep, snapshot = record.sweep, record.snapshot
    chosen = "; the best of 9 cells, chosen for its result."
    assert chosen in find_sweet_spot(sweep, snapshot).sentence
    largest = find_largest_ratio(sweep)
    assert largest.cell is not None and largest.cell.values == [1, 10000]
    assert largest.sentence.startswith("Largest ratio: ") and f" at 1 core, 10,000 rows{chosen}" in largest.sentence
    assert {choice.quantity: choice.cell_count for choice in sweep.choices} == {"throughput": 9, "ratio": 9}
    without = mark(record, {(1, 10000): DISTURBED, (2, 1000): DISTURBED})
    other = find_largest_ratio(without)
    assert other.cell is not None and other.cell.values != [1, 10000] and "the best of 7 cells" in other.sentence
    one = sweep.model_copy(update={"cells": sweep.cells[:1]})
    assert "chosen" not in find_sweet_spot(one, snapshot).sentence
    assert find_largest_ratio(one).sentence == "The accelerated arm is not faster in the cell that counts."
    assert not find_largest_ratio(mark(record, {tuple(cell.values): DISTURBED for cell in sweep.cells})).sentence


def test_an_arm_is_named_by_its_cell():
    plan = make_plan("bert", cores=2)
    axes = [parse_axis(plan, text, 2) for text in ("accelerated=bf16,int8", "cores=1,2")]
    cells = make_cells(plan, axes, 2)
    sweep = Sweep(
        axes=[_make_axis(axis) for axis in axes], cells=[_make_cell(cell) for cell in cells], unit="x", budget_s=10
    )
    snapshot = take_snapshot(resolve(plan))
    names = [describe_arm_cell(sweep, snapshot, sweep.cells[2], arm, without=sweep.axes[1]) for arm in Arm]
    assert names == [f"{snapshot.arms[Arm.BASELINE]} against {axes[0].labels[1]}", axes[0].labels[1]]
    assert describe_arm_cell(sweep, snapshot, sweep.cells[1], Arm.ACCELERATED) == f"{axes[0].labels[0]}, 2 cores"


def test_the_report_has_every_cell_and_how_long_it_took(record):
    report = write_report(record.sweep, record.snapshot)
    assert len(report.tables[0].rows) == 9
    assert report.heading[0] == describe_counts(record.sweep)
    assert report.heading[0].startswith("9 cells: 9 measured, in ") and "estimated" in report.heading[0]
    assert "the best of many cells looks better than it is" in report.notes[-1]


def test_a_sweep_over_one_setting_has_one_line():
    record = make_sweep(Store(), "batch=1000,3000", times=scaled_times())
    [line] = find_break_evens(record.sweep, record.snapshot)
    assert line.text == "stock scikit-learn wins up to 1,000 rows, scikit-learn-intelex from 3,000 rows on"
    assert not find_scaling(record.sweep, record.snapshot)
