"""Checks that there is enough memory for the documents, before they are read."""

from __future__ import annotations

from bench.formatting import format_bytes, format_percent
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, Settings
from workloads.documents.catalogue import ACCELERATED, CLASSIFIERS, CORPUS_CHARACTERS, MAX_CLASSES, TFIDF, split_stages
from workloads.documents.own.limits import MAX_OWN_CLASSES
from workloads.estimators.options import uses_file

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that both arms together may take. A race ends the arms a little above it."""
ARMS = 2
PROCESS_BYTES = 400 * 2**20
"""An arm with its libraries, without documents."""
ENCODER_PROCESS_BYTES = 1_400 * 2**20
"""The same with TensorFlow and the shipped model."""
TEXT_COPIES = 4
"""A document: as read, cleaned and split, and as the file has it."""
WORDS = 120
"""Different words of a document of the corpus that have a number in the TF-IDF matrix."""
MATRIX_BYTES = 3 * 12
"""Of a number in a sparse matrix: value and column, and the copies of weighting and reducing."""
NUMBER_BYTES = 8
COPIES = 5
"""How often the reduced rows are in memory: split, joined, and in the estimators."""
MAP_BYTES = 4 * 90 * (8 + 8)
"""A document on the map: its neighbours with their distances and probabilities, and copies of them."""
JUDGED_BYTES = 4 * 1_000 * 1_000 * 8
"""Of judging a map: distances of 1,000 documents to each other, and their ranks."""
TREE_NODES = 0.6
"""Nodes of a tree of the random forest for each document: 0.24 with the corpus, more if classes resemble each other."""
NODE_BYTES = 64
"""A node without its numbers of documents, one for each class."""
RAY_BYTES = 500 * 2**20
"""Ray without workers, with a small object store."""
RAY_WORKER_BYTES = 250 * 2**20
"""A worker of Ray with Modin and pandas. There is one for each core."""


def estimate_bytes(settings: Settings, documents: int, *, arms: int = ARMS, characters: int = CORPUS_CHARACTERS) -> int:
    """Largest memory of `arms` arms together with so many documents of so many characters each."""
    components, features = int(settings.parameters["components"]), int(settings.parameters.get("features", 0))
    mapped = min(documents, int(settings.parameters["mapped"]))
    text_bytes = TEXT_COPIES * characters + round(WORDS * characters / CORPUS_CHARACTERS) * MATRIX_BYTES
    classes = MAX_OWN_CLASSES if uses_file(settings) else MAX_CLASSES
    # A support vector machine has a row of coefficients for each other class.
    document_bytes = text_bytes + (COPIES * components + classes) * NUMBER_BYTES
    # Zero for classifiers without trees.
    trees = CLASSIFIERS[str(settings.parameters["classifier"])].arguments.get("n_estimators", 0)
    document_bytes += round(trees * TREE_NODES * (NODE_BYTES + classes * NUMBER_BYTES))
    process_bytes = PROCESS_BYTES if settings.case == TFIDF else ENCODER_PROCESS_BYTES
    # The components themselves, and the random projection of the features.
    process_bytes += 4 * features * components * NUMBER_BYTES
    map_bytes = mapped * MAP_BYTES + JUDGED_BYTES
    return arms * (process_bytes + documents * document_bytes + map_bytes) + _estimate_ray_bytes(settings, arms)


def _estimate_ray_bytes(settings: Settings, arms: int) -> int:
    """Of Ray, which only the accelerated arm starts, and only if Modin loads the documents."""
    is_on = "load" in split_stages(settings.parameters["accelerate"])
    if not is_on or (arms < ARMS and settings.lever != ACCELERATED):
        return 0
    return RAY_BYTES + settings.cores * RAY_WORKER_BYTES


def require_memory(
    settings: Settings, documents: int, *, arms: int = ARMS, characters: int = CORPUS_CHARACTERS
) -> None:
    """Raise BadInput if `arms` arms need more memory for so many documents of so many characters than is available."""

    def estimate(count: int) -> int:
        return estimate_bytes(settings, count, arms=arms, characters=characters)

    available_bytes = available_memory_bytes()
    required_bytes = estimate(documents)
    if not available_bytes or required_bytes <= MAX_MEMORY_SHARE * available_bytes:
        return
    free_bytes = int(MAX_MEMORY_SHARE * available_bytes) - estimate(0)
    each_bytes = estimate(1) - estimate(0)
    largest = max(0, free_bytes // each_bytes)
    remedy = "Close other programs that use memory, or choose fewer features, components and documents on the map."
    if largest >= 1_000:
        remedy = f"Choose at most {largest // 1_000 * 1_000:,} documents, or fewer components."
    where = "in both arms together" if arms == ARMS else "in one arm"
    raise BadInput(
        f"{documents:,} documents with {settings.parameters['components']} components take about "
        f"{format_bytes(required_bytes)} {where}; {format_bytes(available_bytes)} are available, of which a race may "
        f"use {format_percent(MAX_MEMORY_SHARE, 0)}",
        remedy,
    )
