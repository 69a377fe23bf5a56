"""The animation of array accesses and of the cache."""

import pytest

from ui.views.memory_traffic import access_animation
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

VERSIONS = [(one.name, version.name) for one in TRANSFORMATIONS.values() for version in one.versions]


@pytest.mark.parametrize(("transformation", "version"), VERSIONS)
def test_every_version_but_the_librarys_has_a_picture(transformation, version):
    if version == "blas":
        with pytest.raises(KeyError):
            access_animation.access_order(transformation, version)
        return
    way = access_animation.access_order(transformation, version)
    cells = {cell for step in way.steps for cell in step}
    assert all(0 <= i < way.rows and 0 <= j < way.columns for i, j in cells)
    seen = access_animation.simulate_cache(way)
    assert len(seen.states) == len(way.steps)
    assert 0 < seen.lines <= seen.accesses == sum(len(step) for step in way.steps)
    drawn = access_animation.build_animation(way, seen, "#0B7F75", "light")
    assert len(drawn.frames) == len(way.steps)


def count_lines_fetched(transformation: str, version: str, fields: int = 1) -> int:
    return access_animation.simulate_cache(access_animation.access_order(transformation, version, fields)).lines


def test_the_model_fetches_what_can_be_counted_by_hand():
    every = access_animation.GRID_SIDE**2
    assert count_lines_fetched("unit-stride", "rows") == every // access_animation.LINE_ELEMENTS, "each line once"
    assert count_lines_fetched("unit-stride", "columns") == every, "twelve rows do not fit into eight lines"
    assert count_lines_fetched("layout", "aos") == access_animation.GRID_SIDE, "a line a particle"
    assert count_lines_fetched("layout", "soa") == access_animation.GRID_SIDE // access_animation.LINE_ELEMENTS
    assert count_lines_fetched("layout", "aos", 2) == 2 * access_animation.GRID_SIDE, (
        "of two fields each stands in a line of its own"
    )
    assert count_lines_fetched("layout", "soa", 2) == 2 * access_animation.GRID_SIDE // access_animation.LINE_ELEMENTS
    assert count_lines_fetched("layout", "aos", 8) == count_lines_fetched("layout", "soa", 8), (
        "who uses all fields fetches all lines"
    )
    assert (
        count_lines_fetched("tiling", "tiled")
        < count_lines_fetched("tiling", "ikj")
        < count_lines_fetched("tiling", "ijk")
    )
    assert count_lines_fetched("transpose", "tiles") < count_lines_fetched("transpose", "rows")


@pytest.mark.parametrize("version", ["rows", "columns", "tiles", "threads"])
def test_the_walks_of_the_stencil_reach_every_inner_element(version):
    way = access_animation.access_order("stencil", version)
    inner = {(i, j) for i in range(1, 11) for j in range(1, 11)}
    assert inner <= {cell for step in way.steps for cell in step}
