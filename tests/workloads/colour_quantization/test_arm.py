"""The arm of colour quantization: its pictures, measures and evidence."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from PIL import Image
from sklearn.metrics import mean_squared_error

from bench.machine.core_selection import choose_cores
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.values.base import Arm
from bench.values.quality import LossKind
from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from bench.workload.scores import read_scores
from tests.support.pictures import write_picture
from tests.support.runs import open_plan
from workloads.colour_quantization.arm import ColourQuantization, compute_psnr_db, compute_tile_errors


def run_arm(tmp_path: Path, batch: int = 1, **parameters) -> tuple[ColourQuantization, dict[str, Any]]:
    """The stock arm on a small image, after one repetition, and what its `prepare` returned.

    The patched arm would need a process of its own.
    """
    picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    uploads = tmp_path / "uploads"
    uploads.mkdir(exist_ok=True)
    write_picture(uploads, Image.fromarray(picture)).rename(uploads / ("0" * 64))
    defaults = {"image": "upload:" + "0" * 64, "colours": 8, "sample": 1000, "start": "own"}
    settings = Settings("photo", "stock", 1, batch, defaults | parameters, 0, tmp_path, uploads, tmp_path)
    arm = ColourQuantization(settings)
    reply = arm.prepare(lambda text, share=None: None)
    arm.repeat(0, lambda step, work: work())
    return arm, reply


def make_race(tmp_path: Path, **fields: Any) -> Race:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Race(
        open_plan(make_plan("colour-quantization", cores=1, budget_s=2, target=0.5, **fields)),
        emit=lambda event: None,
        stop_requested=lambda: None,
        scratch=scratch,
        cores=choose_cores(1),
    )


def test_learned_colours_are_better_than_random_ones(tmp_path):
    arm, reply = run_arm(tmp_path)
    measures, pictures = arm.conclude()
    values = {measure.name: measure.value for measure in measures}
    assert values["psnr"] > values["psnr-random"]
    assert values["inertia"] > 0
    assert [picture.name for picture in pictures] == ["original", "learned", "random"]
    learned = np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[1].base64))))
    assert len(np.unique(learned.reshape(-1, 3), axis=0)) <= 8
    assert reply["work"] == 2000


def test_a_sample_of_more_pixels_than_the_image_has_is_all_of_them(tmp_path):
    assert len(run_arm(tmp_path, sample=10**9)[0].sample) == 2000


def test_shared_starting_colours_and_iterations_are_the_same_in_every_arm(tmp_path):
    first, second = (run_arm(tmp_path, start="shared")[0] for _ in range(2))
    assert np.array_equal(first.kmeans_options["init"], second.kmeans_options["init"])
    assert first.kmeans.n_iter_ == first.kmeans_options["max_iter"] == second.kmeans_options["max_iter"]


def test_what_is_raced_is_told(tmp_path):
    _, reply = run_arm(tmp_path, batch=3)
    told = {entry.label: entry.text for entry in reply["inputs"]}
    assert told["Picture"] == "upload 000000000000, 50 × 40 pixels, 2,000 colours"
    assert told["Batch"] == "3 images, 6,000 pixels"
    assert told["Sample"] == "1,000 pixels, 1,000 colours"


def test_a_race_of_a_picture_that_is_gone_blames_no_arm(tmp_path):
    workload = load_workloads()["colour-quantization"]
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    race = make_race(tmp_path, parameters={"image": "upload:" + "0" * 64})
    race.run()
    failure = race.record.failure
    assert failure.what == "The input cannot be used: the uploaded picture is no longer on this machine."
    assert failure.remedy == "Upload it again."
    assert failure.arm is None and not failure.log


def test_an_arm_agrees_with_itself(tmp_path):
    arm, _ = run_arm(tmp_path)
    arm.conclude()
    assert [measure.value for measure in arm.compare(tmp_path)[0]] == [100.0, 100.0]


def test_the_stock_arm_is_not_patched(tmp_path):
    fit, *others = run_arm(tmp_path)[0].evidence()
    assert {evidence.path for evidence in (fit, *others)} == {"stock"}
    assert "sklearn.cluster._kmeans.KMeans" in fit.words[0]


def test_psnr_follows_from_the_mean_squared_error():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    error = mean_squared_error(first.ravel().astype(float), second.ravel().astype(float))
    assert compute_psnr_db(first, second) == pytest.approx(10 * np.log10(255**2 / error))
    assert compute_psnr_db(first, first) == 100.0


def test_the_mean_of_the_tiles_is_the_mean_squared_error():
    """Also of an image whose sides are no multiple of the number of tiles."""
    rng = np.random.default_rng(0)
    for shape in ((37, 53, 3), (5, 400, 3)):
        first, second = rng.integers(0, 256, (2, *shape), dtype=np.uint8)
        errors = compute_tile_errors(first, second)
        assert errors.mean() == pytest.approx(np.mean((first.astype(float) - second) ** 2))
        assert len(errors) == min(16, shape[0]) * 16


def test_psnr_is_judged_by_the_mean_squared_error_over_all_pixels(tmp_path):
    arm, _ = run_arm(tmp_path)
    psnr = next(measure for measure in arm.conclude()[0] if measure.name == "psnr")
    assert (psnr.loss, psnr.observations, psnr.mean_label) == (LossKind.ERROR, 2000, "mean squared error")
    error = read_scores(tmp_path)["psnr"].values.mean()
    assert psnr.value == pytest.approx(10 * np.log10(255**2 / error))


def test_the_evidence_of_the_patched_arm_says_which_steps_ran_accelerated(tmp_path):
    """In a real race, because patching affects the whole process."""
    workload = load_workloads()["colour-quantization"]
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    race = make_race(tmp_path, parameters={"colours": 8})
    race.run()
    evidence_by_step = {evidence.step: evidence for evidence in race.record.evidence[Arm.ACCELERATED]}
    assert evidence_by_step["fit"].path == "accelerated"
    assert evidence_by_step["fit"].accelerated_calls == evidence_by_step["fit"].calls > 0
    assert "running accelerated version" in " ".join(evidence_by_step["fit"].words)
    assert evidence_by_step["assign"].path == "stock"
    assert "does not accelerate pairwise_distances_argmin" in evidence_by_step["assign"].reason
    assert race.record.verdict.engagement == "partial"
    difference = race.record.quality.difference("psnr")
    assert (difference.observations, difference.groups) == (427 * 640, 256)
    assert difference.difference.low < difference.difference.value < difference.difference.high
    assert len(race.record.pictures[Arm.BASELINE]) == 3
