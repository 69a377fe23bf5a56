"""Progress on standard error."""

from __future__ import annotations

import io

from bench.cli import progress
from bench.cli.console import BenchConsole
from bench.cli.progress import JobEnd, ProgressLine, describe_progress
from bench.formatting import format_ratio_with_interval
from bench.run.events import State
from bench.scheduler.job_status import JobStatus
from tests.support.runs import make_claim_run
from tests.support.timelines import make_timeline_run


def test_without_a_terminal_every_new_state_is_one_line(capsys):
    line = ProgressLine()
    for text in ("starting", "preparing: 1 s", "preparing: 2 s", "racing: 3 s, 4 pairs", "racing: 4 s, 9 pairs"):
        line.draw(text)
    line.clear()
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["starting", "preparing: 1 s", "racing: 3 s, 4 pairs"]
    assert captured.out == ""


def test_a_terminal_shows_the_newest_text_and_is_clean_afterwards(monkeypatch, capsys):
    terminal = BenchConsole(file=io.StringIO(), width=80, force_terminal=True)
    monkeypatch.setattr(progress, "make_console", lambda stderr: terminal)
    with ProgressLine() as line:
        line.draw("racing: 3 s [bold]", 0.25)
        line.draw("racing: 4 s [bold]", None)
        print("a result")
    assert capsys.readouterr().out == "a result\n", "standard output is not redirected"
    shown = terminal.file.getvalue()
    assert "racing: 4 s [bold]" in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the line is erased"


def test_a_waiting_job_says_how_many_are_in_front():
    assert describe_progress(JobStatus(place=2)) == ("waiting: 2 in front", None)
    assert describe_progress(JobStatus()) == ("starting", None)


def test_a_race_says_its_state_pairs_and_ratio():
    run = make_claim_run()
    run.state = State.RACING
    text, share = describe_progress(JobStatus(record=run))
    assert text.startswith("racing: ")
    assert f"{run.comparison().baseline.count} pairs" in text
    assert format_ratio_with_interval(run.comparison().ratio) in text
    assert share is not None and 0 <= share <= 1


def test_every_activity_is_named_and_the_bar_follows_its_share():
    text, share = describe_progress(JobStatus(record=make_timeline_run(until=8.5)))
    assert text.startswith(
        "checking the results: 8 s, baseline measuring accuracy: 30 of 40 pictures, "
        "accelerated measuring accuracy: 10 of 40 pictures, 40 pairs, "
    )
    assert share == 0.25


def test_without_an_activity_the_stage_and_its_duration_are_named():
    text, share = describe_progress(JobStatus(record=make_timeline_run(until=9.7)))
    assert text.startswith("checking the results: 10 s, in this stage for 3 s, 40 pairs, ")
    assert share is None, "nothing is known of how far it is"


def test_while_the_arms_take_samples_the_bar_follows_the_budget():
    run = make_timeline_run(until=2.5)
    text, share = describe_progress(JobStatus(record=run))
    assert text == "warming up: 2 s, 2 samples"
    assert share == (run.last_at - 2.1) / 5


def test_exit_statuses():
    run = make_claim_run()
    for state, status in ((State.FINISHED, 0), (State.FAILED, 1), (State.INTERRUPTED, 3), (State.STOPPED, 130)):
        run.state = state
        assert JobEnd(run, "", stopped=False, stored=True).exit_status == status
    assert JobEnd(run, "", stopped=False, stored=False).exit_status == 4
    assert JobEnd(None, "lost", stopped=False, stored=True).exit_status == 1
    assert JobEnd(None, "", stopped=True, stored=True).exit_status == 130
