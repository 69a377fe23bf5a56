"""The noise score: its arithmetic on given times, and one real measurement."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.machine import noise
from bench.machine.noise import Noise, NoiseError
from bench.system.limits import usable_cores

STEADY = [1_000_000] * 100


def test_steady_times_are_quiet() -> None:
    seen = noise.assess_noise({0: STEADY, 1: STEADY}, steal=0.0, background=0.0)
    assert (seen.word, seen.score, seen.worst_pause_ms) == ("quiet", 0.0, 0.0)
    assert (seen.cores, seen.repetitions) == ([0, 1], 200)


def test_the_score_is_spread_and_late_share_of_the_worst_core() -> None:
    late = [1_000_000] * 94 + [1_100_000, 1_100_001, 1_200_000, 1_200_000, 1_200_000, 51_000_000]
    spread = [990_000] * 50 + [1_010_000] * 50
    seen = noise.assess_noise({0: STEADY, 4: late, 5: spread}, steal=None, background=None)
    assert seen.late == pytest.approx(5.0)
    assert seen.spread == 0.0
    assert seen.score == pytest.approx(5.0)
    assert seen.worst_pause_ms == pytest.approx(50.0)
    alone = noise.assess_noise({5: spread}, steal=None, background=None)
    assert alone.spread == alone.score == pytest.approx(2.0)
    assert (alone.steal, alone.background_cores) == (None, None)


def test_one_repetition_is_enough_to_answer() -> None:
    assert noise.assess_noise({None: [5]}, None, None).cores == []


@pytest.mark.parametrize(
    ("score", "steal", "background", "word"),
    [
        (0, 0.0, 0.0, "quiet"),
        (4, 0.0, 0.0, "quiet"),
        (5, 0.0, 0.0, "usable"),
        (19, 0.0, 0.0, "usable"),
        (20, 0.0, 0.0, "noisy"),
        (0, 0.01, 0.0, "usable"),
        (0, 0.05, 0.0, "noisy"),
        (0, 0.0, 0.1, "usable"),
        (0, 0.0, 0.5, "noisy"),
        (20, 0.01, 0.1, "noisy"),
        (0, None, None, "quiet"),
    ],
)
def test_the_rating_is_the_worst_of_the_three(
    score: int, steal: float | None, background: float | None, word: str
) -> None:
    times = [1_000_000] * (100 - score) + [2_000_000] * score
    seen = noise.assess_noise({0: times}, steal, background)
    assert seen.score == pytest.approx(score)
    assert seen.word == word


@pytest.mark.parametrize(
    ("cores", "most", "chosen"),
    [([0, 1], 4, [0, 1]), (list(range(16)), 4, [0, 4, 8, 12]), ([3, 5, 7, 9, 11], 4, [3, 5, 7, 9]), ([7], 1, [7])],
)
def test_cores_are_spread_evenly(cores: list[int], most: int, chosen: list[int]) -> None:
    assert noise.select_evenly(cores, most) == chosen


def test_a_real_measurement() -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    seen = noise.measure_noise(limit_s=60)
    assert before <= datetime.fromisoformat(seen.at) <= datetime.now(UTC)
    assert seen.repetitions > 0
    assert seen.score == pytest.approx(seen.spread + seen.late)
    assert Noise.model_validate_json(seen.model_dump_json()) == seen
    if sys.platform == "linux":
        assert seen.cores == noise.select_evenly(usable_cores(), noise.MAX_CORES)
        assert seen.steal is not None and seen.background_cores is not None


def test_measuring_leaves_the_affinity_of_this_process() -> None:
    before = usable_cores()
    noise.measure_noise(limit_s=60)
    assert usable_cores() == before


def test_too_slow() -> None:
    with pytest.raises(NoiseError, match=r"longer than 0\.01 s"):
        noise.measure_noise(limit_s=0.01)


def test_a_process_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho first >&2\necho the reason >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(NoiseError, match="exited with status 3: the reason"):
        noise.measure_noise()


def test_a_python_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(NoiseError, match=r"could not be measured: .*No such file"):
        noise.measure_noise()
