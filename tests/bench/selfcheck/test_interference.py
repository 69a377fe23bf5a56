"""The self-check of an idle accelerated arm's effect on the baseline, with the trial workload."""

import pytest

from bench.selfcheck import interference


def test_the_baseline_is_timed_alone_and_next_to_the_accelerated_arm(monkeypatch):
    monkeypatch.setattr(interference, "ROUNDS", 2)
    monkeypatch.setattr(interference, "SAMPLES", 3)
    lines: list[str] = []
    interference.check_interference(lines.append, workload="trial", cores=1, parameters={"loops": 20_000})
    assert lines[0].startswith("half the work used ") and lines[0].endswith(" of a core while full was timed")
    assert [line.partition(":")[0] for line in lines[1:]] == ["total", "spin", "nothing"]
    assert all("next to half" in line and "6 samples each" in line for line in lines[1:])


def test_a_failing_arm_ends_the_check():
    with pytest.raises(RuntimeError, match="this arm was told to fail"):
        interference.check_interference(
            lambda line: None, workload="trial", cores=1, parameters={"loops": 2000, "fault": "raise"}
        )
