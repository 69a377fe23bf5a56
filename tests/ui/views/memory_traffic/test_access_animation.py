"""The animation of array accesses and of the cache."""

import pytest

from ui.views.memory_traffic import access_animation
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
    figure = access_animation.build_animation(order, trace, "#0B7F75", "light")
    assert len(figure.frames) == len(order.steps)


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
