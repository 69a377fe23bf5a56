"""The sample, the starting colours, and the iterations that stock and patched K-Means share."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from bench.paths import ROOT
from bench.workload.interface import BadInput
from workloads.colour_quantization import sampling


@pytest.mark.parametrize(
    ("clusters", "colours", "sample_colours", "what", "remedy"),
    [
        (64, 60, 60, "the picture has only 60 colours, and the plan asks for 64 clusters", "at most 60 colours"),
        (64, 2, 2, "the picture has only 2 colours", "at most 2 colours"),
        (64, 1, 1, "the picture has only 1 colour,", "nothing to reduce"),
        (64, 500, 40, "the sample of 1,000 pixels has only 40 colours of the picture's 500", "larger sample"),
        (64, 50, 40, "the sample of 1,000 pixels has only 40 colours of the picture's 50", "at most 40 colours"),
    ],
)
def test_more_clusters_than_colours_are_refused(clusters, colours, sample_colours, what, remedy):
    with pytest.raises(BadInput, match=what) as refusal:
        sampling.require_colours(clusters, colours, sample_colours, 1_000)
    assert remedy in refusal.value.remedy


def test_as_many_clusters_as_colours_are_allowed():
    sampling.require_colours(60, 60, 60, 1_000)
    sampling.require_colours(2, 96_615, 900, 1_000)


def test_starting_colours_are_different_ones_in_the_order_of_the_sample():
    sample = np.array([[3, 0, 0], [3, 0, 0], [1, 0, 0], [3, 0, 0], [2, 0, 0]], float)
    assert sampling.select_start(sample, 3)[:, 0].tolist() == [3, 1, 2]
    assert sampling.select_start(sample, 2)[:, 0].tolist() == [3, 1]


def test_iterations_end_before_labels_stop_changing_and_before_a_centre_is_empty():
    noise = np.random.default_rng(0).random((5_000, 3))
    assert sampling.count_shared_iterations(noise, noise[:32].copy()) == sampling.MAX_SHARED_ITERATIONS
    apart = np.repeat(np.eye(3), 100, axis=0)
    assert sampling.count_shared_iterations(apart, np.eye(3)) == 1
    # The centre in the middle loses its only pixel to the others, which move towards it.
    line = np.array([[0.0], [0.9], [1.0], [1.1], [2.0]]).repeat([50, 50, 1, 50, 50], axis=0) * np.ones(3)
    assert sampling.count_shared_iterations(line, np.array([[0.0], [1.0], [2.0]]) * np.ones(3)) >= 1


FIT = """
import json, sys, warnings
warnings.simplefilter("ignore")
if sys.argv[1] == "patched":
    from sklearnex import patch_sklearn
    patch_sklearn(verbose=False)
import numpy as np
from sklearn.cluster import KMeans
from workloads.colour_quantization import sampling
random = np.random.default_rng(0)
greys = np.repeat(random.integers(0, 256, 60)[random.integers(0, 60, 2400), np.newaxis], 3, axis=1)
pairs = []
for sample in (greys / 255.0, random.integers(0, 256, (1000, 3)) / 255.0, np.tile([[0.0] * 3, [1.0] * 3], (800, 1))):
    for clusters in (2, 30, 50, 200):
        if clusters <= len(np.unique(sample, axis=0)):
            start = sampling.select_start(sample, clusters)
            count = sampling.count_shared_iterations(sample, start)
            fitted = KMeans(clusters, init=start, n_init=1, max_iter=count, tol=0.0).fit(sample)
            pairs.append([count, fitted.n_iter_])
print(json.dumps(pairs))
"""


@pytest.mark.parametrize("library", ["stock", "patched"])
def test_both_libraries_do_exactly_the_shared_iterations(library):
    pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")
    done = subprocess.run([sys.executable, "-c", FIT, library], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    pairs = json.loads(done.stdout)
    assert len(pairs) > 5
    assert all(count == done_iterations for count, done_iterations in pairs), pairs
