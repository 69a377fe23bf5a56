"""Stores exported races of other machines as imported. See `bench.scheduler.run_file` for what a file may be.

A person who edits a file can also write a new digest, so what the pages rely on is checked too, and the medians are
computed from the samples again.
"""

from __future__ import annotations

import math
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, cast

from pydantic import ValidationError

from bench.formatting import escape_invisible
from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.plan.command import format_command
from bench.plan.plan import Plan
from bench.plan.validation import PlanError
from bench.run.files import journal_path, order_path
from bench.run.job import IMPORT_ORIGIN, is_job_id
from bench.run.record import Run
from bench.run.upgrades import upgrade_record
from bench.scheduler.run_file import ASK_AGAIN, ImportFileError, parse_report, read_run_bytes
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.imported import Imported
from bench.values.samples import TOTAL, Phase, Sample

__all__ = ["ImportFileError", "describe_import", "import_run", "read_run", "read_run_file", "store_imported"]

DERIVED_FIELDS = (
    *("inputs", "verdict", "claim", "claim_state", "claims", "edited_after_it_was_stored", "headline", "outcome"),
    *("attempts", "export"),
)
"""What an export has besides the record."""
LEFT_OUT_FIELDS = (
    *("pictures", "progress", "progress_shares", "last_at"),
    *(name for name, field in Run.model_fields.items() if field.exclude),
)
"""What an export never has."""
RELATIVE_TOLERANCE = 1e-9
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No race is older than Fairlap."""
CLOCK_DIFFERENCE = timedelta(days=1)
"""By how much the clocks of two machines may differ."""
MAX_FILE_NAME_CHARS = 120


def read_run_file(file: Path) -> Run:
    """The race in an exported file, marked as imported. Raises ImportFileError, which names the file."""
    try:
        return read_run(read_run_bytes(file), file.name)
    except ImportFileError as error:
        raise ImportFileError(f"{escape_invisible(str(file))}: {error}") from error


def read_run(content: bytes, file_name: str) -> Run:
    """The race in the content of an exported file, marked as imported. Raises ImportFileError."""
    report = parse_report(content)
    run = _make_run(report)
    if report.get("edited_after_it_was_stored"):
        raise ImportFileError("the race was edited after it was stored where it was made. Race it again there.")
    if not is_job_id(run.id) or not run.state.over:
        raise ImportFileError("it is not a race that has ended. Export it again when it has.")
    _check_content(run)
    _check_statistics(run)
    name = escape_invisible(PurePath(file_name).name)[:MAX_FILE_NAME_CHARS]
    run.imported = Imported(
        at=datetime.now(UTC),
        file=name,
        machine=f"{run.machine.identity.host or 'an unknown host'} ({run.machine.short})",
        origin=run.imported.origin if run.imported else run.origin,
        # A run that was imported there too knows no attempts but those that its own file had.
        attempts=run.imported.attempts if run.imported else _read_attempts(report),
    )
    run.origin = IMPORT_ORIGIN
    # The sweep that it belongs to was not imported.
    run.parent_id = ""
    # People copy it into a shell, so it is not believed.
    run.snapshot = run.snapshot.model_copy(update={"command": _make_command(run.plan, name)})
    return run


def import_run(store: Store, file: Path) -> Run:
    """Store the race in an exported file. Raises ImportFileError and StoreError."""
    run = read_run_file(file)
    try:
        store_imported(store, run)
    except ImportFileError as error:
        raise ImportFileError(f"{escape_invisible(str(file))}: {error}") from error
    return run


def store_imported(store: Store, run: Run) -> None:
    """Store a race that was read from a file. Raises ImportFileError if it is stored already, or if a job with its id
    waits or runs here, and StoreError."""
    if store.row(run.id) is not None:
        raise ImportFileError(f"run {run.id[:8]} is stored here already. Nothing was changed.")
    # Its id is in the address of its page, so that a file can name it.
    if journal_path(run.id).exists() or order_path(run.id).exists():
        raise ImportFileError(f"run {run.id[:8]} waits or runs here. Nothing was changed.")
    store.save(run)


def describe_import(run: Run, machine: Machine | None = None) -> str:
    """Where an imported run was made, compared with `machine`, by default this one; a sentence."""
    assert run.imported
    if run.machine.is_same_machine(machine or describe_machine()):
        return "It was made on this machine, and counts as imported all the same."
    return f"It was made on another machine: {run.imported.machine}."


def _make_run(report: dict[str, Any]) -> Run:
    if found := [name for name in LEFT_OUT_FIELDS if name in report]:
        raise ImportFileError(f"it is not a complete race: an export has no field {found[0]}. {ASK_AGAIN}")
    fields = {name: value for name, value in report.items() if name not in DERIVED_FIELDS}
    fields["claims"] = list(report["claims"].values())
    try:
        return Run.model_validate(upgrade_record(fields))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ImportFileError(f"it is not a complete race: {place}: {first['msg']}. Export it again.") from error
    except (ValueError, IndexError) as error:
        raise ImportFileError(f"it is not a complete race: {error}. Export it again.") from error


def _read_attempts(report: dict[str, Any]) -> str:
    """What the file knows about other attempts at the plan; empty if there were none."""
    attempts = report.get("attempts")
    text = cast(dict[str, Any], attempts).get("text") if isinstance(attempts, dict) else None
    return text if isinstance(text, str) else ""


def _make_command(plan: Plan, file_name: str) -> str:
    try:
        return format_command(plan)
    except PlanError:
        # The workload or the case is not known here.
        return f"python -m bench rerun {shlex.quote(file_name)}"


def _check_content(run: Run) -> None:
    """Check what pages and reports rely on, although no type says it. Raises ImportFileError."""
    if run.started.tzinfo is None or not EARLIEST <= run.started <= datetime.now(UTC) + CLOCK_DIFFERENCE:
        _refuse("started", f"expected a time with a zone, from {EARLIEST:%Y} to now, got {run.started}")
    if run.ended_at is not None and not 0 <= run.ended_at <= 366 * 24 * 3600:
        _refuse("ended_at", f"expected the seconds of a race, got {run.ended_at:g}")
    snapshot = run.snapshot
    if set(snapshot.arms) != set(Arm):
        _refuse("snapshot.arms", "expected a label for each of both arms")
    published = [snapshot.published, *(step.published for step in snapshot.steps)]
    for source in [snapshot.source, *(one.source for one in published if one)]:
        if ":" in source.partition(" ")[0] and not source.startswith(("https://", "http://")):
            _refuse("snapshot", f"a source is no address of a page: {source[:80]!r}")
    timed = {tuple(step.step for step in sample.repetition.steps) for sample in run.samples}
    if unknown := {name for steps in timed for name in steps} - {step.name for step in snapshot.steps}:
        _refuse("samples", f"a step is not described: {min(unknown)[:80]!r}")
    # Rules and charts look for the times of the race's steps in all samples.
    if len(set(map(frozenset, timed))) > 1 or any(len(set(steps)) < len(steps) or TOTAL in steps for steps in timed):
        _refuse("samples", "not all have the same steps, each once")
    race = [sample for sample in run.samples if sample.phase is Phase.RACE]
    if len({(sample.pair, sample.arm) for sample in race}) < len(race):
        _refuse("samples", "an arm has two in one pair")
    if run.statistics and not all(_is_timed(sample) for sample in race):
        _refuse("samples", "a time of the race is not positive")


def _is_timed(sample: Sample) -> bool:
    return all(sample.seconds(step) > 0 for step in sample.list_steps())


def _refuse(place: str, problem: str) -> None:
    raise ImportFileError(f"it is not a race that Fairlap could have made: {place}: {problem}. {ASK_AGAIN}")


def _check_statistics(run: Run) -> None:
    """Check that the medians follow from the samples. Raises ImportFileError."""
    # Here because it imports a part of SciPy.
    from bench.stats.comparison import compare_samples

    if not run.statistics:
        return
    try:
        again = compare_samples([sample for sample in run.samples if sample.phase is Phase.RACE], work=1.0)
    except (ValueError, ArithmeticError) as error:
        raise ImportFileError(f"its statistics cannot be computed from its samples: {error}. {ASK_AGAIN}") from error
    medians = {one.step: (one.baseline.median, one.accelerated.median) for one in again}
    for one in run.statistics:
        computed = medians.get(one.step, (math.nan, math.nan))
        stored = one.baseline.median, one.accelerated.median
        if not all(math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE) for a, b in zip(computed, stored, strict=True)):
            raise ImportFileError(
                f"the medians of {one.step} do not follow from its samples, so one of them was edited. {ASK_AGAIN}"
            )
        ratio = one.ratio
        is_of_medians = math.isclose(ratio.value, computed[0] / computed[1], rel_tol=RELATIVE_TOLERANCE)
        if not (is_of_medians and 0 < ratio.low <= ratio.value <= ratio.high):
            raise ImportFileError(f"the ratio of {one.step} does not follow from its medians. {ASK_AGAIN}")
