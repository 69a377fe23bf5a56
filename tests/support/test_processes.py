"""Finding processes that a test has left behind."""

from tests.support.processes import list_processes


def test_nothing_belongs_to_a_home_that_nobody_uses(tmp_path):
    assert list_processes(tmp_path / "nobody") == []
