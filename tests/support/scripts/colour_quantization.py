"""Color quantization with K-Means, after the scikit-learn example of that name, without its pictures and plots."""

from time import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import shuffle

COLOURS = 64
china = np.array(load_sample_image("china.jpg"), dtype=np.float64) / 255
image = china.reshape(-1, 3)

start = time()
sample = shuffle(image, random_state=0, n_samples=1_000)
kmeans = KMeans(n_clusters=COLOURS, random_state=0).fit(sample)
print(f"Fitted the model on a small sample of the data in {time() - start:0.3f}s.")

start = time()
labels = kmeans.predict(image)
print(f"Predicted colour indices of the full image by K-Means in {time() - start:0.3f}s.")

codebook_random = shuffle(image, random_state=0, n_samples=COLOURS)
start = time()
labels_random = pairwise_distances_argmin(codebook_random, image, axis=0)
print(f"Predicted colour indices of the full image by random colours in {time() - start:0.3f}s.")

# The example shows pictures; these are their errors.
for name, codebook, used in (
    ("K-Means", kmeans.cluster_centers_, labels),
    ("random colours", codebook_random, labels_random),
):
    error = np.sqrt(np.mean((codebook[used] - image) ** 2))
    print(f"{name}: {COLOURS} colours, error {error:.4f}")
