"""The arm of colour quantization: K-Means on the pixels of a photo, by stock or by patched scikit-learn."""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bench.formatting import format_count
from bench.values.arms import RacedInput
from bench.values.output import Picture, Table
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from workloads.colour_quantization import memory, sampling

MAX_COLOUR_DISTANCE = 10.0
"""Largest distance in RGB space, with components from 0 to 255, of two colours that count as equal."""
MAX_PSNR_DB = 100.0
"""PSNR of two equal pictures, which has no upper bound."""
TILES_PER_SIDE = 16
"""Number of tiles into which each side of an image is divided, to sum their errors."""
MAX_QUOTED_MESSAGES = 3
"""Messages of the log that the evidence quotes."""


class PathLog(logging.Handler):
    """Counts the messages in which scikit-learn-intelex says which implementation a method ran."""

    ACCELERATED = "running accelerated version"

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.messages: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.messages[record.getMessage()] += 1

    def messages_about(self, method: str) -> Counter[str]:
        return Counter({text: count for text, count in self.messages.items() if f"{method}:" in text})


class ColourQuantization:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.patched = settings.lever == "sklearnex"
        self.log = PathLog()
        if self.patched:
            # Before the classes of scikit-learn are imported, as in the two lines that a user adds.
            self.sklearnex = importlib.import_module("sklearnex")
            self.sklearnex.patch_sklearn(verbose=False)
            logger = logging.getLogger("sklearnex")
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(self.log)
        self.cluster = importlib.import_module("sklearn.cluster")
        self.metrics = importlib.import_module("sklearn.metrics")

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        # Imported here because it imports scikit-learn, which must be patched first.
        from workloads.colour_quantization import image

        progress("reading the image")
        name = str(self.settings.parameters["image"])
        decoded = image.decode_image(image.find_image(name, self.settings.uploads))
        self.image = decoded.pixels
        memory.require_memory(self.image.shape[0] * self.image.shape[1], self.settings.batch)
        self.colours = int(self.settings.parameters["colours"])
        sample, codebook = sampling.draw_pixels(self.image, self.settings)
        colours, sample_colours = image.count_colours(self.image), image.count_colours(sample)
        sampling.require_colours(self.colours, colours, sample_colours, len(sample))
        self.sample, self.random_codebook = sample.astype(np.float64) / 255, codebook.astype(np.float64) / 255
        self.kmeans_options: dict[str, Any] = {"init": "k-means++"}
        if self.settings.parameters["start"] == "shared":
            progress("counting the iterations that both arms do")
            start = sampling.select_start(self.sample, self.colours)
            # Without a tolerance, because each library has its own measure of how far the centres moved.
            iterations = sampling.count_shared_iterations(self.sample, start)
            self.kmeans_options = {"init": start, "max_iter": iterations, "tol": 0.0}
        self.pixels = np.tile(self.image.reshape(-1, 3).astype(np.float64) / 255, (self.settings.batch, 1))
        height, width, _ = self.image.shape
        picture = f"{image.name_image(name, self.settings.uploads)}, {decoded.size}, {format_count(colours, 'colour')}"
        sampled = f"{format_count(len(sample), 'pixel')}, {format_count(sample_colours, 'colour')}"
        return {
            "work": len(self.pixels),
            "data": hashlib.sha256(self.image.tobytes()).hexdigest(),
            "facts": {
                "image": f"{width} × {height}, {height * width:,} pixels",
                "sample": f"{len(sample):,} pixels",
                "colours": str(self.colours),
            },
            "inputs": [
                RacedInput(label="Picture", text=picture),
                *(RacedInput(label="Changed", text=note) for note in decoded.notes),
                RacedInput(
                    label="Batch", text=f"{format_count(self.settings.batch, 'image')}, {len(self.pixels):,} pixels"
                ),
                RacedInput(label="Sample", text=sampled),
            ],
        }

    def repeat(self, repetition: int, clock: Clock) -> None:
        self.kmeans = clock("fit", self._fit)
        self.labels = clock("predict", lambda: self.kmeans.predict(self.pixels))
        self.random_labels = clock("assign", self._assign)

    def _fit(self) -> Any:
        kmeans = self.cluster.KMeans(
            n_clusters=self.colours, n_init=1, random_state=self.settings.seed, **self.kmeans_options
        )
        return kmeans.fit(self.sample)

    def _assign(self) -> np.ndarray:
        return self.metrics.pairwise_distances_argmin(self.random_codebook, self.pixels, axis=0)

    def evidence(self) -> list[Evidence]:
        return [
            self._step_evidence("fit", "sklearn.cluster.KMeans.fit", self.cluster.KMeans),
            self._step_evidence("predict", "sklearn.cluster.KMeans.predict", self.cluster.KMeans),
            self._step_evidence("assign", "pairwise_distances_argmin", self.metrics.pairwise_distances_argmin),
        ]

    def _step_evidence(self, step: str, method: str, implementation: Any) -> Evidence:
        """The evidence of a step that calls `method`, which is `implementation` in this process."""
        origin = f"runs {implementation.__module__}.{implementation.__qualname__}"
        if not self.patched:
            return Evidence(step=step, path="stock", words=[origin], reason="not patched")
        messages = self.log.messages_about(method)
        calls = messages.total()
        if not calls:
            return Evidence(
                step=step,
                path="stock",
                words=[origin, "no message in the log of sklearnex"],
                reason=f"scikit-learn-intelex does not accelerate {method.rpartition('.')[2]}",
            )
        accelerated_calls = sum(count for text, count in messages.items() if PathLog.ACCELERATED in text)
        fallback_calls = calls - accelerated_calls
        return Evidence(
            step=step,
            path="stock" if fallback_calls else "accelerated",
            words=[origin, *(f"{count:,} × {text}" for text, count in messages.most_common(MAX_QUOTED_MESSAGES))],
            calls=calls,
            accelerated_calls=accelerated_calls,
            reason=f"fell back in {fallback_calls:,} of {calls:,} calls" if fallback_calls else "",
        )

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        from workloads.colour_quantization import image

        learned = self._recreate_image(self.kmeans.cluster_centers_, self.labels)
        random = self._recreate_image(self.random_codebook, self.random_labels)
        pixel_count = len(self.labels) // self.settings.batch
        np.savez(self.settings.scratch / "result.npz", learned=learned, random=self.random_labels[:pixel_count])
        write_scores(
            self.settings.scratch,
            {
                "psnr": compute_tile_errors(self.image, learned),
                "psnr-random": compute_tile_errors(self.image, random),
            },
        )
        measures = [
            self._make_psnr("psnr", "PSNR", learned, decisive=True),
            self._make_psnr("psnr-random", "PSNR, random colours", random),
            Measure(
                name="inertia",
                label="inertia of the sample",
                value=float(self.kmeans.inertia_),
                higher_is_better=False,
            ),
            Measure(
                name="iterations",
                label="iterations of fit",
                value=float(self.kmeans.n_iter_),
                higher_is_better=False,
                same_work=True,
                step="fit",
            ),
        ]
        pictures = [
            image.make_picture("original", "Original", self.image),
            image.make_picture("learned", f"K-Means, {self.colours} colours", learned),
            image.make_picture("random", f"Random, {self.colours} colours", random),
        ]
        return measures, pictures

    def _make_psnr(self, name: str, label: str, image: np.ndarray, *, decisive: bool = False) -> Measure:
        """The PSNR of an image. It is judged by the mean squared error: decibels are its logarithm, so 1 % fewer of
        them are 7 % more error at 31 dB."""
        height, width, _ = self.image.shape
        return Measure(
            name=name,
            label=label,
            value=compute_psnr_db(self.image, image),
            unit="dB",
            decisive=decisive,
            loss=LossKind.ERROR,
            mean_label="mean squared error",
            observations=height * width,
            observation="pixel",
        )

    def _recreate_image(self, codebook: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The image, (height, width, 3) bytes, in which every pixel has the colour of its label."""
        height, width, _ = self.image.shape
        colours = np.clip(np.rint(codebook * 255), 0, 255).astype(np.uint8)
        return colours[labels[: height * width]].reshape(height, width, 3)

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        with np.load(other / "result.npz") as baseline, np.load(self.settings.scratch / "result.npz") as accelerated:
            distances = np.linalg.norm(baseline["learned"].astype(float) - accelerated["learned"], axis=-1)
            equal_random = baseline["random"] == accelerated["random"]
        agreement = [
            Measure(
                name="colours-agree",
                label=f"pixels whose colours agree (within {MAX_COLOUR_DISTANCE:g} of 255)",
                value=100 * float((distances <= MAX_COLOUR_DISTANCE).mean()),
                unit="%",
                observations=distances.size,
                observation="pixel",
            ),
            Measure(
                name="random-agree",
                label="pixels with the same random colour",
                value=100 * float(equal_random.mean()),
                unit="%",
                observations=equal_random.size,
                observation="pixel",
            ),
        ]
        return agreement, []


def compute_tile_errors(original: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Squared errors of two images of bytes, (height, width, 3), summed over tiles: float64 of shape (tiles,).

    Neighbouring pixels have similar errors, so pixels are no independent observations; tiles nearly are. The sums are
    scaled so that the mean over the tiles is the mean squared error of the image, although tiles at the edges may be
    smaller.
    """
    errors = ((original.astype(np.float64) - image) ** 2).mean(axis=2)
    rows, columns = (
        np.unique(np.linspace(0, size, min(size, TILES_PER_SIDE), endpoint=False, dtype=int)) for size in errors.shape
    )
    sums = np.add.reduceat(np.add.reduceat(errors, rows, axis=0), columns, axis=1).ravel()
    return sums * (len(sums) / errors.size)


def compute_psnr_db(original: np.ndarray, image: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two images of bytes, in decibels, at most MAX_PSNR_DB."""
    error = float(np.mean((original.astype(np.float64) - image) ** 2))
    return min(MAX_PSNR_DB, 10 * np.log10(255**2 / error)) if error else MAX_PSNR_DB
