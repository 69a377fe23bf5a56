"""A user's own documents as the arms get them: a Parquet file like that of the corpus, and what was left out."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.formatting import format_count
from bench.tables.identify import find_table
from bench.values.arms import RacedInput
from bench.workload.file_summary import UPLOAD_PREFIX
from bench.workload.interface import BadInput, ProgressReporter, Settings
from workloads.documents.corpus.build import CORPUS_FILE, CorpusFile
from workloads.documents.own.classes import choose_classes
from workloads.documents.own.folder import is_table, list_folder, read_folder
from workloads.documents.own.limits import (
    MAX_DOCUMENT_CHARACTERS,
    MIN_OWN_DOCUMENTS,
    SourceDocuments,
    join_some,
)
from workloads.documents.table import clean_texts

CLEANED_AT_ONCE = 1_000
SOURCE_REMEDY = (
    "Give the path of a folder that has one folder of text files for each class, or of a CSV or Parquet file."
)
MORE_REMEDY = "Give more documents that differ, or choose more of them."


@dataclass(slots=True)
class OwnDocuments:
    """Documents that can be raced."""

    texts: list[str]
    labels: list[str]
    words: int
    """Different words of two letters or more."""
    is_whole: bool
    """False if only a part of the source was read, to check it."""
    description: str
    notes: list[RacedInput] = field(default_factory=list[RacedInput])

    @property
    def characters(self) -> int:
        """Of a document on average."""
        return round(sum(map(len, self.texts)) / len(self.texts))


def read_own_documents(settings: Settings, progress: ProgressReporter, *, is_trial: bool = False) -> OwnDocuments:
    """The documents of the folder or table of a plan. Raises BadInput if they cannot be raced.

    A trial reads a limited part of a large CSV file, in limited time, and counts the memory of both arms.
    """
    value = str(settings.parameters["file"])
    source = _read_source(value, settings, progress, is_trial)
    progress("checking the documents")
    return _examine(source)


def _read_source(value: str, settings: Settings, progress: ProgressReporter, is_trial: bool) -> SourceDocuments:
    if not value.startswith(UPLOAD_PREFIX) and _is_folder(Path(value)):
        progress("listing the files")
        listing = list_folder(Path(value))
        if not is_table(listing):
            return read_folder(listing, settings, progress)
    if not value.startswith(UPLOAD_PREFIX) and _is_missing(Path(value)):
        raise BadInput(f"There is no file or folder {Path(value).expanduser().absolute()}", SOURCE_REMEDY)
    # Imported here: a folder of texts needs no PyArrow.
    from workloads.documents.own.table import read_documents

    return read_documents(find_table(value, settings.uploads), settings, progress, is_trial=is_trial)


def identify_source(value: str) -> str:
    """A digest of the names, sizes and times of the files that the parameter `file` names: another one if they may have
    changed. Raises BadInput for a folder that cannot be listed."""
    if value.startswith(UPLOAD_PREFIX):
        return value  # It has the digest of its content.
    files = [Path(value)]
    if _is_folder(files[0]):
        listing = list_folder(files[0])
        files = [listing.folder / name for name in (*sorted(listing.outside), *listing.paths)]
    digest = hashlib.sha256()
    for file in files:
        try:
            status = file.expanduser().stat()
        except (OSError, RuntimeError, ValueError):
            continue  # Reading says what is wrong with it.
        digest.update(os.fsencode(file) + f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _is_folder(path: Path) -> bool:
    try:
        return path.expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False  # The reader of tables says what is wrong with it.


def _is_missing(path: Path) -> bool:
    try:
        return not path.expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False  # The reader of tables says what is wrong with it.


def _examine(source: SourceDocuments) -> OwnDocuments:
    """What the load step will leave of the documents, with the classes that then have too few left out. Raises BadInput
    if that is not enough."""
    texts = [text[:MAX_DOCUMENT_CHARACTERS] for text in source.texts]
    cut = sum(len(text) > MAX_DOCUMENT_CHARACTERS for text in source.texts)
    labels, first_labels, words = source.labels, dict[bytes, str](), set[str]()
    empty = repeated = conflicting = 0
    counts = Counter[str]()
    for cleaned, label in zip(_clean(texts), labels, strict=True):
        if not cleaned:
            empty += 1
            continue
        digest = hashlib.blake2b(cleaned.encode(errors="replace"), digest_size=16).digest()
        first = first_labels.setdefault(digest, label)
        if len(first_labels) > counts.total():
            counts[label] += 1
            words.update(cleaned.split())
        else:
            repeated += 1
            conflicting += first != label
    if source.is_whole and len(first_labels) < MIN_OWN_DOCUMENTS:
        raise BadInput(
            f"{format_count(len(first_labels), 'document')} of {len(texts):,} of {source.description} can be used, and "
            f"{MIN_OWN_DOCUMENTS} are needed: {empty:,} have no letters, and {repeated:,} repeat the words of others",
            MORE_REMEDY,
        )
    after = f"{source.description}, without empty and repeated texts,"
    used, left_out = choose_classes(counts, after, MORE_REMEDY) if source.is_whole else (list(counts), [])
    kept = [place for place, label in enumerate(labels) if label in set(used)]
    notes = {
        "Classes": f"{len(used)}: {join_some(used, counts)}",
        "Drawn": f"{len(texts):,} of {source.total:,} documents, by the seed, of each class as its share"
        if len(texts) < source.total
        else "",
        "Cut": f"{format_count(cut, 'document')} to the first {MAX_DOCUMENT_CHARACTERS:,} characters" if cut else "",
        "Left out": "; ".join([*source.left_out, *left_out]),
        "Left out by the load step": _describe_cleaning(empty, repeated, conflicting),
        "Held out": "single documents of each class, drawn by the seed; near-duplicates may be on both sides",
    }
    return OwnDocuments(
        texts=[texts[place] for place in kept],
        labels=[labels[place] for place in kept],
        words=sum(len(word) > 1 for word in words),
        is_whole=source.is_whole,
        description=source.description,
        notes=[*(RacedInput(label=label, text=text) for label, text in notes.items() if text), *source.notes],
    )


def _clean(texts: list[str]) -> Iterator[str]:
    """The texts as the load step cleans them, some at a time."""
    import pandas as pd

    for start in range(0, len(texts), CLEANED_AT_ONCE):
        yield from clean_texts(pd.Series(texts[start : start + CLEANED_AT_ONCE], dtype=object))


def _describe_cleaning(empty: int, repeated: int, conflicting: int) -> str:
    clauses = [f"{format_count(empty, 'document')} without letters"] if empty else []
    if repeated:
        other = f", {conflicting:,} of them with another label" if conflicting else ""
        clauses.append(f"{format_count(repeated, 'document')} with the same words as one before{other}")
    return "; ".join(clauses)


def write_own_documents(documents: OwnDocuments, folder: Path) -> CorpusFile:
    """The documents as a Parquet file in `folder`, as the shipped corpus. Each has a source of its own, so that single
    documents are held out."""
    import pyarrow as pa
    from pyarrow import parquet

    sources = [f"{place:07d}" for place in range(len(documents.texts))]
    table = pa.table({"text": documents.texts, "label": documents.labels, "source": sources})
    path = folder / f"own-{CORPUS_FILE}"
    parquet.write_table(table, path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return CorpusFile(
        path=path,
        digest=digest,
        documents=len(documents.texts),
        labels=tuple(sorted(set(documents.labels))),
        description=documents.description,
        facts={},
        notes=tuple(documents.notes),
        characters=documents.characters,
    )
