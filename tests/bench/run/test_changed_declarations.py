"""A stored run is read, judged, printed, compared and exported without today's declarations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.claims.verdict import decide_claims
from bench.cli.console import make_console
from bench.cli.race_report import print_run
from bench.plan.validation import PlanError, check_plan
from bench.run.comparability import find_obstacles
from bench.run.record import Run
from bench.storage.store import Store
from bench.values.samples import TOTAL
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads


def remove_step(workload: Workload) -> Workload:
    case = workload.default_case
    return replace(workload, cases=(replace(case, steps=case.steps[1:]),))


def rename_step(workload: Workload) -> Workload:
    case = workload.default_case
    return replace(workload, cases=(replace(case, steps=(replace(case.steps[0], name="turn"), *case.steps[1:])),))


def rename_parameter(workload: Workload) -> Workload:
    first, *others = workload.parameters
    return replace(workload, parameters=(replace(first, name="turns"), *others))


def tighten_bound(workload: Workload) -> Workload:
    first, *others = workload.parameters
    return replace(workload, parameters=(replace(first, minimum=10**6, default=10**6), *others))


def rename_lever_value(workload: Workload) -> Workload:
    full, half = workload.lever.values
    lever = replace(workload.lever, values=(full, replace(half, name="part")), accelerated="part")
    return replace(workload, lever=lever)


def rename_case(workload: Workload) -> Workload:
    return replace(workload, cases=(replace(workload.default_case, name="cycle"),))


@pytest.fixture(
    params=[remove_step, rename_step, rename_parameter, tighten_bound, rename_lever_value, rename_case, None],
    ids=lambda change: change.__name__ if change else "remove_workload",
)
def changed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Workload], Workload] | None:
    """The declaration of the trial workload is changed, or removed."""
    if request.param is None:
        monkeypatch.delitem(load_workloads(), "trial")
    else:
        monkeypatch.setitem(load_workloads(), "trial", request.param(load_workloads()["trial"]))
    return request.param


def test_a_run_outlives_its_declaration(finished: Run, changed, capsys) -> None:
    Store().save(finished)
    run = Store().load(finished.id)
    assert run == finished
    assert (run.digest, run.snapshot.workload_title) == (finished.plan.digest, "Trial")
    assert [claim.verdict for claim in decide_claims(run)] == [claim.verdict for claim in run.claims]
    assert [claim.sentence for claim in decide_claims(run)] == [claim.sentence for claim in run.claims]
    assert find_obstacles(run, finished) == []
    assert run.report()["snapshot"]["arms"] == {"baseline": "full work", "accelerated": "half the work"}
    print_run(make_console(), run, Store().summarize_attempts(run))
    printed = capsys.readouterr().out
    assert all(label in printed for label in ("Trial", "full work", "half the work", *run.snapshot.labels().values()))
    assert set(run.snapshot.labels()) == {TOTAL, "spin", "nothing"}


def test_its_plan_is_refused_where_it_no_longer_fits(finished: Run, changed) -> None:
    if changed in (remove_step, rename_step):
        check_plan(finished.plan)  # A run of this plan would time other steps.
        return
    with pytest.raises(PlanError):
        check_plan(finished.plan)
