"""Preparations: what they record, and when a workload counts as ready."""

from __future__ import annotations

import shutil

from bench import paths
from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.plan.validation import make_plan
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.preparation import PlanPreparation, list_default_plans, list_preparations
from bench.workload.preparation import PREPARE_TASK
from bench.workload.registry import load_workloads
from tests.support.waiting import wait_for


def find_preparation(name: str, machine: Machine, dispatcher: Dispatcher) -> PlanPreparation:
    preparations = list_preparations(list_default_plans(), dispatcher.store, machine)
    return next(entry for entry in preparations if entry.workload.name == name)


def test_every_workload_that_has_a_page_can_be_prepared():
    names = {
        entry.workload.name for entry in list_preparations(list_default_plans(), Dispatcher().store, describe_machine())
    }
    assert names == {workload.name for workload in load_workloads().values() if not workload.hidden}


def test_a_workload_is_ready_while_its_cache_entries_exist_and_until_the_next_boot():
    machine, dispatcher = describe_machine(), Dispatcher()
    before = find_preparation("modin", machine, dispatcher)
    assert not before.is_ready and before.last_s is None
    job_id = dispatcher.submit_measurement(before.plan, PREPARE_TASK, {}, origin="command line")
    wait_for(lambda: dispatcher.store.row(job_id) is not None, 120)
    after = find_preparation("modin", machine, dispatcher)
    assert after.is_ready and after.last_s is not None and after.last_s > 0
    identity = machine.identity.model_copy(update={"boot_id": "another"})
    assert not find_preparation("modin", machine.model_copy(update={"identity": identity}), dispatcher).is_ready
    (entry,) = (path for path in (paths.cache() / "modin").glob("mixed-*") if path.is_dir())
    shutil.rmtree(entry)
    assert not find_preparation("modin", machine, dispatcher).is_ready
    assert make_plan("modin").batch == before.plan.batch
