"""The arm of a script: what is timed, what refuses a claim, and what a traced run says about its calls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.worker.arm_worker import StepClock
from bench.workload.interface import BadInput, Settings
from tests.support.script_runs import write_script
from workloads.script import arm as arm_module
from workloads.script.arm import OUTPUT_MEASURE, STEP, ScriptArm, describe_trace
from workloads.script.printed_output import PrintedOutput
from workloads.script.script_call import ScriptCall, require_unchanged
from workloads.script.script_process import ScriptRun, require_success
from workloads.script.trace import ACCELERATED, CAUSE, FALLBACK, CallTotals, Trace


def make_totals(*messages: str, calls: int = 1, onedal_calls: int = 0, total_s: float = 1.0) -> CallTotals:
    return CallTotals(
        calls=calls,
        total_s=total_s,
        onedal_calls=onedal_calls,
        calls_with_onedal=onedal_calls,
        patched=True,
        messages=Counter(messages),
    )


def make_arm(folder: Path, lever: str = "sklearnex", script: Path | None = None) -> ScriptArm:
    script = script or write_script(folder, "print(1)\n")
    scratch = folder / lever
    scratch.mkdir()
    parameters = {"script": str(script), "arguments": "[]", "limit": 10}
    settings = Settings("script", lever, 1, 1, parameters, 0, scratch, folder, folder, "stock", "sklearnex")
    made = ScriptArm(settings)
    made.call = ScriptCall(script, (), 10.0)
    made.digest = made.call.digest()
    made.command, made.environment = [], {}
    return made


def make_run(status: int = 0, stderr: str = "") -> ScriptRun:
    return ScriptRun(pid=1, seconds=1.0, status=status, timed_out=False, stdout="1\n", stderr=stderr, left=0)


def test_a_script_whose_calls_mostly_fell_back_says_how_many_ran_accelerated():
    trace = Trace(
        {
            ("s.py", 1, ("train_test_split",)): make_totals(f"train_test_split: {ACCELERATED}", onedal_calls=1),
            ("s.py", 2, ("RandomForestClassifier.fit",)): make_totals(
                f"fit: {FALLBACK} Scikit-learn", f"fit: {CAUSE}'entropy' is not supported", total_s=9.0
            ),
            ("s.py", 3, ("RandomForestClassifier.predict",)): make_totals(f"predict: {FALLBACK} Scikit-learn", calls=2),
        }
    )
    evidence = describe_trace(trace, 10.0)
    assert (evidence.path, evidence.calls, evidence.accelerated_calls) == ("accelerated", 4, 1)
    assert evidence.is_partial
    assert evidence.reason.startswith("RandomForestClassifier.fit: 'entropy' is not supported; ")


def test_a_single_call_of_which_a_part_fell_back_is_partial():
    key = ("s.py", 1, ("SVC.fit",))
    evidence = describe_trace(Trace({key: make_totals(f"fit: {ACCELERATED}", f"fit: {FALLBACK}", onedal_calls=1)}), 1.0)
    assert evidence.path == "accelerated" and evidence.is_partial and evidence.reason


def test_a_script_whose_calls_all_ran_accelerated_is_not_partial():
    key = ("s.py", 1, ("SVC.fit",))
    evidence = describe_trace(Trace({key: make_totals(f"fit: {ACCELERATED}", calls=1, onedal_calls=1)}), 1.0)
    assert (evidence.path, evidence.calls, evidence.accelerated_calls, evidence.reason) == ("accelerated", 1, 1, "")
    assert not evidence.is_partial


def test_the_clean_up_is_no_part_of_the_step(tmp_path, monkeypatch):
    done: list[str] = []

    class FakeProcess:
        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def run_to_exit(self) -> None:
            done.append("exit")

        def clean_up(self) -> None:
            done.append("clean up")

        def make_result(self) -> ScriptRun:
            return make_run()

    class NotedClock(StepClock):
        def __call__(self, step, work):
            result = super().__call__(step, work)
            done.append(f"{step} is timed")
            return result

        def leave_out(self, work):
            result = super().leave_out(work)
            done.append("left out")
            return result

    monkeypatch.setattr(arm_module, "ScriptProcess", FakeProcess)
    make_arm(tmp_path).repeat(0, NotedClock({}, lambda: 0.0))
    assert done == ["left out", "exit", f"{STEP} is timed", "clean up", "left out"]


def test_a_script_that_is_edited_during_the_race_makes_no_claim(tmp_path):
    made = make_arm(tmp_path)
    write_script(tmp_path, "print(2)\n")
    with pytest.raises(BadInput, match=r"script.py changed between its runs") as refused:
        made.conclude()
    assert "do not edit the script" in refused.value.remedy
    with pytest.raises(BadInput):
        made.repeat(0, StepClock({}, lambda: 0.0))


def test_the_arguments_belong_to_the_digest(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    digest = ScriptCall(script, ("a",), 1.0).digest()
    require_unchanged(ScriptCall(script, ("a",), 1.0), digest)
    with pytest.raises(BadInput):
        require_unchanged(ScriptCall(script, ("b",), 1.0), digest)


def test_a_link_is_followed_to_the_folder_of_the_script(tmp_path):
    from workloads.script.script_call import read_call

    (tmp_path / "links").mkdir()
    script = write_script(tmp_path, "print(1)\n")
    link = tmp_path / "links" / "link.py"
    link.symlink_to(script)
    assert read_call(make_arm(tmp_path, script=link).settings).script == script


@pytest.mark.parametrize("patched", [False, True])
def test_a_script_that_ran_before_and_fails_again_may_change_its_own_input(tmp_path, patched):
    call = ScriptCall(tmp_path / "script.py", (), 1.0)
    failed = make_run(1, "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'\n")
    with pytest.raises(BadInput, match="FileNotFoundError") as refused:
        require_success(failed, call, patched=patched, ran_before=True)
    assert "it may change its own input" in refused.value.remedy
    with pytest.raises(BadInput) as refused:
        require_success(failed, call, patched=patched)
    assert "its own input" not in refused.value.remedy


def compare(folder: Path, stock: tuple[str, ...], patched: tuple[str, ...]):
    baseline, accelerated = (make_arm(folder, lever) for lever in ("stock", "sklearnex"))
    for made, runs in ((baseline, stock), (accelerated, patched)):
        made.output = PrintedOutput()
        for text in runs:
            made.output.add(text)
    baseline.conclude()
    return accelerated.compare(baseline.settings.scratch)


def test_the_lines_that_vary_are_stated(tmp_path):
    (measure,), tables = compare(tmp_path, ("run 1\nscore 0.9\n", "run 2\nscore 0.9\n"), ("run 3\nscore 0.9\n",))
    assert (measure.name, measure.value, measure.decisive) == (OUTPUT_MEASURE, 100, True)
    assert "1 of 2 lines varies and was not compared" in measure.selection and not tables


def test_without_a_number_to_compare_there_is_a_reason_and_a_remedy(tmp_path):
    varying = ("Loading…\nscore 0.9\n", "Loading…\nscore 0.7\n")
    (measure,), _ = compare(tmp_path, varying, varying)
    assert not measure.decisive and measure.bias == "every line with a number varies from run to run, 1 of 2 lines"
    assert "random_state" in measure.bias_remedy
