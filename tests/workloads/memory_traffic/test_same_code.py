"""Versions that run the same code say so in their evidence."""

import pytest

from tests.support.memory_traffic import prepare_arm


@pytest.mark.parametrize(
    ("case", "names", "cores", "same"),
    [
        ("tiling", ("ikj", "ikj"), 1, True),
        ("tiling", ("ijk", "ikj"), 1, False),
        ("stencil", ("rows", "threads"), 1, True),
        ("stencil", ("rows", "threads"), 2, False),
        ("vectorization", ("strict", "reordered"), 1, False),
        ("tiling", ("blas", "blas"), 1, True),
    ],
)
def test_versions_of_memory_traffic_that_are_the_same_code(tmp_path, case, names, cores, same):
    codes = set()
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        folder.mkdir()
        arm, _ = prepare_arm(folder, case, name, baseline=names[0], cores=cores)
        codes |= {evidence.code for evidence in arm.evidence()}
    assert "" not in codes
    assert (len(codes) == 1) is same
