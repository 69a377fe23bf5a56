"""The search for the number of rows from which on a call is faster with Modin. Both engines run in this process.

While pandas is timed, Ray's processes are stopped, as in a race.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from bench.formatting import format_cores
from bench.system.process_tree import pause_tree, resume_tree
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.modin import call_inputs, dataset, results, space_check, table_size
from workloads.modin.break_even import analysis
from workloads.modin.calls import Call, CallInputs
from workloads.modin.engines.base import Engine
from workloads.modin.engines.errors import CALL_ERRORS, summarize_error
from workloads.modin.engines.pandas_engine import PandasEngine
from workloads.modin.engines.ray_engine import LocalRayEngine
from workloads.modin.measurements import BreakEvenArguments, BreakEvenPoint, BreakEvenResult, EngineStart

ROUNDS = 7
"""Timed executions of the call by each engine at each size, after a first one that does not count."""
SIZE_FACTOR = 4
"""Ratio of two successive sizes."""
RESUME_DELAY_S = 0.1
"""Delay between SIGCONT and the next timed call, so that overdue timers of Ray run outside the measurement."""


class OutOfTime(BadInput):
    """The time budget is not enough for a size."""


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """The time that a search may take."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    def check(self, call: Call, rows: int, round_s: float | None = None) -> None:
        """Raise OutOfTime if the budget is spent, or if ROUNDS rounds of `round_s` seconds would exceed it."""
        elapsed_s = self.elapsed_s
        required_s = elapsed_s + ROUNDS * (round_s or 0.0)
        if required_s <= self.seconds:
            return
        if round_s is None:
            raise OutOfTime(
                f"The budget of {self.seconds:,.0f} s was spent before {call.code} was called at {rows:,} rows: "
                f"{elapsed_s:,.1f} s had passed",
                "Allow more seconds, or choose fewer rows.",
            )
        raise OutOfTime(
            f"A round of {call.code} by both engines at {rows:,} rows takes {round_s:,.1f} s: {ROUNDS} rounds do not "
            f"fit into the budget of {self.seconds:,.0f} s. {elapsed_s:,.1f} s of it had passed",
            f"Allow {math.ceil(required_s):,} s or more, or start with fewer rows.",
        )


def search_break_even(
    settings: Settings, call: Call, arguments: BreakEvenArguments, reporter: TaskReporter
) -> BreakEvenResult:
    """See `workloads.modin.tasks.ModinTasks.break_even`."""
    max_rows, budget_s = arguments.max_rows, arguments.budget_s
    columns, kind = int(settings.parameters["columns"]), str(settings.parameters["kind"])
    frame_bytes = table_size.estimate_frame_bytes(kind, max_rows, columns)
    space_check.require_space(frame_bytes, 0, settings.cache, f"{max_rows:,} rows of {columns} columns")
    pandas_engine = PandasEngine(reporter.progress)
    modin_engine = LocalRayEngine(settings.cores, frame_bytes, settings.scratch, reporter.progress)
    reporter.report("start", EngineStart(seconds=modin_engine.start_s))
    budget = TimeBudget(budget_s)
    sizes = _list_sizes(arguments.min_rows, max_rows)
    points: list[BreakEvenPoint] = []
    stopped, last_size_s = "", 0.0
    for rows in sizes:
        size_started = time.monotonic()
        if points and budget.elapsed_s + SIZE_FACTOR * last_size_s > budget_s:
            stopped = f"{rows:,} rows would take longer than the budget of {budget_s:,.0f} s"
            break
        reporter.progress(f"{call.code}, {rows:,} rows", len(points) / len(sizes))
        try:
            point = _measure_point(settings, call, rows, pandas_engine, modin_engine, budget)
        except OutOfTime as error:
            if not points:
                raise
            stopped = str(error)
            break
        points.append(point)
        reporter.report("point", point)
        last_size_s = time.monotonic() - size_started
    compared = (
        f"pandas and Modin on a Ray started for the search, {format_cores(settings.cores)}, "
        f"a synthetic table of {columns} columns ({kind})"
    )
    summary = analysis.summarize_points(points, settings.seed)
    return BreakEvenResult(
        verdict=summary.verdict,
        sentence=summary.sentence,
        compared=compared,
        stopped=stopped,
        crossing=summary.crossing,
        at_every_size=summary.at_every_size,
    )


def _list_sizes(min_rows: int, max_rows: int) -> list[int]:
    """`min_rows`, and multiples of it by SIZE_FACTOR, up to `max_rows`."""
    sizes = [min_rows]
    while sizes[-1] * SIZE_FACTOR <= max_rows:
        sizes.append(sizes[-1] * SIZE_FACTOR)
    return sizes


def _measure_point(
    settings: Settings, call: Call, rows: int, pandas_engine: Engine, modin_engine: Engine, budget: TimeBudget
) -> BreakEvenPoint:
    """Times of the call by both engines at one size. Raises OutOfTime, and BadInput if the results differ."""
    parameters = settings.parameters
    files = dataset.make_synthetic(
        str(parameters["kind"]),
        rows,
        int(parameters["columns"]),
        settings.seed,
        settings.cache,
        lambda text, share=None: budget.check(call, rows),
    )
    arms: list[tuple[Engine, CallInputs]] = []
    with modin_engine.translate_errors():
        for name, engine in (("pandas", pandas_engine), ("modin", modin_engine)):
            out = settings.scratch / f"{name}-{rows}"
            out.mkdir()
            # All rows, also for calls with a Python function, because the search shows how their time grows.
            arms.append((engine, call_inputs.build_call_inputs(files, engine, out, settings.seed, slow_rows=rows)))
        budget.check(call, rows)
        round_s = RESUME_DELAY_S + _check_same_result(call, rows, arms)
        budget.check(call, rows, round_s)

        def time_pandas_s() -> float:
            with _pause_ray():
                return _time_call_s(call, *arms[0])

        pandas_s, modin_s = time_alternately(ROUNDS, time_pandas_s, lambda: _time_call_s(call, *arms[1]))
    return BreakEvenPoint(rows=rows, pandas=pandas_s, modin=modin_s)


def _check_same_result(call: Call, rows: int, arms: Sequence[tuple[Engine, CallInputs]]) -> float:
    """Execute the first call of each engine, which does not count. Returns the time that they took together.

    Raises BadInput if the engines do not do the same work.
    """
    result_files, total_s = [], 0.0
    for engine, inputs in arms:
        try:
            result, execution = engine.observe(lambda inputs=inputs: call.run(inputs), getattr(inputs, call.on))
        except CALL_ERRORS as error:
            library = f"Modin on {engine.service}" if engine.service else "pandas"
            raise BadInput(
                f"{library} cannot execute {call.code} on the generated table of {rows:,} rows: "
                f"{summarize_error(error)}",
                "Choose another call.",
            ) from error
        if execution.default_warnings or execution.passes_references:
            problem = "hands it to pandas" if execution.default_warnings else "passes references only"
            raise BadInput(f"{call.code} cannot be compared at {rows:,} rows: Modin {problem}", "Choose another call.")
        total_s += execution.first_s
        result_files.append(inputs.out / "result")
        results.store_result(engine.to_pandas(result), call.order, inputs.key, result_files[-1])
    if difference := results.find_difference(*result_files):
        raise BadInput(
            f"{call.code} has another result with Modin than with pandas at {rows:,} rows: {difference}",
            "Choose another call.",
        )
    return total_s


def _time_call_s(call: Call, engine: Engine, inputs: CallInputs) -> float:
    """Time to the result. Errors are raised, and the result is freed, outside the clock."""
    started = time.perf_counter()
    result = call.run(inputs)
    engine.wait(result)
    seconds = time.perf_counter() - started
    engine.raise_failure(result)
    return seconds


def time_alternately(
    rounds: int, first: Callable[[], float], second: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Call both functions, which return seconds, once in each round. The order changes every round, so that drift
    affects both alike."""
    first_s: list[float] = []
    second_s: list[float] = []
    timers = ((first, first_s), (second, second_s))
    for number in range(rounds):
        for timer, times in timers if number % 2 == 0 else reversed(timers):
            times.append(timer())
    return first_s, second_s


@contextmanager
def _pause_ray() -> Iterator[None]:
    """Stop the children of this process, which are Ray's, inside the block."""
    children = [child.pid for child in psutil.Process().children()]
    for child in children:
        pause_tree(child)
    try:
        yield
    finally:
        for child in children:
            resume_tree(child)
        time.sleep(RESUME_DELAY_S)
