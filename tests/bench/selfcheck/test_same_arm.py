"""The self-check of races of an arm against itself, with the trial workload."""

import psutil

from bench.claims.fairness import different_code
from bench.selfcheck import same_arm
from bench.selfcheck.same_arm import busy_loops, check_same_arm, find_other_refusals
from bench.system.limits import usable_cores
from tests.support.runs import run_trial_race


def test_both_halves_are_reported_with_their_false_claims(monkeypatch):
    monkeypatch.setattr(same_arm, "LOOPS_PER_CORE", 1)
    lines: list[str] = []
    check_same_arm(lines.append, count=1, workload="trial", budget_s=2)
    assert lines[0] == "trial, without load" and "busy loops pinned to each of" in lines[3]
    assert lines[1].startswith(" 1 ") and lines[4].startswith(" 1 ")
    assert all(" of 1 races would have claimed a difference" in line for line in (lines[2], lines[5]))


def test_the_rule_about_the_same_code_does_not_hide_a_false_claim(tmp_path):
    run = run_trial_race(tmp_path, accelerated="full").record
    titles = [finding.title for finding in run.claim().findings if finding.outcome == "refused"]
    assert different_code.refused in titles
    assert find_other_refusals(run) == [title for title in titles if title != different_code.refused]


def test_busy_loops_run_on_their_core_and_end_with_the_block():
    core = usable_cores()[0]
    with busy_loops([core], 2):
        loops = [child for child in psutil.Process().children() if "getppid" in " ".join(child.cmdline())]
        assert len(loops) == 2
    assert not any(loop.is_running() for loop in loops)
