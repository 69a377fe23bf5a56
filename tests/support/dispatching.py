"""Submit jobs to a dispatcher and wait for their end."""

from bench.plan.validation import make_plan
from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from tests.support.waiting import wait_for

LONG_BUDGET_S = 60.0


def make_trial_plan(**fields):
    parameters = {"loops": 2000} | fields.pop("parameters", {})
    return make_plan("trial", **({"cores": 1, "budget_s": 2, "parameters": parameters} | fields))


def wait_until_over(dispatcher: Dispatcher, run: str):
    wait_for(lambda: dispatcher.status(run).over)
    wait_for(lambda: all(entry.run != run for entry in dispatcher.entries()))
    return dispatcher.status(run)


def wait_until_racing(dispatcher: Dispatcher, run: str):
    """Wait until the run takes samples; its record."""
    return wait_for(lambda: (record := dispatcher.status(run).run) and record.state is State.RACING and record)
