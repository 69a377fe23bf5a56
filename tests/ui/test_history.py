"""Look-ups of earlier runs: the last run of a plan, and the last result of a workload on this machine."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import streamlit as st

from bench.run.events import State
from bench.storage.store import Store
from tests.support.machines import change_machine
from tests.support.stored_runs import get_record, set_record, store_run
from ui import history


@pytest.fixture(autouse=True)
def clear_dispatcher() -> Iterator[None]:
    """The dispatcher is cached per server, but every test has its own data folder."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_the_last_result_on_this_machine_comes_before_a_newer_one_elsewhere(finished):
    here = change_machine(finished.machine, identity={"machine_id": "a" * 16})
    elsewhere = change_machine(here, identity={"machine_id": "b" * 16, "boot_id": "another"})
    updated = change_machine(here, kernel="99.9.9", identity={"boot_id": "later"})
    store_run(finished, "a" * 32, machine=here)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), machine=elsewhere)
    assert elsewhere.short == here.short, "two equal nodes"
    assert history.find_last_result("trial", here).id == "a" * 32
    assert history.find_last_result("trial", updated).id == "a" * 32, "the same machine after a kernel update"
    another = change_machine(here, identity={"machine_id": "c" * 16})
    assert history.find_last_result("trial", another).id == "b" * 32
    assert history.find_last_result("nothing", another) is None


def test_the_last_run_is_the_newest_finished_one_of_the_workload_or_of_the_plan(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), digest="0" * 16)
    store_run(finished, "c" * 32, started=finished.started + timedelta(hours=2), state=State.STOPPED)
    assert history.load_last_run("trial").id == "b" * 32
    assert history.load_last_run("trial", finished.digest).id == "a" * 32
    assert history.load_last_run("trial", "1" * 16) is None


def test_a_result_that_was_edited_is_passed_over(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1))
    assert history.find_last_result("trial", finished.machine).id == "b" * 32
    set_record(Store().url, "b" * 32, get_record(Store().url, "a" * 32))
    assert history.find_last_result("trial", finished.machine).id == "a" * 32
