"""TODO: tests.workloads.modin.test_calls."""

import pytest

from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, make_plan
from tests.support.modin import MODIN, prepare_pandas_arm
from workloads.modin.calls import CALLS, select_calls


def test_calls_that_do_no_work_are_raced_beside_others_only():
    with pytest.raises(PlanError, match="concat does no work that could be compared"):
        make_plan("modin", cores=1, parameters={"steps": "concat"})
    plan = make_plan("modin", cores=1, parameters={"steps": "concat,mean"})
    assert [step.name for step in resolve(plan).steps] == ["concat", "mean"]


def test_every_group_has_calls_and_all_are_in_all():
    groups = MODIN.default_case.parameters[0].choices
    assert {name for call in CALLS for name in (call.name, *call.groups)} == set(groups)
    assert select_calls("all") == list(CALLS)
    for group in groups:
        steps = MODIN.default_case.steps_for({"steps": group})
        assert [step.name for step in steps] == [call.name for call in select_calls(group)]


class AccessRecorder:
    """Tables of which it is remembered which were looked at."""

    def __init__(self, tables) -> None:
        self.tables, self.names = tables, set()

    def __getattr__(self, name):
        self.names.add(name)
        return getattr(self.tables, name)


def test_what_a_call_works_on_is_what_it_says(tmp_path):
    arm = prepare_pandas_arm(tmp_path)
    frames = {"frame", "numbers", "few", "left", "text", "dates", "bucket"}
    for call in CALLS:
        touched = AccessRecorder(arm.tables)
        call.run(touched)
        assert touched.names & frames <= {call.on}, call.name
