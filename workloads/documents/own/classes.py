"""Which labels of a user's documents are classes, and which of the documents are drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.formatting import format_count, format_percent
from bench.workload.interface import BadInput
from workloads.documents.own.limits import MAX_OWN_CLASSES, join_some, shorten
from workloads.documents.split import MIN_CLASS_DOCUMENTS, Numbers

MIN_KEPT_SHARE = 0.5
"""Least share of the documents that the classes must have: with fewer, the task is another one."""
MIN_DRAWN = 2 * MIN_CLASS_DOCUMENTS
"""Documents that are drawn of each class at least, if it has as many: some may be empty or repeat others."""


def choose_classes(counts: Mapping[str, int], name: str, remedy: str) -> tuple[list[str], list[str]]:
    """The labels that are used, the most frequent first, and what was left out, as clauses.

    `counts` are the documents of each label of the source `name`. Raises BadInput with `remedy` if fewer than two
    labels have enough documents, or if most documents have labels that are not used.
    """
    total = sum(counts.values())
    if not total:
        raise BadInput(f"{name} has no document with a text and a label", remedy)
    if len(counts) == 1:
        raise BadInput(
            f"all {format_count(total, 'document')} of {name} have the label {shorten(next(iter(counts)))}",
            f"Two classes are needed at least. {remedy}",
        )
    by_size = sorted(counts, key=lambda label: (-counts[label], label))
    large = [label for label in by_size if counts[label] >= MIN_CLASS_DOCUMENTS]
    if len(large) < 2:
        raise BadInput(
            f"{name} has {len(counts):,} labels, and {len(large) or 'none'} of them with {MIN_CLASS_DOCUMENTS} "
            f"documents or more, such as {join_some(by_size[:3])}",
            f"Two classes of {MIN_CLASS_DOCUMENTS} documents are needed at least: one of them is held out. {remedy}",
        )
    used = large[:MAX_OWN_CLASSES]
    share = sum(counts[label] for label in used) / total
    if share < MIN_KEPT_SHARE:
        raise BadInput(
            f"{name} has {len(counts):,} different labels, and the {len(used)} most frequent have "
            f"{format_percent(share, 0)} of its documents",
            f"At most {MAX_OWN_CLASSES} classes can be told apart here. Merge labels, or leave some out. {remedy}",
        )
    return used, _describe_left_out(counts, by_size[len(large) :], large[MAX_OWN_CLASSES:])


def _describe_left_out(counts: Mapping[str, int], rare: list[str], beyond: list[str]) -> list[str]:
    clauses = []
    if beyond:
        documents = format_count(sum(counts[label] for label in beyond), "document")
        clauses.append(
            f"{documents} of the {format_count(len(beyond), 'label')} after the {MAX_OWN_CLASSES} most frequent: "
            f"{join_some(beyond)}"
        )
    if rare:
        documents = format_count(sum(counts[label] for label in rare), "document")
        clauses.append(f"{documents} of labels with fewer than {MIN_CLASS_DOCUMENTS}: {join_some(rare)}")
    return clauses


def draw_documents(classes: Numbers, count: int, seed: int) -> Numbers:
    """Positions, ascending, of `count` documents: of each class as its share, but MIN_DRAWN at least.

    `classes` has the number of the class of each document, or -1 for those that are not used. All that are used if
    there are no more than `count`.
    """
    usable = np.flatnonzero(classes >= 0)
    if len(usable) <= count:
        return usable
    rng = np.random.default_rng(seed)
    sizes = np.bincount(classes[usable])
    quotas = _divide(sizes, count)
    drawn = [rng.permutation(np.flatnonzero(classes == number))[:quota] for number, quota in enumerate(quotas.tolist())]
    return np.sort(np.concatenate(drawn))


def _divide(sizes: Numbers, count: int) -> Numbers:
    """How many of `count` documents, fewer than there are, each class gets."""
    shares = sizes * (count / sizes.sum())
    quotas = np.minimum(sizes, np.maximum(MIN_DRAWN, np.floor(shares).astype(np.int64)))
    while quotas.sum() > count:
        quotas[quotas.argmax()] -= 1
    while quotas.sum() < count:
        quotas[np.where(quotas < sizes, shares - quotas, -np.inf).argmax()] += 1
    return quotas
