"""Reads exported races of other machines, and stores them as imported.

A file is input like any other: nothing in it is believed before it is checked. The digest finds edits by hand and by
accident; it is no signature, because a person who edits a file can also write a new digest. So the medians are computed
from the samples again, too.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.formatting import format_bytes
from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.run.job import IMPORT_ORIGIN, is_job_id
from bench.run.record import Run
from bench.run.upgrades import read_version, upgrade_record
from bench.storage.integrity import digest_export
from bench.storage.store import Store
from bench.values.imported import Imported
from bench.values.samples import Phase

MAX_FILE_BYTES = 256 * 2**20
DERIVED_FIELDS = (
    *("inputs", "verdict", "claim", "claim_state", "claims", "edited_after_it_was_stored", "headline", "outcome"),
    *("attempts", "export"),
)
"""What an export has besides the record."""
RELATIVE_TOLERANCE = 1e-9
EXPORT_COMMAND = "python -m bench export RUN FILE"


class ImportFileError(ValueError):
    """A file that cannot be imported. The text says why and what to do."""


def read_run_file(file: Path) -> Run:
    """The race in an exported file, marked as imported. Raises ImportFileError."""
    report = _read_report(file)
    fields = {name: value for name, value in report.items() if name not in DERIVED_FIELDS}
    fields["claims"] = list(report["claims"].values())
    try:
        run = Run.model_validate(upgrade_record(fields))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ImportFileError(
            f"{file}: it is not a complete race: {place}: {first['msg']}. Export it again."
        ) from error
    except ValueError as error:
        raise ImportFileError(f"{file}: it is not a complete race: {error}. Export it again.") from error
    if report.get("edited_after_it_was_stored"):
        raise ImportFileError(
            f"{file}: the race was edited after it was stored where it was made. Race it again there."
        )
    if not is_job_id(run.id) or not run.state.over:
        raise ImportFileError(f"{file}: it is not a race that has ended. Export it again when it has.")
    _check_statistics(run, file)
    run.imported = Imported(
        at=datetime.now(UTC),
        file=file.name,
        machine=f"{run.machine.identity.host or 'an unknown host'} ({run.machine.short})",
        origin=run.origin,
        attempts=str((report.get("attempts") or {}).get("text") or ""),
    )
    run.origin = IMPORT_ORIGIN
    # The sweep that it belongs to was not imported.
    run.parent_id = ""
    return run


def import_run(store: Store, file: Path) -> Run:
    """Store the race in an exported file. Raises ImportFileError and StoreError."""
    run = read_run_file(file)
    if store.row(run.id) is not None:
        raise ImportFileError(f"{file}: run {run.id[:8]} is stored here already. Nothing was changed.")
    store.save(run)
    return run


def describe_import(run: Run, machine: Machine | None = None) -> str:
    """Where an imported run was made, compared with `machine`, by default this one; a sentence."""
    assert run.imported
    if run.machine.is_same_machine(machine or describe_machine()):
        return "It was made on this machine, and counts as imported all the same."
    return f"It was made on another machine: {run.imported.machine}."


def _read_report(file: Path) -> dict[str, Any]:
    """The content of an exported race whose digest fits."""
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImportFileError(f"{file}: it has {format_bytes(size)}, and a run has at most 256 MiB.")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ImportFileError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ImportFileError(f"{file}: it is not JSON in UTF-8. Export the run with: {EXPORT_COMMAND}") from error
    try:
        report = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        if _is_cut_off(text, error):
            raise ImportFileError(
                f"{file}: it ends in the middle, in line {error.lineno}: it was cut off. Copy or export it again."
            ) from error
        raise ImportFileError(f"{file}: it is not JSON: {error}. Export the run with: {EXPORT_COMMAND}") from error
    except (ValueError, RecursionError) as error:
        raise ImportFileError(f"{file}: it is not the JSON of a run: {error}.") from error
    if not isinstance(report, dict) or "version" not in report:
        raise ImportFileError(f"{file}: it is not an exported run. Export one with: {EXPORT_COMMAND}")
    try:
        # Before the digest: a newer version may compute it in another way.
        read_version(report)
    except ValueError as error:
        raise ImportFileError(f"{file}: {error}") from error
    if "task" in report:
        raise ImportFileError(f"{file}: it is a measurement, and only races can be imported.")
    export = report.get("export")
    if not isinstance(export, dict) or not isinstance(report.get("claims"), dict):
        raise ImportFileError(
            f"{file}: it has no digest. An older version of Fairlap exported it, or it was edited. Export it again "
            f"with: {EXPORT_COMMAND}"
        )
    if export.get("digest") != digest_export(report):
        raise ImportFileError(
            f"{file}: it was edited after it was exported: its content does not fit its digest. Ask for the file as it "
            "was exported."
        )
    return report


_UNFINISHED = re.compile(r"|t|tr|tru|f|fa|fal|fals|n|nu|nul|\\?u?[0-9a-fA-F]{0,3}|[-.eE]+")
"""What is left of JSON that was cut off: nothing, or a part of a word, of an escape such as \\u00e9, or of a number."""


def _is_cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether `text` ends where `error` expected more of it."""
    if error.msg.startswith("Extra data"):
        return False
    return "Unterminated" in error.msg or bool(_UNFINISHED.fullmatch(text[error.pos :].strip()))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it contains {name}, which is no number of a run")


def _check_statistics(run: Run, file: Path) -> None:
    """Check that the medians follow from the samples. Raises ImportFileError."""
    # Here because it imports a part of SciPy.
    from bench.stats.comparison import compare_samples

    if not run.statistics:
        return
    again = compare_samples([sample for sample in run.samples if sample.phase is Phase.RACE], work=1.0)
    medians = {one.step: (one.baseline.median, one.accelerated.median) for one in again}
    for one in run.statistics:
        computed = medians.get(one.step, (math.nan, math.nan))
        stored = one.baseline.median, one.accelerated.median
        if not all(math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE) for a, b in zip(computed, stored, strict=True)):
            raise ImportFileError(
                f"{file}: the medians of {one.step} do not follow from its samples, so one of them was edited. Ask for "
                "the file as it was exported."
            )
