"""Documents of a user's CSV or Parquet file: a column of texts and a column of labels."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.formatting import escape_invisible, format_count, format_number
from bench.tables.content import TableContent
from bench.tables.identify import TableFile
from bench.tables.reader import TableCheck, check_table, read_table
from bench.tables.summary import summarize_table
from bench.values.arms import RacedInput
from bench.workload.file_summary import FileSummary
from bench.workload.interface import BadInput, ProgressReporter, Settings
from workloads.documents.own.classes import choose_classes, draw_documents
from workloads.documents.own.limits import (
    AUTOMATIC,
    MAX_DOCUMENT_CHARACTERS,
    MAX_LABEL_CHARACTERS,
    MAX_TOTAL_CHARACTERS,
    MIN_OWN_DOCUMENTS,
    SourceDocuments,
    shorten,
)
from workloads.estimators.memory import ARMS
from workloads.estimators.own_table import MAX_ROWS, MAX_SCAN_S, MAX_TRIAL_BYTES, require_memory
from workloads.estimators.own_target import list_columns

TEXT_NAMES = ("text", "texts", "document", "content", "body", "review", "message", "sentence", "abstract")
LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "topic")
"""Names of columns that are obvious, in upper or lower case. The first that a table has counts."""
ROWS_PER_BATCH = 1 << 12
"""Fewer than for numbers: one text may have megabytes."""
MAX_DISTINCT_LABELS = 10_000
"""With more, the column has no labels, and counting goes no further."""
MAX_FRACTIONS = 20
"""Most numbers that are not whole, such as ratings of 4.5, among the labels. With more, the column is a quantity."""
LABEL_REMEDY = "Set label_column to a column of classes."


def check(file: Path, name: str = "") -> FileSummary:
    """Describe the table in `file`, called `name` in messages. Raises BadInput if it cannot be raced, whatever its
    columns are."""
    return summarize_table(file, name, lambda count: _require_rows(count, name or file.name))


def _require_rows(count: int, name: str) -> None:
    if count < MIN_OWN_DOCUMENTS:
        raise BadInput(
            f"the file {name} has {format_count(count, 'row')}, and {MIN_OWN_DOCUMENTS} documents are needed",
            "Give a file with more rows.",
        )


def read_documents(
    file: TableFile, settings: Settings, progress: ProgressReporter, *, is_trial: bool
) -> SourceDocuments:
    """At most `settings.batch` documents of a table, drawn by the seed. Raises BadInput.

    A Parquet file is read in parts: first its labels, then the texts that are drawn. pandas holds all of a CSV file. A
    trial reads a limited part of a large one, in limited time, and counts the memory of both arms.
    """
    limit_s = MAX_SCAN_S if is_trial else None
    found = check_table(file, MAX_ROWS, progress, limit_s)
    _require_rows(found.rows, file.name)
    file_rows = found.rows
    if file.kind == "CSV":
        require_memory(found, ARMS if is_trial else 1)
        if is_trial and found.size_bytes > MAX_TRIAL_BYTES:
            found = check_table(
                file, max(1_000, round(found.rows * MAX_TRIAL_BYTES / found.size_bytes)), progress, limit_s
            )
    progress("reading the labels")
    content = read_table(found, progress, ROWS_PER_BATCH)
    text_index, label_index = _choose_columns(content, settings, file.name)
    if file.kind == "CSV":
        content.batches = iter(held := list(content.batches))
    else:
        held = None
    label_name = content.schema.names[label_index]
    labels = _LabelColumn(label_name, file.name)
    for batch in content.batches:
        labels.add(batch.column(label_index), batch.column(text_index))
    content.finish()
    name = f"the file {escape_invisible(file.name)}"
    used, left_out = choose_classes(labels.count(), name, LABEL_REMEDY)
    classes = labels.number(used)
    drawn = draw_documents(classes, settings.batch, settings.seed)
    progress("reading the texts")
    texts = _take_texts(held or _iterate(found, progress), text_index, drawn)
    names = [used[number] for number in classes[drawn]]
    left_out = [*labels.describe_left_out(), *left_out]
    return SourceDocuments(
        texts=texts,
        labels=names,
        total=int(np.count_nonzero(classes >= 0)),
        is_whole=found.is_whole and found.rows == file_rows,
        description=f"{escape_invisible(file.name)} ({content.layout}), texts of column "
        f"{shorten(content.schema.names[text_index])}, labels of column {shorten(label_name)}",
        notes=[RacedInput(label=title, text=text) for title, text in content.notes.to_json()],
        left_out=left_out,
    )


def _iterate(found: TableCheck, progress: ProgressReporter) -> Iterator[pa.RecordBatch]:
    return read_table(found, progress, ROWS_PER_BATCH).batches


def _take_texts(batches: Iterable[pa.RecordBatch], index: int, drawn: Any) -> list[str]:
    """The beginnings of the texts at the ascending positions `drawn`. Raises BadInput if together they are too long."""
    texts: list[str] = []
    first_row = size = 0
    for batch in batches:
        start, end = np.searchsorted(drawn, (first_row, first_row + batch.num_rows))
        if start < end:
            chosen = batch.column(index).take(pa.array(drawn[start:end] - first_row))
            # One character more, which shows that the text is longer.
            part = pc.utf8_slice_codeunits(chosen, 0, MAX_DOCUMENT_CHARACTERS + 1)
            size += pc.sum(pc.utf8_length(part)).as_py()
            texts += part.to_pylist()
        if size > MAX_TOTAL_CHARACTERS:
            raise BadInput(
                f"the first {MAX_DOCUMENT_CHARACTERS:,} characters of each of {len(drawn):,} documents are more than "
                f"{MAX_TOTAL_CHARACTERS:,} together",
                f"Choose about {len(texts) // 100 * 100:,} documents, or give shorter ones.",
            )
        first_row += batch.num_rows
    return texts


def _choose_columns(content: TableContent, settings: Settings, file_name: str) -> tuple[int, int]:
    """The positions of the columns of texts and of labels. Raises BadInput."""
    columns = content.schema.names
    text = _find_column(str(settings.parameters["text_column"]), "text", TEXT_NAMES, columns, file_name)
    label = _find_column(str(settings.parameters["label_column"]), "label", LABEL_NAMES, columns, file_name)
    if text == label:
        raise BadInput(
            f"the column {columns[text]} of {file_name} cannot be both text and label",
            f"Set text_column or label_column to another one: {list_columns(AUTOMATIC, columns)}.",
        )
    has_values = content.count_values(text)[0] > 0
    if not has_values or content.schema.types[text] != pa.string():
        kind = "values that are no texts" if has_values else "no values"
        raise BadInput(
            f"the column {shorten(columns[text])} of {file_name} has {kind}",
            f"Set text_column to a column of texts; the columns are {list_columns(AUTOMATIC, columns)}.",
        )
    return text, label


def _find_column(name: str, what: str, names: Sequence[str], columns: Sequence[str], file_name: str) -> int:
    listed = f"the columns of {file_name} are {list_columns(name, columns)}"
    remedy = f"Set {what}_column to the name of one of them."
    if name == AUTOMATIC:
        lower = [column.strip().lower() for column in columns]
        found = next((lower.index(usual) for usual in names if usual in lower), None)
        if found is None:
            raise BadInput(
                f"no column has a name that is obviously the {what}, such as {', '.join(names[:4])}; {listed}", remedy
            )
        return found
    if name not in columns:
        raise BadInput(f"there is no column {name!r}; {listed}", remedy)
    return columns.index(name)


class _LabelColumn:
    """The labels of all rows, read part by part. Rows without a text or a label have none."""

    def __init__(self, name: str, file_name: str) -> None:
        self.name, self._file_name = name, file_name
        self._numbers: dict[str, int] = {}
        """By label, in the order in which they come."""
        self._parts: list[Any] = []
        """Numbers of the labels of each row; -1 for none."""
        self._fractions: set[float] = set()
        self._unlabelled = self._empty = 0

    def add(self, labels: pa.Array, texts: pa.Array) -> None:
        """The next rows. Raises BadInput if the values cannot be classes."""
        encoded = labels.dictionary_encode()
        # One place more, for missing labels.
        numbers = np.full(len(encoded.dictionary) + 1, -1, np.int64)
        for place, value in enumerate(encoded.dictionary.to_pylist()):
            label = self._name_label(value)
            if label:
                numbers[place] = self._numbers.setdefault(label, len(self._numbers))
        if len(self._numbers) > MAX_DISTINCT_LABELS:
            raise BadInput(
                f"the label {shorten(self.name)} of {self._file_name} has more than {MAX_DISTINCT_LABELS:,} different "
                "values",
                LABEL_REMEDY,
            )
        part = numbers[encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)]
        is_empty = pc.fill_null(pc.equal(pc.utf8_length(texts), 0), True).to_numpy(zero_copy_only=False)
        self._unlabelled += int(np.count_nonzero(part < 0))
        self._empty += int(np.count_nonzero(is_empty & (part >= 0)))
        part[is_empty] = -1
        self._parts.append(part)

    def _name_label(self, value: Any) -> str:
        """A value of the column as the name of a class; empty for none."""
        if isinstance(value, float):
            if value != value:
                return ""
            if not value.is_integer():
                self._fractions.add(value)
                if len(self._fractions) > MAX_FRACTIONS:
                    raise BadInput(
                        f"the label {shorten(self.name)} of {self._file_name} has numbers such as "
                        f"{format_number(value)}, which are quantities, not classes",
                        f"{LABEL_REMEDY} To predict numbers, make classes of them, for example with pandas.cut.",
                    )
            return format_number(value)
        label = "" if value is None else escape_invisible(str(value).strip())
        if len(label) > MAX_LABEL_CHARACTERS:
            raise BadInput(
                f"the label {shorten(self.name)} of {self._file_name} has a value of {len(label):,} characters, which "
                f"is rather a text: {shorten(label)}",
                LABEL_REMEDY,
            )
        return label

    def count(self) -> dict[str, int]:
        """Rows with a text, by label."""
        counts = Counter[int]()
        for part in self._parts:
            counts.update(dict(enumerate(np.bincount(part[part >= 0], minlength=len(self._numbers)).tolist())))
        return {label: counts[number] for label, number in self._numbers.items() if counts[number]}

    def number(self, used: Sequence[str]) -> Any:
        """The position in `used` of the label of each row; -1 for other labels and none: shape (rows,)."""
        places = np.full(len(self._numbers) + 1, -1, np.int64)
        for place, label in enumerate(used):
            places[self._numbers[label]] = place
        return places[np.concatenate(self._parts)]

    def describe_left_out(self) -> list[str]:
        counts = {"without a label": self._unlabelled, "without a text": self._empty}
        return [f"{format_count(count, 'row')} {what}" for what, count in counts.items() if count]
