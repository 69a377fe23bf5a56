"""Colour quantization: the pictures, the evidence, and uploads that are not what they say."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from PIL import Image
from sklearn.metrics import mean_squared_error

from bench.values import Arm
from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from tests.support.pictures import write_picture
from workloads.colour_quantization.arm import ColourQuantization, psnr


def make_arm(tmp_path: Path, **parameters) -> ColourQuantization:
    """The stock arm on a small picture, run once; the patched one needs a process of its own."""
    picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    uploads = tmp_path / "uploads"
    uploads.mkdir(exist_ok=True)
    write_picture(uploads, Image.fromarray(picture)).rename(uploads / ("0" * 64))
    given = {"image": "upload:" + "0" * 64, "colours": 8, "sample": 1000, "start": "own"} | parameters
    settings = Settings("photo", "stock", 1, parameters.pop("batch", 1), given, 0, tmp_path, uploads, tmp_path)
    made = ColourQuantization(settings)
    made.told = made.prepare(lambda text: None)
    made.repeat(0, lambda step, work: work())
    return made


def test_an_arm_learns_colours_that_beat_random_ones(tmp_path):
    made = make_arm(tmp_path)
    measures, pictures = made.conclude()
    values = {measure.name: measure.value for measure in measures}
    assert values["psnr"] > values["psnr-random"]
    assert values["inertia"] > 0
    assert [picture.name for picture in pictures] == ["original", "learned", "random"]
    learned = np.asarray(Image.open(io.BytesIO(__import__("base64").b64decode(pictures[1].base64))))
    assert len(np.unique(learned.reshape(-1, 3), axis=0)) <= 8
    assert made.told["work"] == 2000


def test_more_pixels_than_there_are_means_all_of_them(tmp_path):
    assert len(make_arm(tmp_path, sample=10**9).sample) == 2000


def test_shared_starting_colours_are_the_same_in_every_arm(tmp_path):
    assert np.array_equal(make_arm(tmp_path, start="shared").start, make_arm(tmp_path, start="shared").start)


def test_an_arm_agrees_with_itself(tmp_path):
    made = make_arm(tmp_path)
    made.conclude()
    assert [measure.value for measure in made.compare(tmp_path)[0]] == [100.0, 100.0]


def test_the_stock_arm_is_not_patched(tmp_path):
    evidence = make_arm(tmp_path).evidence()
    assert {told.path for told in evidence} == {"stock"}
    assert "sklearn.cluster._kmeans.KMeans" in evidence[0].words[0]


def test_psnr_is_that_of_the_mean_squared_error():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    error = mean_squared_error(one.ravel().astype(float), other.ravel().astype(float))
    assert psnr(one, other) == pytest.approx(10 * np.log10(255**2 / error))
    assert psnr(one, one) == 100.0


def test_the_patched_arm_says_which_steps_ran_accelerated(tmp_path):
    """In a real race, since patching is process-wide."""
    workload = load_workloads()["colour-quantization"]
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    from bench.machine.core_selection import choose_cores
    from bench.plan.validation import make_plan
    from bench.race.race import Race
    from tests.support.runs import open_plan

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = make_plan("colour-quantization", cores=1, budget_s=2, target=0.5, parameters={"colours": 8})
    race = Race(
        open_plan(plan),
        emit=lambda event: None,
        stop_requested=lambda: None,
        scratch=scratch,
        cores=choose_cores(1),
    )
    race.run()
    told = {evidence.step: evidence for evidence in race.record.evidence[Arm.ACCELERATED]}
    assert told["fit"].path == "accelerated"
    assert told["fit"].accelerated_calls == told["fit"].calls > 0
    assert "running accelerated version" in " ".join(told["fit"].words)
    assert told["assign"].path == "stock"
    assert "no pairwise_distances_argmin of its own" in told["assign"].reason
    assert race.record.verdict.engagement == "partial"
    assert len(race.record.pictures[Arm.BASELINE]) == 3
