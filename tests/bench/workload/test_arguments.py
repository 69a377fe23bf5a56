"""Arguments of tasks: what does not fit the declaration is refused in words that a user can act on."""

from __future__ import annotations

from typing import Any

import pytest

from bench.workload.arguments import check_arguments
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.trial.measurements import CountArguments


def check(arguments: dict[str, Any], workload: str = "trial", task: str = "count"):
    return check_arguments(load_workloads()[workload].tasks.task(task), arguments)


def test_arguments_become_the_model_of_the_task():
    assert check({"to": 3, "fault": "slow"}) == CountArguments(to=3, fault="slow")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "to: missing"),
        ({"to": 1, "pace": 2}, "pace: there is no such argument"),
        ({"to": 0}, "to: should be greater than or equal to 1, got 0"),
        ({"to": "many"}, "to: should be a valid integer"),
        ({"to": 1, "fault": "smoke"}, "fault: should be"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(BadInput) as refused:
        check(arguments)
    assert message in str(refused.value)
    assert refused.value.remedy == "The arguments of count are: to, fault."


def test_a_workload_explains_its_own_rules():
    arguments = {"call": "read_csv", "min_rows": 1000, "max_rows": 10, "budget_s": 60}
    with pytest.raises(BadInput, match="Expected a smaller and a larger number of rows, got 1,000 and 10"):
        check(arguments, "modin", "break_even")
