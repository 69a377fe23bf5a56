"""The default corpus: documentation strings of installed libraries, written once to the cache as Parquet."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.formatting import format_count
from bench.system.cache_entry import CacheEntry, DamagedEntryError, load_or_make
from bench.values.arms import RacedInput
from bench.workload.interface import BadInput, ProgressReporter
from workloads.documents.catalogue import CORPUS_CHARACTERS, MAX_CLASS_DOCUMENTS
from workloads.documents.corpus.docstrings import Docstring, list_files, make_key, read_docstrings
from workloads.documents.corpus.libraries import (
    LIBRARIES,
    MIN_LIBRARIES,
    Library,
    list_installed,
    list_other_versions,
    read_version,
)
from workloads.documents.corpus.masking import NameMask
from workloads.documents.corpus.near_duplicates import DuplicateFilter

CACHE_FOLDER = "documents"
CORPUS_VERSION = 3
"""Version of the content. Entries of other versions are not used."""
CORPUS_FILE = "documents.parquet"
MIN_DOCUMENTS = 80
"""Least number of documents of a class."""
MAX_CANDIDATES = 1_000
"""Documents of a library that are read: some are left out as near-duplicates, and the largest libraries have more than
ten thousand."""


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """Documents on disk: a Parquet file with the columns text, label and name. Classes take turns in it, so that its
    first rows have as many of each as there are."""

    path: Path
    digest: str
    """SHA-256 of the file."""
    documents: int
    labels: tuple[str, ...]
    """The classes in the order of their numbers."""
    description: str
    """What they are, for the page."""
    facts: Mapping[str, str]
    """Where they come from, by label."""
    notes: tuple[RacedInput, ...] = ()
    """What was chosen and left out, for the page."""
    characters: int = CORPUS_CHARACTERS
    """Of a document on average."""


def load_docstrings(cache: Path, progress: ProgressReporter) -> CorpusFile:
    """The default corpus, made if the cache does not have it. Raises BadInput."""
    libraries = list_installed()
    versions = {library.label: read_version(library) for library in libraries}
    key = hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache / CACHE_FOLDER / f"docstrings-{key}-v{CORPUS_VERSION}"
    try:
        entry = load_or_make(
            folder,
            lambda draft: _write_corpus(draft, libraries, progress),
            on_wait=lambda: progress("waiting for another process that reads the documents"),
            accept=lambda entry: CORPUS_FILE in entry.digests,
        )
    except DamagedEntryError as error:
        raise BadInput(f"the corpus is damaged: {error}", "Check the disk.") from error
    except OSError as error:
        raise BadInput(
            f"the corpus cannot be written: {error}", f"Free disk space, and check that {cache} is writable."
        ) from error
    return _describe_corpus(entry, versions)


def _describe_corpus(entry: CacheEntry, versions: Mapping[str, str]) -> CorpusFile:
    labels = tuple(entry.facts["labels"])
    others = ", ".join(list_other_versions(versions))
    return CorpusFile(
        path=entry.folder / CORPUS_FILE,
        digest=entry.digests[CORPUS_FILE],
        documents=int(entry.facts["documents"]),
        labels=labels,
        description=f"documentation strings of {len(labels)} libraries" + (f" ({others})" if others else ""),
        facts={
            "documents of": ", ".join(f"{label} {versions[label]}" for label in labels),
            "left out": str(entry.facts["left_out"]),
        },
    )


def _write_corpus(folder: Path, libraries: Sequence[Library], progress: ProgressReporter) -> dict[str, Any]:
    """Write the file into `folder`. Returns the facts of the entry."""
    import pyarrow as pa
    from pyarrow import parquet

    candidates: dict[str, list[Docstring]] = {}
    skipped = 0
    for number, library in enumerate(libraries):
        progress(f"reading documents: {library.label}", number / len(libraries))
        candidates[library.label], skipped_here = collect_candidates(library, MAX_CANDIDATES)
        skipped += skipped_here
    progress("leaving out near-duplicates")
    chosen = choose_documents(candidates, make_mask(libraries))
    small = [label for label, documents in chosen.items() if len(documents) < MIN_DOCUMENTS]
    chosen = {label: documents for label, documents in chosen.items() if label not in small}
    if len(chosen) < MIN_LIBRARIES:
        raise BadInput(
            f"{len(chosen)} libraries have {MIN_DOCUMENTS} documents, and {MIN_LIBRARIES} are needed; fewer documents: "
            f"{', '.join(small)}",
            "Install the packages with their source files.",
        )
    most = max(map(len, chosen.values()))
    rows = [
        (label, documents[place])
        for place in range(most)
        for label, documents in chosen.items()
        if place < len(documents)
    ]
    table = pa.table(
        {
            "text": [document.text for _, document in rows],
            "label": [label for label, _ in rows],
            "source": [f"{label}/{document.file}" for label, document in rows],
            "name": [document.name for _, document in rows],
        }
    )
    parquet.write_table(table, folder / CORPUS_FILE)
    left_out = sum(map(len, candidates.values())) - len(rows)
    reasons = [f"{left_out:,} documents, as near-duplicates or to limit large classes"]
    reasons += [f"{', '.join(small)}, with fewer than {MIN_DOCUMENTS} documents"] if small else []
    reasons += [f"{format_count(skipped, 'file')} that cannot be read or parsed"] if skipped else []
    return {"documents": len(rows), "labels": list(chosen), "left_out": "; ".join(reasons)}


def collect_candidates(library: Library, limit: int = MAX_CANDIDATES) -> tuple[list[Docstring], int]:
    """At most `limit` documents of a library, in an order without meaning, and the number of its files that
    could not be read."""
    documents: list[Docstring] = []
    skipped = 0
    # Syntax trees have no cycles; looking for some takes a quarter of the time.
    gc.disable()
    try:
        for file in list_files(library):
            found = read_docstrings(file)
            skipped += found is None
            documents += found or []
            if len(documents) >= limit:
                break
    finally:
        gc.enable()
    return sorted(documents, key=lambda document: make_key(document.name))[:limit], skipped


def make_mask(installed: Iterable[Library]) -> NameMask:
    """The mask of the names of all libraries, and of the modules of the installed ones."""
    return NameMask([name for library in LIBRARIES for name in library.names], list_module_names(installed))


def choose_documents(candidates: Mapping[str, list[Docstring]], mask: NameMask) -> dict[str, list[Docstring]]:
    """For each label at most MAX_CLASS_DOCUMENTS documents with masked names, none of which mostly repeats another."""
    is_new = DuplicateFilter()
    chosen: dict[str, list[Docstring]] = {label: [] for label in candidates}
    # In turns: of two classes with the same document, each may have it.
    for place in range(max(map(len, candidates.values()))):
        for label, documents in candidates.items():
            if place >= len(documents) or len(chosen[label]) == MAX_CLASS_DOCUMENTS:
                continue
            document = documents[place]
            if is_new.accepts(document.text):
                chosen[label].append(replace(document, text=mask.mask(document.text)))
    return chosen


def list_module_names(libraries: Iterable[Library]) -> set[str]:
    """Names of the public modules and packages at the top of each library, such as `linalg`.

    Not of those below: there are thousands, among them every other word of the documents, such as `axis` and `layer`.
    """
    files = [file for library in libraries for file in list_files(library)]
    names = {file.name.partition("/")[0].removesuffix(".py").lower() for file in files}
    return {name for name in names if not name.startswith("_")}
