"""Helpers for tests that submit jobs: small plans, and waits for a state."""

from collections.abc import Callable
from typing import Any

from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.measurement import MeasurementRecord
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.job_status import JobStatus
from tests.support.waiting import MAX_WAIT_S, wait_for

LONG_BUDGET_S = 60.0


def make_trial_plan(**fields) -> Plan:
    parameters = {"loops": 2000} | fields.pop("parameters", {})
    return make_plan("trial", **({"cores": 1, "budget_s": 2, "parameters": parameters} | fields))


def submit_count(dispatcher: Dispatcher, **arguments: Any) -> str:
    """Submit the measurement of the trial workload."""
    return dispatcher.submit_measurement(make_trial_plan(), "count", arguments, origin="command line")


def wait_until_over(dispatcher: Dispatcher, job_id: str, seconds: float = MAX_WAIT_S) -> JobStatus:
    """Wait until the job is over and its runner has exited."""
    wait_for(lambda: dispatcher.status(job_id).over, seconds)
    wait_for(lambda: all(entry.job_id != job_id for entry in dispatcher.entries()))
    return dispatcher.status(job_id)


def wait_until_racing(dispatcher: Dispatcher, run_id: str):
    """Wait until the run takes samples; its record."""
    return wait_for(lambda: (record := dispatcher.status(run_id).run) and record.state is State.RACING and record)


def wait_for_record(
    dispatcher: Dispatcher, job_id: str, condition: Callable[[MeasurementRecord], object]
) -> MeasurementRecord:
    """Wait until the record of a measurement fulfils the condition."""
    return wait_for(
        lambda: (record := dispatcher.status(job_id).measurement) is not None and condition(record) and record
    )
