"""Maps side by side: one legend, rings around marked points, and hover boxes that show markup as it is written."""

from __future__ import annotations

from bench.values.base import Arm
from tests.support.document_runs import MARKUP_TEXT
from ui.charts.neighbour_map import FADED, HOVER_WIDTH, MAX_NAME, OTHERS, MapPanel, build_neighbour_map, make_hover
from ui.design.class_styles import MAX_STYLES


def make_panel(arm=Arm.BASELINE, groups=("a", "b", "a")):
    count = len(groups)
    return MapPanel(
        arm,
        "<i>stock</i>",
        list(range(count)),
        [0.5] * count,
        groups,
        ["text"] * count,
        [["label: a"]] * count,
        [place == 1 for place in range(count)],
    )


def test_both_maps_share_the_legend_and_the_style_of_each_group():
    figure = build_neighbour_map([make_panel(), make_panel(Arm.ACCELERATED, ("b", "c", "c"))])
    drawn = {(trace.name, trace.xaxis): trace for trace in figure.data}
    assert set(drawn) == {(name, axis) for name in "abc" for axis in ("x", "x2")}
    for name in "abc":
        first, second = drawn[name, "x"], drawn[name, "x2"]
        # Plotly leaves traces without points out of the legend: the first map has no c.
        assert (first.showlegend, second.showlegend) == (name != "c", name == "c")
        assert first.legendgroup == second.legendgroup and first.legendrank == second.legendrank
        assert first.marker.symbol == second.marker.symbol and first.marker.color == second.marker.color
    assert list(drawn["a", "x"].x) == [0, 2] and list(drawn["a", "x2"].x) == []
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert "&lt;i&gt;" in figure.layout.annotations[0].text


def test_marked_points_get_a_ring_and_the_others_are_paler():
    plain = build_neighbour_map([make_panel()])
    assert all(trace.marker.opacity is None for trace in plain.data) and len(plain.data) == 2
    figure = build_neighbour_map([make_panel()], "dark", marked_name="wrong")
    *groups, ring = figure.data
    assert ring.name == "wrong" and list(ring.x) == [1] and ring.hoverinfo == "skip"
    assert {trace.name: list(trace.marker.opacity) for trace in groups} == {"a": [FADED, FADED], "b": [1.0]}


def test_more_groups_than_styles_are_one_entry_of_the_legend():
    groups = [f"group {place:02d}" for place in range(20) for _ in range(20 - place)]
    figure = build_neighbour_map([make_panel(groups=groups)])
    names = [trace.name for trace in figure.data]
    assert len(names) == MAX_STYLES + 1 and names[-1] == OTHERS
    assert sum(len(trace.x) for trace in figure.data) == len(groups)


def test_a_long_name_of_one_word_is_cut_in_the_legend():
    [trace] = build_neighbour_map([make_panel(groups=("l" * 120,))]).data
    assert trace.name == f"{'l' * (MAX_NAME - 1)}…" and trace.legendgroup == "l" * 120


def test_a_hover_box_shows_markup_as_text_in_short_lines():
    hover = make_hover(f"{MARKUP_TEXT} {'x' * 300}", ["label: <i>a</i>", "learned from"])
    lines = hover.split("<br>")
    assert "<script>" not in hover and "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;" in hover
    assert "&amp;lt;" in hover, "an entity is shown as it is written too"
    assert "label: <b>&lt;i&gt;a&lt;/i&gt;</b>" in lines and lines[-1] == "learned from"
    assert max(len(line) for line in lines if line.startswith("x")) == HOVER_WIDTH
    assert make_hover("", []) == "<br>"
