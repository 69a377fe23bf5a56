"""Where the time of a script goes: every second is in one bar."""

from pathlib import Path

import pytest

from tests.support.script_profiles import make_profile, make_site
from ui.views.script.chart import GROUPS, MAX_BARS, OUTSIDE_GROUP, build_profile_figure, list_parts
from ui.views.script.report import build_table
from workloads.script.measurements import CallSite

SCRIPT = Path("/work/train.py")
SITES = [
    make_site(SCRIPT, 3, "Pipeline.fit", stock_s=4.0, ran="partial"),
    make_site(SCRIPT, 3, "Pipeline.fit", "SVC.fit", stock_s=3.0),
    make_site(Path("/work/helper.py"), 8, "Lasso.fit", stock_s=1.0, ran="stock"),
    make_site(SCRIPT, 9, "SVC.predict", stock_s=2.0),
    make_site(SCRIPT, 9, "SVC.score", stock_s=50.0, in_workers=True, share=None, bound=None),
]


def test_the_bars_add_up_to_the_run():
    labels, parts = list_parts(make_profile(SCRIPT, SITES))
    assert labels == ["3  Pipeline.fit", "9  SVC.predict", "helper.py:8  Lasso.fit", "outside of scikit-learn"]
    assert [part.group for part in parts] == ["partial", "accelerated", "stock", OUTSIDE_GROUP]
    assert sum(part.seconds for part in parts) == pytest.approx(10.0)


def test_many_places_share_a_bar():
    sites: list[CallSite] = [
        make_site(SCRIPT, line, "SVC.fit", stock_s=0.1, ran="stock" if line % 2 else "accelerated")
        for line in range(1, MAX_BARS + 8)
    ]
    labels, parts = list_parts(make_profile(SCRIPT, sites))
    assert len(labels) == MAX_BARS + 2 and "7 other places" in labels
    assert sum(part.seconds for part in parts) == pytest.approx(10.0)
    shared = [part for part in parts if part.row == MAX_BARS]
    assert {part.group for part in shared} == {"stock", "accelerated"}
    assert [bool(part.text) for part in shared] == [False, True], "one text for the whole bar"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_group_has_a_look_of_its_own(theme):
    sites = [make_site(SCRIPT, line, "f", stock_s=1.0, ran=ran) for line, ran in enumerate(GROUPS) if ran != "outside"]
    figure = build_profile_figure(make_profile(SCRIPT, sites), theme)
    looks = [(trace.marker.color, trace.marker.pattern.shape) for trace in figure.data]
    assert len(set(looks)) == len(looks) == len(GROUPS)


def test_the_table_has_the_source_of_outermost_calls_and_ends_with_the_rest():
    table = build_table(make_profile(SCRIPT, SITES), SITES)
    assert list(table["source"]) == ["line 3", "", "line 8", "line 9", "line 9", ""]
    assert list(table["call"])[1] == "  SVC.fit" and "∥" in table["stock"][4]
    assert table["call"].iloc[-1] == "outside of scikit-learn's calls" and table["ran"].iloc[-1] == []
