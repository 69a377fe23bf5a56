"""The self-check of how long races take, with the trial workload."""

from bench.selfcheck.timing import TimedRace, check_time, describe_times
from tests.support.runs import run_trial_race


def test_each_race_has_a_line_with_its_goals_and_one_with_its_stages():
    lines: list[str] = []
    check_time(lines.append, races=[TimedRace("trial", 2.0, 100.0, parameters={"loops": 20_000}, has_caches=True)])
    assert "first pair that counts" in lines[1]
    assert lines[2].startswith("trial loops=20000") and "100 s" in lines[2]
    assert lines[3].startswith("  preparing ") and "racing " in lines[3] and "checking the results " in lines[3]


def test_a_missed_goal_is_marked(tmp_path):
    run = run_trial_race(tmp_path).record
    met = describe_times(run, TimedRace("trial", 100.0, first_pair_s=1000.0), 144.0, 12.0)
    assert "| 12.0, 30 s |" in met and "| 144.0, 145 s |" in met and "!" not in met.split("|")[2]
    assert "1000 s |" in met or run.excluded_pairs
    run.excluded_pairs = 2
    missed = describe_times(run, TimedRace("trial", 100.0, first_pair_s=0.0), 146.0, 31.0)
    assert (
        "| !31.0, 30 s |" in missed and "| !146.0, 145 s |" in missed and missed.split("|")[2].strip().startswith("!")
    )
    assert ", 0 s, 2 pairs excluded |" in missed


def test_a_race_without_a_pair_says_so(tmp_path):
    run = run_trial_race(tmp_path).record
    run.samples = []
    assert describe_times(run, TimedRace("trial", 10.0, 1.0), 5.0, None).endswith("!no pair")
