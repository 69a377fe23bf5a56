"""Whether something faster than a race's baseline is known: what earlier races on the machine found."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bench.plan.resolved import resolve
from bench.run.comparability import find_machine_differences
from bench.run.events import RunOpened
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.store import Store, StoreError
from bench.values.arms import FasterBaseline
from bench.values.claims import Speed
from bench.workload.levers import LeverValue

MAX_RACES = 20
"""Races of a pair of values that are looked at, the newest first."""


def name_faster_baselines(opened: RunOpened) -> RunOpened:
    """Return the opening with the rivals of its baseline that earlier races on its machine found faster.

    A store that cannot be read stops no race: standard error has the reason.
    """
    plan = opened.plan
    rivals = [value for value in resolve(plan).lever.list_rivals(plan.baseline) if value.name != plan.accelerated]
    if not rivals or not opened.machine.identity.machine_id:
        return opened
    try:
        store = Store()
        try:
            found = [_find_faster(store, opened, rival) for rival in rivals]
        finally:
            store.close()
    except StoreError as error:
        print(f"Whether a faster baseline is known was not looked up: {error}", file=sys.stderr)
        return opened
    faster = [one for one in found if one is not None]
    return opened.model_copy(update={"snapshot": opened.snapshot.model_copy(update={"faster_baselines": faster})})


def _find_faster(store: Store, opened: RunOpened, rival: LeverValue) -> FasterBaseline | None:
    """What the last claim about the plan's baseline and `rival` says, if it says that `rival` is faster."""
    for run in _list_races(store, opened, rival):
        comparison, verdict = run.comparison(), run.verdict
        differences = find_machine_differences(run.machine, opened.machine)
        is_same_hardware = all(difference.is_environment for difference in differences)
        if comparison is None or verdict is None or not is_same_hardware:
            continue
        is_rival_accelerated = run.plan.accelerated == rival.name
        if verdict.speed is not (Speed.FASTER if is_rival_accelerated else Speed.SLOWER):
            return None
        return FasterBaseline(
            name=rival.name,
            label=rival.label,
            ratio=comparison.ratio if is_rival_accelerated else comparison.ratio.inverse(),
            run=run.id,
            raced_on=run.started.date(),
            software_differences=[difference.text for difference in differences],
        )
    return None


def _list_races(store: Store, opened: RunOpened, rival: LeverValue) -> Iterator[Run]:
    """The last races of the plan's baseline and `rival`, whichever of them was the baseline, that made a claim with the
    settings of the plan on its machine; the newest first."""
    plan = opened.plan
    rows = [
        row
        for baseline, accelerated in ((plan.baseline, rival.name), (rival.name, plan.baseline))
        for row in store.rows(
            limit=MAX_RACES,
            kind=JobKind.RACE,
            workload=plan.workload,
            case_name=plan.case,
            baseline=baseline,
            accelerated=accelerated,
            cores=plan.cores,
            batch=plan.batch,
            machine_id=opened.machine.identity.machine_id,
            claimed=True,
        )
    ]
    for row in sorted(rows, key=lambda row: row.started, reverse=True):
        try:
            record = store.load(row.id)
        except StoreError as error:
            # One damaged record hides no other one.
            print(f"A race that may name a faster baseline was left out: {error}", file=sys.stderr)
            continue
        # Another process may have deleted it.
        if isinstance(record, Run) and not record.edited and record.plan.parameters == plan.parameters:
            yield record
