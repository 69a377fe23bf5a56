"""A user's CSV or Parquet file as the data of a case: its columns of numbers, and a target column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.formatting import escape_invisible, format_bytes, format_count
from bench.system.limits import available_memory_bytes
from bench.tables.content import MAX_EXACT_INTEGER, TableContent
from bench.tables.identify import find_table
from bench.tables.reader import TableCheck, check_table, read_table
from bench.tables.summary import summarize_table
from bench.values.arms import RacedInput
from bench.workload.file_summary import FileSummary
from bench.workload.interface import BadInput, ProgressReporter, Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Estimator, Job
from workloads.estimators.memory import ARMS, MAX_MEMORY_SHARE
from workloads.estimators.options import NO_FILE
from workloads.estimators.own_split import HELD_OUT_SHARE, MIN_ROWS, OwnTable
from workloads.estimators.own_target import Target, choose_target, encode_target, to_numbers

MAX_ROWS = 1 << 24
"""Most rows that are read; the rest of a longer file is not used."""
MAX_SCAN_S = 20.0
"""Longest scan of a CSV file before its race is queued, in seconds."""
MAX_TRIAL_BYTES = 64 << 20
"""Of larger tables, only the first rows are read before the race is queued."""
ROWS_PER_BATCH = 1 << 16
READ_COPIES = 4
"""How often a table is in memory while it is read: pandas, Arrow, the numbers, and a copy of them."""
MIN_REPEATED_SHARE = 0.01
"""Share of rows that repeat another one from which on they are noted: the quality is then that of known rows."""
MAX_NAMES = 8
"""Names of columns in a text. The rest are counted."""
NUMBERS = (pa.int64(), pa.uint64(), pa.float64(), pa.bool_())


def check(file: Path, name: str = "") -> FileSummary:
    """Describe the table in `file`, called `name` in messages. Raises BadInput if no case can use it."""
    return summarize_table(file, name, lambda count: require_rows(count, name or file.name, holds_out=False))


def require_rows(count: int, name: str, *, holds_out: bool, after: str = "") -> None:
    """Raise BadInput if `count` rows are too few. `after` says which of the file's rows were left out before."""
    needed = round(MIN_ROWS / (1 - HELD_OUT_SHARE)) if holds_out else MIN_ROWS
    if count >= needed:
        return
    why = f"{MIN_ROWS} to learn from, and a quarter of all to hold out" if holds_out else f"{MIN_ROWS} to learn from"
    rows = format_count(count, "row") if count else "a header and no rows"
    raise BadInput(f"the file {name} has {rows}{after}, and {needed} are needed: {why}", "Give a file with more rows.")


def read_own_table(settings: Settings, progress: ProgressReporter, *, is_trial: bool = False) -> OwnTable:
    """The numbers of the file of a plan. Raises BadInput if the case cannot use it.

    A trial reads a limited part of a large file, in limited time, and counts the memory of both arms.
    """
    estimator = ESTIMATORS[settings.case]
    file = find_table(str(settings.parameters["file"]), settings.uploads)
    limit_s = MAX_SCAN_S if is_trial else None
    check = check_table(file, MAX_ROWS, progress, limit_s)
    require_rows(check.rows, file.name, holds_out=estimator.holds_out)
    require_memory(check, ARMS if is_trial else 1)
    file_rows, is_whole = check.rows, check.is_whole
    if is_trial and check.size_bytes > MAX_TRIAL_BYTES:
        check = check_table(file, max(1_000, round(check.rows * MAX_TRIAL_BYTES / check.size_bytes)), progress, limit_s)
    progress("reading the file")
    content = read_table(check, progress, ROWS_PER_BATCH)
    index = choose_target(estimator, str(settings.parameters["target_column"]), content.schema.names, file.name)
    columns, notes = _choose_columns(content, index, file.name)
    rows, target_parts = _read_numbers(content, columns, index)
    is_part = is_trial and (not is_whole or len(rows) < file_rows)
    target = encode_target(estimator, content.schema.names[index], target_parts) if index is not None else None
    names = [content.schema.names[column] for column in columns]
    _require_scores(estimator, names, file.name)
    rows, target, dropped = _leave_out_rows(rows, target, names, settings, file.name)
    notes += dropped
    after = " without missing values" if dropped else ""
    require_rows(len(rows), file.name, holds_out=estimator.holds_out, after=after)
    if target is not None:
        notes.insert(0, RacedInput(label="Target", text=target.text))
        if not is_part:
            target.require_usable(estimator, file.name)
    notes += _note_columns(rows, names, content, settings, file.name, is_part=is_part)
    content.finish()
    notes += [RacedInput(label=title, text=text) for title, text in content.notes.to_json()]
    which = "" if dropped else "all of its " if is_whole else "its first "
    size = f"{which}{format_count(len(rows), 'row')}, {format_count(len(names), 'column')}"
    return OwnTable(rows, target, names, file_rows, not is_part, f"{file.name} ({content.layout}), {size}", notes)


def _require_scores(estimator: Estimator, names: Sequence[str], file_name: str) -> None:
    """Raise BadInput if a function that takes one column of scores would get several."""
    if estimator.job is Job.AUC and len(names) != 1:
        raise BadInput(
            f"{estimator.attribute} compares the target with one column of scores, and {file_name} has "
            f"{len(names):,} columns of numbers besides it: {join_names(names)}",
            "Give a file with the target and one column of scores.",
        )


def describe_size(settings: Settings, table: OwnTable) -> Settings:
    """The settings of generated data as large as that of a table, for estimates of memory."""
    share = 1 - HELD_OUT_SHARE if ESTIMATORS[settings.case].holds_out else 1.0
    classes = table.target.class_count if table.target else 0
    parameters = {"columns": len(table.columns), "classes": max(2, classes), "data": "generated", "file": NO_FILE}
    rows = min(settings.batch, round(share * table.file_rows))
    return replace(settings, batch=rows, parameters={**settings.parameters, **parameters})


def require_memory(check: TableCheck, arms: int) -> None:
    """Raise BadInput if reading the table in `arms` arms needs more memory than a race may use."""
    required_bytes, available_bytes = arms * READ_COPIES * check.size_bytes, available_memory_bytes()
    if not available_bytes or required_bytes <= MAX_MEMORY_SHARE * available_bytes:
        return
    where = "in both arms together" if arms == ARMS else "in one arm"
    raise BadInput(
        f"{check.subject} take about {format_bytes(check.size_bytes)}, and reading them {format_bytes(required_bytes)} "
        f"{where}; {format_bytes(available_bytes)} are available",
        "Give a file with fewer rows or columns.",
    )


def _choose_columns(content: TableContent, target: int | None, file_name: str) -> tuple[list[int], list[RacedInput]]:
    """The positions of the columns of numbers besides the target, and notes on those that are left out. Raises BadInput
    if there are none."""
    chosen: list[int] = []
    left_out: dict[str, list[str]] = {}
    for index, (name, dtype) in enumerate(zip(content.schema.names, content.schema.types, strict=True)):
        if index == target:
            continue
        has_values = content.count_values(index)[0] > 0
        if dtype in NUMBERS and has_values:
            chosen.append(index)
            continue
        stored = content.stored_types.get(name)
        kind = "of texts"
        if not has_values:
            kind = "without values"
        elif stored is not None and pa.types.is_temporal(stored):
            kind = "of dates"
        left_out.setdefault(kind, []).append(name)
    if not chosen:
        raise BadInput(
            f"the file {file_name} has no column of numbers besides the target; its columns are "
            f"{join_names(content.schema.names)}",
            "Write texts and dates as numbers, such as one column of 0 and 1 for each text (pandas.get_dummies).",
        )
    texts = [f"{format_count(len(names), 'column')} {kind}: {join_names(names)}" for kind, names in left_out.items()]
    return chosen, [RacedInput(label="Columns left out", text="; ".join(texts))] if texts else []


def join_names(names: Iterable[str]) -> str:
    """Names of columns for a text; the first of them if there are many."""
    listed = [escape_invisible(name) for name in names]
    more = [f"and {len(listed) - MAX_NAMES:,} more"] if len(listed) > MAX_NAMES else []
    return ", ".join(listed[:MAX_NAMES] + more)


def _read_numbers(
    content: TableContent, columns: Sequence[int], target: int | None
) -> tuple[npt.NDArray[np.float64], list[pa.Array]]:
    """The columns as numbers (rows, columns), NaN where a value is missing, and the chunks of the target."""
    parts: list[npt.NDArray[np.float64]] = []
    targets: list[pa.Array] = []
    for batch in content.batches:
        part = np.empty((batch.num_rows, len(columns)))
        for place, column in enumerate(columns):
            part[:, place] = to_numbers(batch.column(column))
        parts.append(part)
        if target is not None:
            targets.append(batch.column(target))
    return np.concatenate(parts), targets


def _leave_out_rows(
    rows: npt.NDArray[np.float64], target: Target | None, names: Sequence[str], settings: Settings, file_name: str
) -> tuple[npt.NDArray[np.float64], Target | None, list[RacedInput]]:
    """The rows with finite values only. Raises BadInput for the others, unless the plan leaves them out."""
    finite = np.isfinite(rows)
    usable: npt.NDArray[np.bool_] = np.asarray(finite.all(axis=1))
    counts = dict(zip(names, np.count_nonzero(~finite, axis=0).tolist(), strict=True))
    if target is not None:
        usable &= ~target.is_missing
        counts[f"{target.name} (the target)"] = int(np.count_nonzero(target.is_missing))
    if usable.all():
        return rows, target, []
    lacking = sorted(((count, name) for name, count in counts.items() if count), key=lambda pair: -pair[0])
    where = join_names(f"{name}: {format_count(count, 'row')}" for count, name in lacking)
    infinite = [name for place, name in enumerate(names) if np.isinf(rows[:, place]).any()]
    kind = "infinite" if infinite and not np.isnan(rows).any() else "missing or infinite" if infinite else "missing"
    if target is not None and target.is_missing.any() and kind == "infinite":
        kind = "missing or infinite"
    count = int(np.count_nonzero(~usable))
    text = f"{count:,} of {format_count(len(rows), 'row')} with {kind} values ({where})"
    if settings.parameters["missing"] != "drop":
        raise BadInput(
            f"the file {file_name} has {text}",
            "Fill them in, or set Missing values to leave out these rows (missing=drop).",
        )
    kept = target.select(usable) if target else None
    return rows[usable], kept, [RacedInput(label="Rows left out", text=text)]


def _note_columns(
    rows: npt.NDArray[np.float64],
    names: Sequence[str],
    content: TableContent,
    settings: Settings,
    file_name: str,
    *,
    is_part: bool,
) -> list[RacedInput]:
    """Notes on columns that are constant or lose digits. Raises BadInput if all are constant, or if the number format
    of the plan cannot hold one."""
    dtype = str(settings.parameters["dtype"])
    largest = np.abs(rows).max(axis=0)
    beyond = [name for name, value in zip(names, largest, strict=True) if value > np.finfo(dtype).max]
    if beyond:
        raise BadInput(
            f"the file {file_name} has numbers beyond the range of {dtype}: {join_names(beyond)}", "Choose float64."
        )
    constant = [name for name, is_constant in zip(names, (rows == rows[0]).all(axis=0), strict=True) if is_constant]
    if len(constant) == len(names) and not is_part:
        raise BadInput(
            f"all columns of numbers of {file_name} are constant: {join_names(constant)}",
            "Give a file with columns that differ between the rows.",
        )
    types = dict(zip(content.schema.names, content.schema.types, strict=True))
    rounded = [
        name
        for name, value in zip(names, largest, strict=True)
        if value > MAX_EXACT_INTEGER and pa.types.is_integer(types[name])
    ]
    halves = [name for name in names if pa.types.is_float16(content.stored_types.get(name, pa.null()))]
    repeated = _count_repeated(rows) if ESTIMATORS[settings.case].holds_out else 0
    notes = {
        "Constant": f"{format_count(len(constant), 'column')}: {join_names(constant)}" if constant else "",
        "Rounded": f"integers beyond 2^53: {join_names(rounded)}" if rounded else "",
        "Number format": f"float16 to {dtype}: {join_names(halves)}" if halves else "",
        "Repeated rows": f"{repeated:,} of {len(rows):,}, so held-out rows may equal rows to learn from"
        if repeated >= MIN_REPEATED_SHARE * len(rows)
        else "",
    }
    return [RacedInput(label=label, text=text) for label, text in notes.items() if text]


def _count_repeated(rows: npt.NDArray[np.float64]) -> int:
    # Imported here because it imports scikit-learn, which the check of an upload does not need.
    from workloads.estimators.quality.functions import digest_rows

    return len(rows) - len(np.unique(digest_rows(rows, np.zeros(len(rows)))))
