"""The self-check of races of an arm against itself, with the trial workload."""

import psutil
import pytest

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


def test_busy_loops_are_on_their_core_when_the_block_begins_and_end_with_it():
    core = usable_cores()[0]
    with busy_loops([core], 2) as ids:
        loops = [psutil.Process(id_) for id_ in ids]
        assert [loop.cpu_affinity() for loop in loops] == [[core], [core]]
    assert not any(loop.is_running() for loop in loops)


def test_a_busy_loop_that_cannot_start_is_an_error():
    missing = max(usable_cores()) + 10_000
    with pytest.raises(RuntimeError, match="ended before it was on its core"), busy_loops([missing], 1):
        pass
