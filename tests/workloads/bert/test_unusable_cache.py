"""A race whose cache cannot be used makes its models without it."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from bench import paths
from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.preparation import PREPARE_TASK
from tests.support import tiny_bert
from tests.support.dispatching import wait_until_over
from tests.support.runs import open_plan, run_race


@pytest.mark.timeout(300)
def test_int8_races_with_a_file_in_place_of_the_cache_folder(home, tmp_path):
    blocked = paths.cache() / "bert"
    blocked.write_text("a file in place of the folder")
    parameters = tiny_bert.write_task_files(tmp_path)
    plan = tiny_bert.make_race_plan("fp32", "int8", parameters)
    race = run_race(open_plan(plan), tmp_path)
    assert race.record.state is State.FINISHED, race.record.failure
    assert race.record.statistics
    facts = [prepared.facts.get("cache", "") for prepared in race.record.prepared]
    assert len(facts) >= 2 and all("was not stored, because the cache cannot be used" in fact for fact in facts)
    assert blocked.is_file()
    job_id = (dispatcher := Dispatcher()).submit_measurement(plan, PREPARE_TASK, {}, origin="command line")
    record = wait_until_over(dispatcher, job_id, 120).measurement
    assert record.state is State.FAILED
    assert "was made and not stored: the cache cannot be used" in record.failure.what
