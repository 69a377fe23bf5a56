"""`stop` and `delete`: what the operator of a served dashboard does on the command line."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.cli.commands import delete, stop
from bench.cli.main import main
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.measurement import MeasurementRecord
from bench.scheduler.control import ControlPipe, remove_pipe
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.queue import INTERACTIVE_KIND, Queue
from bench.storage.store import Store
from tests.support.dispatching import LONG_BUDGET_S, make_trial_plan, wait_until_racing
from tests.support.measurements import make_measurement
from tests.support.waiting import wait_for

EXAMPLE_IDS = ("3f1c2b7a" + "0" * 24, "90d4e6aa" + "0" * 24)


def store_measurement(job_id: str, owner: str = "browser:someone") -> MeasurementRecord:
    record = make_measurement("trial", "count", {"to": 3}).model_copy(update={"id": job_id, "owner": owner})
    Store().save(record)
    return record


@contextmanager
def waiting_job(job_id: str, kind: str = JobKind.RACE, reachable: bool = True) -> Iterator[None]:
    """A job in the queue that leaves it when it is asked to stop."""
    pipe = ControlPipe.create(job_id) if reachable else None
    ticket = Queue().enter(
        job_id=job_id, kind=kind, workload="trial", title="Trial", origin="page", requester="visitor 123456"
    )
    over = threading.Event()

    def wait_for_stop() -> None:
        while not over.wait(0.02):
            if pipe and pipe.stop_request():
                break
        ticket.leave()

    thread = threading.Thread(target=wait_for_stop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if pipe:
            pipe.close()
            remove_pipe(job_id)


def list_examples(text: str) -> list[list[str]]:
    return [shlex.split(line)[3:] for line in text.splitlines() if "python -m bench" in line]


def test_the_examples_of_stop_work(capsys: pytest.CaptureFixture[str]) -> None:
    listing, stopping = list_examples(stop.EXAMPLES)
    with waiting_job(EXAMPLE_IDS[0]):
        assert main(listing) == 0
        row = capsys.readouterr().out.splitlines()[1]
        assert row.startswith("3f1c2b7a") and row.endswith("page") and "visitor 123456" in row
        assert main(stopping) == 0
        assert capsys.readouterr().out.strip() == "Stopped 3f1c2b7a: Trial. It had not begun; nothing is stored."
    assert main(listing) == 0
    assert capsys.readouterr().out.strip() == "No job waits or runs."


def test_the_examples_of_delete_work(capsys: pytest.CaptureFixture[str]) -> None:
    one, several = list_examples(delete.EXAMPLES)
    records = [store_measurement(job_id) for job_id in EXAMPLE_IDS]
    assert main(one) == 0
    title = f"{records[0].snapshot.workload_title}, {records[0].task_label}"
    assert f"Deleted 3f1c2b7a: {title}, finished, started " in capsys.readouterr().out
    assert [row.id for row in Store().rows()] == [EXAMPLE_IDS[1]]
    store_measurement(EXAMPLE_IDS[0])
    assert main(several) == 0
    assert not Store().rows()


def test_a_race_of_another_process_is_stopped_and_what_it_measured_is_stored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dispatcher = Dispatcher()
    plan = make_trial_plan(budget_s=LONG_BUDGET_S, target=0)
    run = dispatcher.submit_race(plan, origin="page", owner="browser:someone")
    wait_until_racing(dispatcher, run)
    wait_for(lambda: (record := dispatcher.status(run).run) and record.samples)
    assert main(["stop", run[:8]]) == 0
    assert f"'show {run[:8]}' prints what it has measured." in capsys.readouterr().out
    stored = Store().load(run)
    assert stored is not None and stored.state is State.STOPPED and stored.samples
    assert main(["delete", run[:8]]) == 0
    assert Store().row(run) is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stop", "ffff"], "no waiting or running job has an id that begins with 'ffff'; 'stop' without an id"),
        (["stop", ""], "expected the beginning of an id, got an empty text"),
        (["delete", "ffff"], "no stored job has an id that begins with 'ffff'; 'show' without an id lists them"),
        (["delete", EXAMPLE_IDS[0], ""], "expected the beginning of an id, got an empty text"),
        (["delete", EXAMPLE_IDS[0], "ffff"], "no stored job has an id that begins with 'ffff'"),
        (["delete", "3f1c"], "2 stored jobs have an id that begins with '3f1c'; give more of it"),
    ],
)
def test_an_id_that_is_not_clear_changes_nothing(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for job_id in (EXAMPLE_IDS[0], "3f1c" + "1" * 28):
        store_measurement(job_id)
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert len(Store().rows()) == 2


def test_a_job_that_cannot_be_stopped_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    for kind, reachable, message in (
        (INTERACTIVE_KIND, False, "answers a person at once and cannot be stopped"),
        (JobKind.RACE, False, "another user or another data folder (FAIRLAP_HOME) started it"),
    ):
        with waiting_job(EXAMPLE_IDS[0], kind, reachable):
            assert main(["stop", "3f1c"]) == 2
        error = capsys.readouterr().err
        assert "3f1c2b7a (Trial) " in error and message in error
