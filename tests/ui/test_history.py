"""TODO: tests.ui.test_history."""

from datetime import timedelta

from bench.storage.store import Store
from tests.support.stored_runs import store_run
from ui import history


def test_the_last_result_on_this_machine_comes_before_a_newer_one_elsewhere(finished):
    store_run(finished, "a" * 32)
    elsewhere = finished.machine.model_copy(update={"processor": "Z80"})
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), machine=elsewhere)
    store = Store()
    assert history.find_last_result(store, "trial", finished.machine.short).id == "a" * 32
    assert history.find_last_result(store, "trial", "another").id == "b" * 32
    assert history.find_last_result(store, "nothing", "another") is None
