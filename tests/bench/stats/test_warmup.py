"""When an arm counts as warm."""

from bench.stats.warmup import is_warm


def test_an_arm_is_warm_when_it_no_longer_gets_faster():
    assert not is_warm([1.0, 1.0, 1.0])
    assert is_warm([1.0, 1.0, 1.0, 1.0])
    assert not is_warm([2.0, 1.5, 1.2, 1.0])
    assert is_warm([2.0, 1.0, 1.01, 1.02, 0.99])
