"""The animation of array accesses and of the cache."""

import numpy as np
import pytest

from ui.views.memory_traffic import access_animation
from ui.views.memory_traffic.access_animation import AnimatedVersion
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

VERSIONS = [(name, version.name) for name, case in TRANSFORMATIONS.items() for version in case.versions]


@pytest.mark.parametrize(("transformation", "version"), VERSIONS)
def test_every_version_except_the_librarys_has_an_animation(transformation, version):
    if version == "blas":
        with pytest.raises(KeyError):
            access_animation.access_order(transformation, version)
        return
    order = access_animation.access_order(transformation, version)
    cells = {cell for step in order.steps for cell in step}
    assert all(0 <= i < order.rows and 0 <= j < order.columns for i, j in cells)
    trace = access_animation.simulate_cache(order)
    assert len(trace.states) == len(order.steps)
    assert 0 < trace.lines <= trace.accesses == sum(len(step) for step in order.steps)
    assert len(trace.lines_by_step) == len(trace.states) and trace.lines_by_step[-1] == trace.lines
    figure = access_animation.build_animation([AnimatedVersion(version, order, trace, "#0B7F75")], "light")
    assert len(figure.frames) == len(order.steps)


def test_one_button_plays_both_versions_and_the_beginning_shows_their_difference():
    panels = []
    for version in ("columns", "rows"):
        order = access_animation.access_order("unit-stride", version)
        panels.append(AnimatedVersion(version, order, access_animation.simulate_cache(order), "#0B7F75"))
    figure = access_animation.build_animation(panels, "dark")
    columns, rows = figure.data
    assert not np.array_equal(columns.z, rows.z)
    assert (np.asarray(columns.z) == access_animation.UNTOUCHED).any(), "not the end"
    assert [len(frame.data) for frame in figure.frames] == [2] * len(panels[0].order.steps)
    [player] = figure.layout.updatemenus
    assert [button.label for button in player.buttons] == ["Play", "Pause"]
    first, second = (note.text for note in figure.frames[-1].layout.annotations)
    assert first == "columns: <b>144</b> lines fetched" and second == "rows: <b>36</b> lines fetched"


def test_a_shorter_version_waits_at_its_last_step():
    panels = []
    for version in ("one", "all"):
        order = access_animation.access_order("multithreading", version)
        panels.append(AnimatedVersion(version, order, access_animation.simulate_cache(order), "#0B7F75"))
    figure = access_animation.build_animation(panels, "light")
    assert len(figure.frames) == len(panels[0].order.steps) > len(panels[1].order.steps)
    assert np.array_equal(figure.frames[-1].data[1].z, panels[1].trace.states[-1])


def count_lines_fetched(transformation: str, version: str, fields: int = 1) -> int:
    return access_animation.simulate_cache(access_animation.access_order(transformation, version, fields)).lines


def test_the_model_fetches_the_lines_that_were_counted_by_hand():
    elements = access_animation.GRID_SIDE**2
    assert count_lines_fetched("unit-stride", "rows") == elements // access_animation.LINE_ELEMENTS, "each line once"
    assert count_lines_fetched("unit-stride", "columns") == elements, "twelve rows do not fit into eight lines"
    assert count_lines_fetched("layout", "aos") == access_animation.GRID_SIDE, "one line per particle"
    assert count_lines_fetched("layout", "soa") == access_animation.GRID_SIDE // access_animation.LINE_ELEMENTS
    assert count_lines_fetched("layout", "aos", 2) == 2 * access_animation.GRID_SIDE, "two fields are in two lines"
    assert count_lines_fetched("layout", "soa", 2) == 2 * access_animation.GRID_SIDE // access_animation.LINE_ELEMENTS
    assert count_lines_fetched("layout", "aos", 8) == count_lines_fetched("layout", "soa", 8), (
        "with all fields used, all lines are fetched"
    )
    assert (
        count_lines_fetched("tiling", "tiled")
        < count_lines_fetched("tiling", "ikj")
        < count_lines_fetched("tiling", "ijk")
    )
    assert count_lines_fetched("transpose", "tiles") < count_lines_fetched("transpose", "rows")


@pytest.mark.parametrize("version", ["rows", "columns", "tiles", "threads"])
def test_the_stencil_accesses_every_inner_element(version):
    order = access_animation.access_order("stencil", version)
    inner = {(i, j) for i in range(1, 11) for j in range(1, 11)}
    assert inner <= {cell for step in order.steps for cell in step}
