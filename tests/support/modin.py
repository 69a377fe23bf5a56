"""What the tests of Modin share: small settings, and the mark of tests that start Ray."""

from pathlib import Path

import numpy as np
import pytest

from bench.machine.core_selection import choose_cores
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.run.record import Run
from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from tests.support.runs import open_plan
from workloads.modin.arm import DataFrameCalls
from workloads.modin.break_even.analysis import BreakEvenPoint

MODIN = load_workloads()["modin"]


needs_ray = pytest.mark.skipif(bool(MODIN.unavailable()), reason=MODIN.unavailable() or "here")


DASK_MISSING = MODIN.unavailable() or MODIN.lever["modin-dask"].unavailable()


needs_dask = pytest.mark.skipif(bool(DASK_MISSING), reason=DASK_MISSING or "here")


def prepare_pandas_arm(tmp_path: Path, case: str = "all", **given) -> DataFrameCalls:
    """The pandas arm, prepared in this process and run once. `calls` needs the case `selection`."""
    parameters = {"columns": 8, "kind": "mixed", "file": "synthetic", "cluster": "own"} | given
    settings = Settings(case, "pandas", 1, given.pop("rows", 300), parameters, 0, tmp_path, tmp_path, tmp_path)
    arm = DataFrameCalls(settings)
    arm.told = arm.prepare(lambda text, share=None: None)
    arm.timed = []
    arm.repeat(0, lambda step, work: (arm.timed.append(step), work())[1])
    return arm


def run_modin_race(
    tmp_path: Path, told=None, engine: str = "modin-ray", rows: int = 400, case: str | None = None, **parameters
) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    given = {"columns": 6} | parameters
    plan = make_plan("modin", case, accelerated=engine, cores=1, batch=rows, budget_s=2, target=0.5, parameters=given)
    racing = Race(
        open_plan(plan),
        emit=told or (lambda event: None),
        stop_requested=lambda: None,
        scratch=scratch,
        cores=choose_cores(1),
    )
    racing.run()
    return racing.record


POINT_ROWS = [1 << power for power in range(10, 21, 2)]


def make_points(fixed: float, share: float, noise: float = 0.02) -> list[BreakEvenPoint]:
    """pandas takes 1 µs a row; Modin `fixed` seconds and `share` of that."""
    rng = np.random.default_rng(0)
    return [
        BreakEvenPoint(
            rows,
            tuple(rows * 1e-6 * (1 + noise * rng.standard_normal(7))),
            tuple((fixed + share * rows * 1e-6) * (1 + noise * rng.standard_normal(7))),
        )
        for rows in POINT_ROWS
    ]
