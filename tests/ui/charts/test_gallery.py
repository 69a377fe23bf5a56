"""The chart of the gallery: groups by path, and no arm is faster without a claim."""

from __future__ import annotations

import pytest

from bench.claims.case_table import describe_case
from bench.values.base import Arm
from tests.support.estimator_runs import make_estimator_run, plan_case
from ui.charts.gallery import build_gallery_figure, wrap_name
from ui.design.theme import arm_style, faint_colour

STOCK = {"path": "stock", "accelerated_calls": 0, "reason": "not supported"}


def test_claims_are_filled_and_the_rest_is_hollow_and_grey():
    cases = [
        describe_case(make_estimator_run(plan_case("ridge"))),
        describe_case(make_estimator_run(plan_case("svr"), seconds=(1.0, 2.0))),
        describe_case(make_estimator_run(plan_case("lasso"), fit=STOCK, predict=STOCK)),
    ]
    assert [lines[0].claim_state is not None for lines in cases] == [True] * 3
    figure = build_gallery_figure(cases)
    groups = [text for text in figure.layout.yaxis.ticktext if text.startswith("<b>")]
    assert groups == ["<b>accelerated: 2</b>", "<b>fallback: 1</b>"]
    total = figure.data[-1]
    assert [symbol.endswith("-open") for symbol in total.marker.symbol] == [False, False, True]
    accelerated, baseline = (arm_style(arm, "light").colour for arm in (Arm.ACCELERATED, Arm.BASELINE))
    assert list(total.marker.color) == [accelerated, baseline, faint_colour("light")]
    assert figure.layout.shapes[0].x0 == 1 and figure.layout.xaxis.type == "log"
    assert "not supported" in total.hovertext[2]
    assert len(figure.data) == 3 and len(figure.data[0].x) == 3, "fit and predict are marks of their own"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("RandomForestClassifier", "RandomForest<br>Classifier"),
        ("HistGradientBoostingClassifier", "HistGradient<br>BoostingClassifier"),
        ("pairwise_distances", "pairwise_distances"),
        ("TSNE", "TSNE"),
        ("KNeighborsRegressor", "KNeighbors<br>Regressor"),
    ],
)
def test_long_names_get_a_second_line(name, lines):
    assert wrap_name(name) == lines
