"""Which documents are held out, and the numbers of their labels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.workload.interface import BadInput

HELD_OUT_SHARE = 0.25
MIN_CLASS_DOCUMENTS = 4
"""Least number of documents of a class: one of them is held out."""
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SplitDocuments:
    """The cleaned documents: those to learn from first, then the held-out ones."""

    texts: list[str]
    labels: Numbers
    """The number of the class of each document, shape (documents,)."""
    classes: tuple[str, ...]
    """The class of each number."""
    train_count: int
    sources: Numbers
    """The number of the source of each document, shape (documents,). Held-out documents have sources of their own."""

    @property
    def train_texts(self) -> list[str]:
        return self.texts[: self.train_count]

    @property
    def test_texts(self) -> list[str]:
        return self.texts[self.train_count :]

    @property
    def train_labels(self) -> Numbers:
        return self.labels[: self.train_count]

    @property
    def test_labels(self) -> Numbers:
        return self.labels[self.train_count :]

    @property
    def digest(self) -> str:
        """SHA-256 of all texts, labels and their order."""
        digest = hashlib.sha256("\0".join(self.texts).encode())
        digest.update(self.labels.tobytes())
        digest.update(np.int64(self.train_count).tobytes())
        return digest.hexdigest()


def split_documents(frame: Any, seed: int) -> SplitDocuments:
    """Hold out about a quarter of the documents of each class: whole sources, drawn by the seed. `frame` is a pandas
    DataFrame with the columns text, label and source. Raises BadInput for fewer than two classes, or a class with too
    few documents or one source only."""
    texts = frame["text"].tolist()
    classes, labels = np.unique(frame["label"].to_numpy(dtype=str), return_inverse=True)
    _, sources = np.unique(frame["source"].to_numpy(dtype=str), return_inverse=True)
    labels = labels.astype(np.int64)
    counts = np.bincount(labels, minlength=len(classes))
    if len(classes) < 2:
        raise BadInput(f"all {len(texts):,} documents have the same label", "Use documents of two classes at least.")
    if counts.min() < MIN_CLASS_DOCUMENTS:
        raise BadInput(
            f"class {classes[counts.argmin()]} has only {counts.min()} different documents, and "
            f"{MIN_CLASS_DOCUMENTS} are needed",
            "Use more documents, or leave this class out.",
        )
    # Our own split: scikit-learn-intelex replaces train_test_split by one that draws other rows.
    rng = np.random.default_rng(seed)
    is_held_out = np.zeros(len(labels), bool)
    for number, name in enumerate(classes):
        held_out = draw_sources(sources[labels == number], rng)
        if not len(held_out):
            raise BadInput(f"all documents of class {name} have the same source", "Use more documents.")
        is_held_out |= (labels == number) & np.isin(sources, held_out)
    shuffled = rng.permutation(len(labels))
    order = np.concatenate([shuffled[~is_held_out[shuffled]], shuffled[is_held_out[shuffled]]])
    return SplitDocuments(
        texts=[texts[place] for place in order],
        labels=labels[order],
        classes=tuple(map(str, classes)),
        train_count=int((~is_held_out).sum()),
        sources=sources[order],
    )


def draw_sources(sources: Numbers, rng: np.random.Generator) -> Numbers:
    """Sources of a class that together have HELD_OUT_SHARE of its documents, or the next fewer that whole sources can
    have; the smallest one if all are larger. `sources` is the number of that of each document. Empty if all documents
    have the same."""
    names, sizes = np.unique(sources, return_counts=True)
    if len(names) < 2:
        return names[:0]
    free, chosen = max(1, round(HELD_OUT_SHARE * len(sources))), []
    for place in rng.permutation(len(names)):
        if sizes[place] <= free:
            chosen.append(place)
            free -= sizes[place]
    return names[chosen or [int(sizes.argmin())]]
