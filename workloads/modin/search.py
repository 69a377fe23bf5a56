"""The search for the size from which on a call gains by Modin, both engines in this one process.

While pandas is timed, Ray's processes are stopped, as in a race.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import psutil

from bench.workload import BadInput, Settings, Tell
from workloads.modin import breakeven, data, results, tables
from workloads.modin.engine import Engine, Pandas
from workloads.modin.on_ray import ModinOnRay
from workloads.modin.steps import Call, Tables

TIMES = 7
"""How often each engine does the call at each size, after a first call that does not count."""
GROWTH = 4
SETTLE_S = 0.1
"""How long Ray has to come to itself when its processes go on."""


def search(settings: Settings, call: Call, least: int, most: int, seconds: float, tell: Tell) -> dict[str, Any]:
    """See `workloads.modin.desk.Desk.break_even`."""
    parameters = settings.parameters
    columns, kind = int(parameters["columns"]), str(parameters["kind"])
    held = most * sum(data.HELD_BYTES[one] for one in ["integer", *data.kinds(kind, columns)])
    data.check_size(held, 0, settings.cache, f"{most:,} rows of {columns} columns")
    plain = Pandas(tell.progress)
    modin = ModinOnRay(settings.cores, held, settings.scratch, tell.progress)
    tell.event("start", {"seconds": modin.started_s})
    deadline = time.monotonic() + seconds
    points: list[breakeven.Point] = []
    stopped, rows, last_s = "", least, 0.0
    while rows <= most:
        if points and time.monotonic() + GROWTH * last_s > deadline:
            stopped = f"{rows:,} rows would take longer than the {seconds:.0f} s that were allowed"
            break
        began = time.monotonic()
        tell.progress(f"{call.code}, {rows:,} rows", len(points) / _sizes(least, most))
        point = _measured(settings, call, rows, plain, modin)
        points.append(point)
        tell.event("point", asdict(point))
        last_s = time.monotonic() - began
        rows *= GROWTH
    return {"call": call.name, "stopped": stopped} | asdict(breakeven.outcome(points, settings.seed))


def _sizes(least: int, most: int) -> int:
    count = 0
    while least <= most:
        count, least = count + 1, least * GROWTH
    return count


def _measured(settings: Settings, call: Call, rows: int, plain: Engine, modin: Engine) -> breakeven.Point:
    parameters = settings.parameters
    files = data.synthetic(
        str(parameters["kind"]),
        rows,
        int(parameters["columns"]),
        settings.seed,
        settings.cache,
        lambda text, share=None: None,
    )
    arms: list[tuple[Engine, Tables]] = []
    for name, engine in (("pandas", plain), ("modin", modin)):
        out = settings.scratch / f"{name}-{rows}"
        out.mkdir()
        # All rows, for calls of a Python function too: how the time grows with them is what is asked.
        arms.append((engine, tables.build(files, engine, out, settings.seed, slow_rows=rows)))
    with modin.explained():
        _check_alike(call, rows, arms)

        def alone() -> float:
            with _ray_stopped():
                return _seconds(call, *arms[0])

        one, other = breakeven.alternately(TIMES, alone, lambda: _seconds(call, *arms[1]))
    return breakeven.Point(rows, tuple(one), tuple(other))


def _check_alike(call: Call, rows: int, arms: Sequence[tuple[Engine, Tables]]) -> None:
    """The first call of both, which does not count. Raises BadInput where they do not do the same work."""
    kept = []
    for engine, inputs in arms:
        try:
            result, note = engine.observed(lambda inputs=inputs: call.run(inputs), getattr(inputs, call.on))
        except (ValueError, TypeError, KeyError) as error:
            raise BadInput(f"{call.code} does not work on this table: {error}", "Choose another call.") from error
        if note.defaulted or note.references:
            how = "hands it to pandas" if note.defaulted else "only passes references on"
            raise BadInput(f"Modin {how} at {rows:,} rows: {call.code} cannot be compared", "Choose another call.")
        kept.append(inputs.out / "result")
        results.keep(engine.plain(result), call.order, inputs.key, kept[-1])
    if found := results.difference(*kept):
        raise BadInput(f"{call.code} gives another result by Modin at {rows:,} rows: {found}", "Choose another call.")


def _seconds(call: Call, engine: Engine, inputs: Tables) -> float:
    """Time to the result, which is looked at and let go outside the clock."""
    began = time.perf_counter()
    result = call.run(inputs)
    engine.wait(result)
    took = time.perf_counter() - began
    engine.check(result)
    return took


@contextmanager
def _ray_stopped() -> Iterator[None]:
    """Stop this process's children, which are Ray's, and let them go on and come to themselves afterwards."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.Error):
            child.suspend()
    try:
        yield
    finally:
        for child in children:
            with suppress(psutil.Error):
                child.resume()
        time.sleep(SETTLE_S)
