"""The plan of a script of the user's own, and what is refused before it is one."""

from __future__ import annotations

import json
import os

import pytest

from bench.plan.validation import PlanError
from bench.scheduler.script_jobs import plan_script
from tests.support.script_runs import write_script


def test_a_plan_has_the_file_itself_and_the_arguments(tmp_path, monkeypatch):
    script = write_script(tmp_path, "print(1)\n")
    (tmp_path / "link.py").symlink_to(script)
    monkeypatch.chdir(tmp_path)
    plan = plan_script("link.py", ["--name", "two words"], cores=1, budget_s=90)
    assert plan.parameters["script"] == str(script)
    assert json.loads(str(plan.parameters["arguments"])) == ["--name", "two words"]
    assert (plan.budget_s, plan.parameters["limit"]) == (90, 90), "the limit is the budget, if none is given"
    assert plan_script(str(script), [], cores=1, budget_s=90, limit_s=30).parameters["limit"] == 30


@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        ("no-such.py", {}, r"no-such.py \(/.+/no-such.py\): there is no such file"),
        ("script.py/beside.py", {}, "there is no such file"),
        (".", {}, "this is a folder, not a script"),
        ("pipe", {}, "this is no regular file"),
        ("circle.py", {}, "circle.py"),
        ("~nobody-of-this-name/x.py", {}, "home directory"),
        ("a\0b", {}, "null byte"),
        ("x" * 300, {}, "File name too long"),
        ("script.py", {"limit_s": 0}, "limit: expected an integer from 1 to 3,600, got 0"),
        ("script.py", {"limit_s": 99_999}, "limit: expected an integer from 1 to 3,600, got 99,999"),
        ("script.py", {"budget_s": 1}, "budget_s: expected a number from 2 to 3,600"),
        ("script.py", {"cores": 0}, "cores: expected an integer from 1"),
        ("script.py", {"arguments": ["x" * 400]}, "arguments: expected at most 300 characters"),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path, monkeypatch, path, settings, message):
    monkeypatch.chdir(tmp_path)
    write_script(tmp_path, "print(1)\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle.py").symlink_to("circle.py")
    with pytest.raises(PlanError, match=message):
        plan_script(path, **({"arguments": [], "cores": 1} | settings))


def test_a_script_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    script = write_script(tmp_path, "print(1)\n")
    # The tests may run as root, who may read everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PlanError, match="it cannot be read: permission denied"):
        plan_script(str(script), [])
