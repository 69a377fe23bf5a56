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

from bench.system.process_tree import freeze_tree, thaw_tree
from bench.workload.declaration import BadInput, Settings, Tell
from workloads.modin import call_inputs, dataset, results
from workloads.modin.break_even import analysis
from workloads.modin.calls import Call, Tables
from workloads.modin.engines.base import UNFIT, Engine, Pandas, said
from workloads.modin.engines.ray_engine import ModinOnRay

TIMES = 7
"""How often each engine does the call at each size, after a first call that does not count."""
GROWTH = 4
SETTLE_S = 0.1
"""How long Ray has to come to itself when its processes go on."""


class Late(BadInput):
    """The time that was allowed does not do for a size."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """How long a search may take, from now on."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    def check(self, call: Call, rows: int, turn_s: float | None = None) -> None:
        """Raise Late where time is up, or would be after all turns, of which one takes both engines `turn_s`."""
        passed = time.monotonic() - self.began
        needs = passed + TIMES * (turn_s or 0.0)
        if needs <= self.seconds:
            return
        allowed = f"the {self.seconds:,.0f} s that were allowed"
        if turn_s is None:
            raise Late(
                f"{call.code} at {rows:,} rows: {passed:,.1f} s had passed before it was called, and {allowed} were up",
                "Allow more seconds, or choose fewer rows.",
            )
        raise Late(
            f"{call.code} at {rows:,} rows takes both engines {turn_s:,.1f} s a turn: {TIMES} turns do not fit into "
            f"{allowed}, of which {passed:,.1f} s had passed",
            f"Allow {math.ceil(needs):,} s or more, or choose fewer rows to begin with.",
        )


def search(settings: Settings, call: Call, least: int, most: int, seconds: float, tell: Tell) -> dict[str, Any]:
    """See `workloads.modin.tasks.Desk.break_even`."""
    parameters = settings.parameters
    columns, kind = int(parameters["columns"]), str(parameters["kind"])
    held = most * sum(dataset.HELD_BYTES[one] for one in ["integer", *dataset.kinds(kind, columns)])
    dataset.check_size(held, 0, settings.cache, f"{most:,} rows of {columns} columns")
    plain = Pandas(tell.progress)
    modin = ModinOnRay(settings.cores, held, settings.scratch, tell.progress)
    tell.event("start", {"seconds": modin.started_s})
    allowed = Allowed(seconds)
    points: list[analysis.Point] = []
    stopped, rows, last_s = "", least, 0.0
    while rows <= most:
        began = time.monotonic()
        if points and began + GROWTH * last_s > allowed.began + seconds:
            stopped = f"{rows:,} rows would take longer than the {seconds:,.0f} s that were allowed"
            break
        tell.progress(f"{call.code}, {rows:,} rows", len(points) / _sizes(least, most))
        try:
            point = _measured(settings, call, rows, plain, modin, allowed)
        except Late as late:
            if not points:
                raise
            stopped = str(late)
            break
        points.append(point)
        tell.event("point", asdict(point))
        last_s = time.monotonic() - began
        rows *= GROWTH
    used = (
        f"pandas and Modin on a Ray of the search's own, {settings.cores} core{'s' * (settings.cores > 1)}, "
        f"a made up table of {columns} columns ({kind})"
    )
    return {"call": call.name, "used": used, "stopped": stopped} | asdict(analysis.outcome(points, settings.seed))


def _sizes(least: int, most: int) -> int:
    count = 0
    while least <= most:
        count, least = count + 1, least * GROWTH
    return count


def _measured(
    settings: Settings, call: Call, rows: int, plain: Engine, modin: Engine, allowed: Allowed
) -> analysis.Point:
    """Raises Late where the time that is allowed does not do for it."""
    parameters = settings.parameters
    files = dataset.synthetic(
        str(parameters["kind"]),
        rows,
        int(parameters["columns"]),
        settings.seed,
        settings.cache,
        lambda text, share=None: allowed.check(call, rows),
    )
    arms: list[tuple[Engine, Tables]] = []
    with modin.explained():
        for name, engine in (("pandas", plain), ("modin", modin)):
            out = settings.scratch / f"{name}-{rows}"
            out.mkdir()
            # All rows, for calls of a Python function too: how the time grows with them is what is asked.
            arms.append((engine, call_inputs.build(files, engine, out, settings.seed, slow_rows=rows)))
        allowed.check(call, rows)
        turn_s = SETTLE_S + _check_alike(call, rows, arms)
        allowed.check(call, rows, turn_s)

        def alone() -> float:
            with _ray_stopped():
                return _seconds(call, *arms[0])

        one, other = analysis.alternately(TIMES, alone, lambda: _seconds(call, *arms[1]))
    return analysis.Point(rows, tuple(one), tuple(other))


def _check_alike(call: Call, rows: int, arms: Sequence[tuple[Engine, Tables]]) -> float:
    """The first call of both, which does not count: the seconds that they took. Raises BadInput where they do not do
    the same work."""
    kept, took_s = [], 0.0
    for engine, inputs in arms:
        try:
            result, note = engine.observed(lambda inputs=inputs: call.run(inputs), getattr(inputs, call.on))
        except UNFIT as error:
            raise BadInput(f"{call.code} does not work on this table: {said(error)}", "Choose another call.") from error
        if note.defaulted or note.references:
            how = "hands it to pandas" if note.defaulted else "only passes references on"
            raise BadInput(f"Modin {how} at {rows:,} rows: {call.code} cannot be compared", "Choose another call.")
        took_s += note.first_s
        kept.append(inputs.out / "result")
        results.keep(engine.plain(result), call.order, inputs.key, kept[-1])
    if found := results.difference(*kept):
        raise BadInput(f"{call.code} gives another result by Modin at {rows:,} rows: {found}", "Choose another call.")
    return took_s


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
    children = [child.pid for child in psutil.Process().children()]
    for child in children:
        freeze_tree(child)
    try:
        yield
    finally:
        for child in children:
            thaw_tree(child)
        time.sleep(SETTLE_S)
