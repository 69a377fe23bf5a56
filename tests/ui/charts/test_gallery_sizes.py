"""Charts of several races of a case: sizes and numbers of cores."""

from __future__ import annotations

from bench.claims.case_table import describe_case
from bench.stats.break_even import SizeResult, SizeVerdict
from bench.values.base import Arm
from bench.values.statistics import Interval
from tests.support.estimator_runs import make_estimator_run, plan_case
from ui.charts.gallery_cores import build_core_counts_figure
from ui.charts.gallery_sizes import SizesRow, build_sizes_figure
from ui.design.theme import arm_style, faint_colour

RATIO = Interval(value=2.0, low=1.9, high=2.1)


def test_each_size_has_a_mark_by_its_verdict():
    rows = [
        SizesRow("Ridge", "…", [SizeResult(100, SizeVerdict.SLOWER), SizeResult(3_000, SizeVerdict.FASTER, RATIO)]),
        SizesRow(
            "RandomForestClassifier",
            "…",
            [
                SizeResult(100, SizeVerdict.UNDECIDED),
                SizeResult(1_000, SizeVerdict.NO_CLAIM, RATIO, "Lower quality."),
                SizeResult(3_000, SizeVerdict.FAILED, reason="Too many rows."),
            ],
        ),
    ]
    figure = build_sizes_figure(rows)
    assert list(figure.layout.yaxis.ticktext) == ["Ridge", "RandomForest<br>Classifier"]
    assert list(figure.layout.xaxis.tickvals) == [100, 1_000, 3_000] and figure.layout.xaxis.type == "log"
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert set(marks) == {"accelerated is faster", "stock is faster", "too close to call", "no claim", "failed"}
    assert "failed" in marks["failed"].hovertext[0] and "Too many rows" in marks["failed"].hovertext[0]
    assert marks["accelerated is faster"].marker.color == arm_style(Arm.ACCELERATED, "light").colour
    assert marks["stock is faster"].marker.color == arm_style(Arm.BASELINE, "light").colour
    assert marks["no claim"].marker.color == faint_colour("light")
    assert "2.0x" in marks["accelerated is faster"].hovertext[0] and "Lower quality" in marks["no claim"].hovertext[0]
    assert list(marks["stock is faster"].y) == [2] and list(marks["no claim"].y) == [1], "the first row is on top"


def test_each_number_of_cores_has_a_line_with_both_times_and_the_ratio():
    def make_line(case: str, cores: int, seconds):
        return describe_case(make_estimator_run(plan_case(case), seconds=seconds))[0]

    cases = [
        {2: make_line("ridge", 2, (1.5, 0.5)), 1: make_line("ridge", 1, (2.0, 1.0))},
        {1: make_line("svr", 1, (1.0, 1.0))},
        {1: describe_case(make_estimator_run(plan_case("lasso"), pairs=2))[0]},
    ]
    figure = build_core_counts_figure(cases)
    assert list(figure.layout.yaxis.ticktext) == ["Ridge", "SVR"], "a case without a ratio has no line"
    stock, accelerated = (
        next(trace for trace in figure.data if trace.name == name) for name in ("stock", "accelerated")
    )
    assert [round(value, 3) for value in stock.x] == [4.0, 3.0, 2.0]
    assert [round(value, 3) for value in accelerated.x] == [2.0, 1.0, 2.0]
    assert list(stock.y) == sorted(stock.y, reverse=True), "one core is on top"
    ratios = figure.data[-1]
    assert ratios.xaxis == "x2" and list(ratios.marker.symbol)[-1] == "diamond-open"
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert texts[:2] == ["1", "2.0x"] and texts[2] == "2"
    assert "2 cores, stock" in stock.hovertext[1]
