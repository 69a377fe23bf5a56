"""The calls of pandas to Modin: cases, selections, and the settings of older releases."""

import pytest

from bench.plan.query import from_query
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, make_plan
from tests.support.modin import MODIN, prepare_pandas_arm
from workloads.modin.calls import CALLS, select_calls
from workloads.modin.settings_0_1_0 import GROUPS, upgrade_settings


def make_selection(calls: str):
    return make_plan("modin", "selection", cores=1, parameters={"calls": calls})


def test_a_call_that_does_no_work_is_raced_only_with_others():
    with pytest.raises(PlanError, match="concat does no work that could be compared"):
        make_selection("concat")
    assert [step.name for step in resolve(make_selection("concat,mean")).steps] == ["concat", "mean"]


def test_an_arm_times_the_steps_of_its_case():
    for case in MODIN.cases:
        plan = make_plan("modin", case.name, cores=1)
        names = [step.name for step in resolve(plan).steps]
        assert names and names == [call.name for call in select_calls(case.name, plan.parameters)]
    assert select_calls("all", {}) == list(CALLS)
    assert {name for call in CALLS for name in call.cases} == {case.name for case in MODIN.cases} - {"selection"}
    chosen = select_calls("selection", make_selection("map,read_csv").parameters)
    assert [call.name for call in chosen] == ["read_csv", "map"]


def names_of(case: str) -> list[str]:
    return [call.name for call in select_calls(case, {})]


@pytest.mark.parametrize(
    ("steps", "case", "calls"),
    [
        ("common,etl", "overview", None),
        ("etl, common", "overview", None),
        ("etl", "etl", None),
        *((group, group, None) for group in GROUPS),
        ("map,read_csv", "selection", "read_csv,map"),
        ("text,mean", "selection", "mean,str_upper,str_contains,to_datetime"),
        (
            "common,etl,files",
            "selection",
            ",".join(call.name for call in CALLS if {"overview", "files"} & {*call.cases}),
        ),
    ],
)
def test_settings_of_the_release_without_cases_select_the_same_calls(steps, case, calls):
    plan = from_query("modin", {"cores": "1", "columns": "8", "steps": steps}, core_limit=2)
    assert (plan.case, plan.parameters["columns"]) == (case, 8)
    assert plan.parameters.get("calls") == calls
    timed = [step.name for step in resolve(plan).steps]
    old_names = {name.strip() for name in steps.split(",")}
    assert timed == [call.name for call in CALLS if old_names & {call.name, *(set(call.cases) & {*GROUPS})}]


def test_unknown_names_of_calls_are_named_in_the_message():
    with pytest.raises(PlanError, match="calls: 'nap' is none of"):
        from_query("modin", {"steps": "map,nap"})
    with pytest.raises(PlanError, match="calls: expected one or more of"):
        from_query("modin", {"steps": ""})


def test_current_settings_are_not_changed():
    settings = {"case": "selection", "calls": "map", "cores": "2"}
    assert upgrade_settings(dict(settings)) == settings


class AccessRecorder:
    """Inputs that record the names of those that are read."""

    def __init__(self, inputs) -> None:
        self.inputs, self.names = inputs, set()

    def __getattr__(self, name):
        self.names.add(name)
        return getattr(self.inputs, name)


def test_a_call_uses_only_the_table_that_it_declares(tmp_path):
    inputs = prepare_pandas_arm(tmp_path).arm.inputs
    tables = {"frame", "numbers", "few", "left", "text", "dates", "bucket"}
    for call in CALLS:
        recorder = AccessRecorder(inputs)
        call.run(recorder)
        assert recorder.names & tables <= {call.on}, call.name
