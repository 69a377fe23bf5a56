"""The last results that pages show: of this machine if there is one."""

from datetime import timedelta

from bench.storage.store import Store
from tests.support.machines import change_machine
from tests.support.stored_runs import store_run
from ui import history


def test_the_last_result_on_this_machine_comes_before_a_newer_one_elsewhere(finished):
    here = change_machine(finished.machine, identity={"machine_id": "a" * 16})
    elsewhere = change_machine(here, identity={"machine_id": "b" * 16, "boot_id": "another"})
    updated = change_machine(here, kernel="99.9.9", identity={"boot_id": "later"})
    store_run(finished, "a" * 32, machine=here)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), machine=elsewhere)
    store = Store()
    assert elsewhere.short == here.short, "two equal nodes"
    assert history.find_last_result(store, "trial", here).id == "a" * 32
    assert history.find_last_result(store, "trial", updated).id == "a" * 32, "the same machine after a kernel update"
    another = change_machine(here, identity={"machine_id": "c" * 16})
    assert history.find_last_result(store, "trial", another).id == "b" * 32
    assert history.find_last_result(store, "nothing", another) is None
