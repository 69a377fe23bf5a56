"""The work: K-Means on a photo's pixels, by stock or by patched scikit-learn."""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bench.values import Evidence, Measure, Picture, Table
from bench.workload.interface import Clock, ProgressReporter, Settings

MAX_COLOUR_DISTANCE = 10.0
"""Distance in RGB space (a side of 255) up to which two colours count as the same."""


class PathLog(logging.Handler):
    """Counts what scikit-learn-intelex's own log says of the path that each method took."""

    ACCELERATED = "running accelerated version"

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.said[record.getMessage()] += 1

    def about(self, method: str) -> Counter[str]:
        return Counter({words: count for words, count in self.said.items() if f"{method}:" in words})


class ColourQuantization:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.patched = settings.lever == "sklearnex"
        self.log = PathLog()
        if self.patched:
            # Must stand before scikit-learn's classes are imported, as in the user's own two lines.
            self.sklearnex = importlib.import_module("sklearnex")
            self.sklearnex.patch_sklearn(verbose=False)
            logger = logging.getLogger("sklearnex")
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(self.log)
        self.cluster = importlib.import_module("sklearn.cluster")
        self.metrics = importlib.import_module("sklearn.metrics")

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        from workloads.colour_quantization import image

        progress("reading the image")
        parameters, seed = self.settings.parameters, self.settings.seed
        self.image = image.load_image(str(parameters["image"]), self.settings.uploads)
        height, width, _ = self.image.shape
        one = self.image.reshape(-1, 3).astype(np.float64) / 255
        self.pixels = np.tile(one, (self.settings.batch, 1))
        self.colours = int(parameters["colours"])
        order = np.random.default_rng(seed).permutation(len(one))
        self.sample = np.ascontiguousarray(one[order[: int(parameters["sample"])]])
        self.codebook_random = np.ascontiguousarray(one[order[-self.colours :]])
        self.start = self.sample[: self.colours].copy() if parameters["start"] == "shared" else "k-means++"
        return {
            "work": len(self.pixels),
            "data": hashlib.sha256(self.image.tobytes()).hexdigest(),
            "facts": {
                "image": f"{width} × {height}, {len(one):,} pixels",
                "sample": f"{len(self.sample):,} pixels",
                "colours": str(self.colours),
            },
        }

    def repeat(self, repetition: int, clock: Clock) -> None:
        self.kmeans = clock("fit", self._fit)
        self.labels = clock("predict", lambda: self.kmeans.predict(self.pixels))
        self.labels_random = clock("assign", self._assign)

    def _fit(self) -> Any:
        kmeans = self.cluster.KMeans(
            n_clusters=self.colours, init=self.start, n_init=1, random_state=self.settings.seed
        )
        return kmeans.fit(self.sample)

    def _assign(self) -> np.ndarray:
        return self.metrics.pairwise_distances_argmin(self.codebook_random, self.pixels, axis=0)

    def evidence(self) -> list[Evidence]:
        return [
            self._evidence("fit", "sklearn.cluster.KMeans.fit", self.cluster.KMeans),
            self._evidence("predict", "sklearn.cluster.KMeans.predict", self.cluster.KMeans),
            self._evidence("assign", "pairwise_distances_argmin", self.metrics.pairwise_distances_argmin),
        ]

    def _evidence(self, step: str, method: str, runs: Any) -> Evidence:
        origin = f"{runs.__module__}.{runs.__qualname__}"
        if not self.patched:
            return Evidence(step=step, path="stock", words=[f"runs {origin}"], reason="not patched")
        said = self.log.about(method)
        words = [f"{count:,} × {text}" for text, count in said.most_common(3)]
        calls = said.total()
        fast = sum(count for text, count in said.items() if PathLog.ACCELERATED in text)
        if not calls:
            return Evidence(
                step=step,
                path="stock",
                words=[f"runs {origin}", "sklearnex's log says nothing of it"],
                reason=f"scikit-learn-intelex has no {method.rpartition('.')[2]} of its own",
            )
        reason = "" if fast == calls else f"fell back in {calls - fast:,} of {calls:,} calls"
        path = "accelerated" if fast == calls else "stock"
        return Evidence(
            step=step, path=path, words=[f"runs {origin}", *words], calls=calls, accelerated_calls=fast, reason=reason
        )

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        from workloads.colour_quantization import image

        learned = self._recreate(self.kmeans.cluster_centers_, self.labels)
        random = self._recreate(self.codebook_random, self.labels_random)
        count = len(self.labels) // self.settings.batch
        np.savez(self.settings.scratch / "result.npz", learned=learned, random=self.labels_random[:count])
        measures = [
            Measure(name="psnr", label="PSNR", value=psnr(self.image, learned), unit="dB", decisive=True),
            Measure(name="psnr-random", label="PSNR, random colours", value=psnr(self.image, random), unit="dB"),
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
            ),
        ]
        pictures = [
            image.make_picture("original", "Original", self.image),
            image.make_picture("learned", f"K-Means, {self.colours} colours", learned),
            image.make_picture("random", f"Random, {self.colours} colours", random),
        ]
        return measures, pictures

    def _recreate(self, codebook: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The picture, (height, width, 3) bytes, in which every pixel has its label's colour."""
        height, width, _ = self.image.shape
        colours = np.clip(np.rint(codebook * 255), 0, 255).astype(np.uint8)
        return colours[labels[: height * width]].reshape(height, width, 3)

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        with np.load(other / "result.npz") as theirs, np.load(self.settings.scratch / "result.npz") as ours:
            close = np.linalg.norm(theirs["learned"].astype(float) - ours["learned"], axis=-1) <= MAX_COLOUR_DISTANCE
            same = theirs["random"] == ours["random"]
        agreement = [
            Measure(
                name="colours-agree",
                label=f"pixels whose colours agree (within {MAX_COLOUR_DISTANCE:g} of 255)",
                value=100 * float(close.mean()),
                unit="%",
            ),
            Measure(
                name="random-agree",
                label="pixels with the same random colour",
                value=100 * float(same.mean()),
                unit="%",
            ),
        ]
        return agreement, []


def psnr(original: np.ndarray, picture: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two pictures of bytes, in decibels; 100 for equal ones, where it has no bound."""
    error = float(np.mean((original.astype(np.float64) - picture) ** 2))
    return min(100.0, 10 * np.log10(255**2 / error)) if error else 100.0
