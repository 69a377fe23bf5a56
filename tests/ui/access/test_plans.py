"""A stranger's plan names no file and no model to fetch; whether a file exists makes no difference to the answer."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.plan.validation import PlanError, make_plan
from ui.access.plans import check_plan_allowed, list_denied_settings
from ui.access.visitor import Denied, Role, Visitor

STRANGER, OPERATOR = Visitor(Role.RUNNER, "browser:1"), Visitor(Role.OPERATOR)
UPLOAD = f"upload:{'ab' * 32}"


@pytest.mark.parametrize(
    ("workload", "parameter", "value"),
    [
        ("modin", "file", "/etc/passwd"),
        ("modin", "file", "../../etc/passwd"),
        ("modin", "file", UPLOAD),
        ("documents", "file", "/home/ann/letters"),
        ("documents", "file", "/proc"),
        ("documents", "file", "upload:../../../../etc"),
        ("bert", "model", "owner/model"),
        ("bert", "model", "~/models/bert"),
        ("bert", "evaluation", "/etc/passwd"),
        ("bert", "evaluation", "upload:../../../../etc/passwd"),
        ("bert", "evaluation", f"{UPLOAD}/../x"),
    ],
)
def test_a_stranger_may_not_choose(workload: str, parameter: str, value: str) -> None:
    plan = make_plan(workload, parameters={parameter: value})
    if (workload, parameter, value) == ("modin", "file", UPLOAD):
        pytest.skip("this parameter has uploads now") if plan_takes_uploads(workload, parameter) else None
    with pytest.raises(Denied, match=f"{parameter}: this server does not take a path"):
        check_plan_allowed(plan, STRANGER)
    check_plan_allowed(plan, OPERATOR)


@pytest.mark.parametrize("visitor", [STRANGER, OPERATOR, replace(OPERATOR, id="person:1", signed_in=True)])
def test_no_page_that_others_can_open_starts_a_script(visitor: Visitor) -> None:
    with pytest.raises(Denied, match="on the machine itself only"):
        check_plan_allowed(make_plan("script"), visitor)
    check_plan_allowed(make_plan("script"), replace(OPERATOR, is_local=True))


def plan_takes_uploads(workload: str, parameter: str) -> bool:
    from bench.plan.validation import find_workload

    return find_workload(workload).parameter(parameter).upload is not None


@pytest.mark.parametrize(
    ("workload", "parameters"),
    [
        ("modin", {}),
        ("documents", {"file": UPLOAD, "text_column": "subject"}),
        ("bert", {"evaluation": UPLOAD}),
        ("bert", {"model": "bert-base-untrained"}),
        ("bert", {"model": "owner/listed"}),
        ("bert", {"quantization": "tuned-0123456789ab"}),
        ("colour-quantization", {"image": UPLOAD}),
    ],
)
def test_a_stranger_may_choose(monkeypatch: pytest.MonkeyPatch, workload: str, parameters: dict) -> None:
    monkeypatch.setenv("FAIRLAP_HUB_MODELS", "owner/listed")
    check_plan_allowed(make_plan(workload, parameters=parameters), STRANGER)


@pytest.mark.parametrize("value", ["../../etc/passwd", "tuned-", "tuned-0123456789ab/..", "Default"])
def test_a_quantization_is_the_name_of_a_tuned_model(value: str) -> None:
    """For everybody: a name that no tuning gives is in no plan."""
    with pytest.raises(PlanError, match=r"quantization: .* is none of default, and does not fit tuned-"):
        make_plan("bert", parameters={"quantization": value})


def test_the_answer_is_the_same_whether_a_file_exists(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    there, missing = (
        list_denied_settings("modin", "overview", {"file": str(tmp_path / name)}, STRANGER) for name in ("there", "no")
    )
    assert there == missing and there


def test_the_time_budget_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", "60")
    check_plan_allowed(make_plan("modin", budget_s=60), STRANGER)
    with pytest.raises(Denied, match="The time budget is 61 s, and visitors of this server may use 60 s"):
        check_plan_allowed(make_plan("modin", budget_s=61), STRANGER)
    check_plan_allowed(make_plan("modin", budget_s=3600), OPERATOR)
