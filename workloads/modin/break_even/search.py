"""The search for the size from which on a call gains by Modin, both engines in this one process.

While pandas is timed, Ray's processes are stopped, as in a race.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from bench.system.process_tree import pause_tree, resume_tree
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.modin import call_inputs, dataset, results, space_check
from workloads.modin.break_even import analysis
from workloads.modin.calls import Call, CallInputs
from workloads.modin.engines.base import Engine
from workloads.modin.engines.errors import CALL_ERRORS, summarize_error
from workloads.modin.engines.pandas_engine import PandasEngine
from workloads.modin.engines.ray_engine import LocalRayEngine

REPEATS_PER_SIZE = 7
"""How often each engine does the call at each size, after a first call that does not count."""
SIZE_FACTOR = 4
RESUME_DELAY_S = 0.1
"""How long Ray has to come to itself when its processes go on."""


class TimeUp(BadInput):
    """The time that was allowed does not do for a size."""


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """How long a search may take, from now on."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    def check(self, call: Call, rows: int, turn_s: float | None = None) -> None:
        """Raise Late where time is up, or would be after all turns, of which one takes both engines `turn_s`."""
        passed = time.monotonic() - self.began
        needs = passed + REPEATS_PER_SIZE * (turn_s or 0.0)
        if needs <= self.seconds:
            return
        allowed = f"the {self.seconds:,.0f} s that were allowed"
        if turn_s is None:
            raise TimeUp(
                f"{call.code} at {rows:,} rows: {passed:,.1f} s had passed before it was called, and {allowed} were up",
                "Allow more seconds, or choose fewer rows.",
            )
        raise TimeUp(
            f"{call.code} at {rows:,} rows takes both engines {turn_s:,.1f} s a turn: {REPEATS_PER_SIZE} turns do not fit into "
            f"{allowed}, of which {passed:,.1f} s had passed",
            f"Allow {math.ceil(needs):,} s or more, or choose fewer rows to begin with.",
        )


def search_break_even(
    settings: Settings, call: Call, least: int, most: int, seconds: float, tell: TaskReporter
) -> dict[str, Any]:
    """See `workloads.modin.tasks.ModinTasks.break_even`."""
    parameters = settings.parameters
    columns, kind = int(parameters["columns"]), str(parameters["kind"])
    held = most * sum(dataset.FRAME_CELL_BYTES[one] for one in ["integer", *dataset.column_kinds(kind, columns)])
    space_check.require_space(held, 0, settings.cache, f"{most:,} rows of {columns} columns")
    plain = PandasEngine(tell.progress)
    modin = LocalRayEngine(settings.cores, held, settings.scratch, tell.progress)
    tell.event("start", {"seconds": modin.started_s})
    allowed = TimeBudget(seconds)
    points: list[analysis.BreakEvenPoint] = []
    stopped, rows, last_s = "", least, 0.0
    while rows <= most:
        began = time.monotonic()
        if points and began + SIZE_FACTOR * last_s > allowed.began + seconds:
            stopped = f"{rows:,} rows would take longer than the {seconds:,.0f} s that were allowed"
            break
        tell.progress(f"{call.code}, {rows:,} rows", len(points) / _count_sizes(least, most))
        try:
            point = _measure_point(settings, call, rows, plain, modin, allowed)
        except TimeUp as late:
            if not points:
                raise
            stopped = str(late)
            break
        points.append(point)
        tell.event("point", asdict(point))
        last_s = time.monotonic() - began
        rows *= SIZE_FACTOR
    used = (
        f"pandas and Modin on a Ray of the search's own, {settings.cores} core{'s' * (settings.cores > 1)}, "
        f"a made up table of {columns} columns ({kind})"
    )
    return {"call": call.name, "used": used, "stopped": stopped} | asdict(
        analysis.summarize_points(points, settings.seed)
    )


def _count_sizes(least: int, most: int) -> int:
    count = 0
    while least <= most:
        count, least = count + 1, least * SIZE_FACTOR
    return count


def _measure_point(
    settings: Settings, call: Call, rows: int, plain: Engine, modin: Engine, allowed: TimeBudget
) -> analysis.BreakEvenPoint:
    """Raises Late where the time that is allowed does not do for it."""
    parameters = settings.parameters
    files = dataset.make_synthetic(
        str(parameters["kind"]),
        rows,
        int(parameters["columns"]),
        settings.seed,
        settings.cache,
        lambda text, share=None: allowed.check(call, rows),
    )
    arms: list[tuple[Engine, CallInputs]] = []
    with modin.explained():
        for name, engine in (("pandas", plain), ("modin", modin)):
            out = settings.scratch / f"{name}-{rows}"
            out.mkdir()
            # All rows, for calls of a Python function too: how the time grows with them is what is asked.
            arms.append((engine, call_inputs.build_call_inputs(files, engine, out, settings.seed, slow_rows=rows)))
        allowed.check(call, rows)
        turn_s = RESUME_DELAY_S + _check_same_result(call, rows, arms)
        allowed.check(call, rows, turn_s)

        def alone() -> float:
            with _pause_ray():
                return _time_call_s(call, *arms[0])

        one, other = analysis.time_alternately(REPEATS_PER_SIZE, alone, lambda: _time_call_s(call, *arms[1]))
    return analysis.BreakEvenPoint(rows, tuple(one), tuple(other))


def _check_same_result(call: Call, rows: int, arms: Sequence[tuple[Engine, CallInputs]]) -> float:
    """The first call of both, which does not count: the seconds that they took. Raises BadInput where they do not do
    the same work."""
    kept, took_s = [], 0.0
    for engine, inputs in arms:
        try:
            result, note = engine.observed(lambda inputs=inputs: call.run(inputs), getattr(inputs, call.on))
        except CALL_ERRORS as error:
            raise BadInput(
                f"{call.code} does not work on this table: {summarize_error(error)}", "Choose another call."
            ) from error
        if note.defaulted or note.references:
            how = "hands it to pandas" if note.defaulted else "only passes references on"
            raise BadInput(f"Modin {how} at {rows:,} rows: {call.code} cannot be compared", "Choose another call.")
        took_s += note.first_s
        kept.append(inputs.out / "result")
        results.store_result(engine.plain(result), call.order, inputs.key, kept[-1])
    if found := results.find_difference(*kept):
        raise BadInput(f"{call.code} gives another result by Modin at {rows:,} rows: {found}", "Choose another call.")
    return took_s


def _time_call_s(call: Call, engine: Engine, inputs: CallInputs) -> float:
    """Time to the result, which is looked at and let go outside the clock."""
    began = time.perf_counter()
    result = call.run(inputs)
    engine.wait(result)
    took = time.perf_counter() - began
    engine.check(result)
    return took


@contextmanager
def _pause_ray() -> Iterator[None]:
    """Stop this process's children, which are Ray's, and let them go on and come to themselves afterwards."""
    children = [child.pid for child in psutil.Process().children()]
    for child in children:
        pause_tree(child)
    try:
        yield
    finally:
        for child in children:
            resume_tree(child)
        time.sleep(RESUME_DELAY_S)
