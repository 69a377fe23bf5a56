"""A recorded run is shown as it was at any second, marked, and is never taken for a result."""

from __future__ import annotations

import json
import zlib

import pytest

from bench.claims.headline import write_headline
from bench.run import events
from bench.run.events import State
from bench.run.outcome import describe_outcome, describe_recording
from bench.run.record import Demonstration, Run
from bench.run.replay import Replay
from bench.run.run_comparison import NotComparableError, compare_runs
from bench.run.upgrades import upgrade_record
from bench.scheduler.run_import import store_imported
from bench.storage.csv_export import samples_csv
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.recorded_race import load_recorded_race
from tests.support.runs import make_claim_run, make_colour_run, run_trial_race
from tests.support.stored_runs import read_old_rows
from ui.charts.share_card import build_share_card
from ui.reports.content import ReportedRun

LAST_FIELDS = {"state", "ended_at", "why", "noise", "claims", "failure", "last_at", "demonstration", "timeline"}
"""What comes with the end of a run."""


@pytest.fixture(scope="module")
def recorded() -> Run:
    return load_recorded_race()


def test_states_and_samples_are_those_of_the_race(tmp_path):
    emitted: list[events.Event] = []
    run = run_trial_race(tmp_path, emitted=emitted).record
    replay = Replay(run)
    for count, event in enumerate(emitted, 1):
        now = replay.at(event.at)
        if isinstance(event, events.StateChanged):
            assert (now.state, now.why) == (event.state, event.why)
        elif isinstance(event, events.SampleTaken | events.RatiosEstimated) and not run.excluded_pairs:
            then = Run.from_events(emitted[:count])
            # A sample counts from its end. Its event is later, and two arms may do their first calls at once.
            assert [sample for sample in now.samples if sample in then.samples] == then.samples
            assert all(one.repetition.began + one.repetition.wall_s <= event.at for one in now.samples)
            assert now.estimates == then.estimates
            assert now.statistics == then.statistics


def test_everything_is_there_in_the_end_and_nothing_of_the_end_before(recorded):
    replay = Replay(recorded)
    end, before = replay.at(replay.duration_s), replay.at(replay.duration_s - 0.01)
    assert end.model_dump() == recorded.model_dump() and end.is_replay
    assert not before.state.over and not before.claims and before.noise is None and before.is_replay
    different = {name for name in Run.model_fields if getattr(before, name) != getattr(recorded, name)}
    assert different <= LAST_FIELDS | {"placements"}
    assert not recorded.demonstration, "the recorded run itself is not marked"


def test_a_run_begins_without_a_sample_and_ends_its_stages_one_by_one(recorded):
    replay = Replay(recorded)
    start = replay.at(0)
    assert (start.state, start.samples, start.prepared, start.last_at) == (State.PREPARING, [], [], 0.0)
    assert (start.plan, start.machine, start.digest) == (recorded.plan, recorded.machine, recorded.digest)
    counts = []
    for percent in range(100):
        now = replay.at(replay.duration_s * percent / 100)
        counts.append(len(now.samples))
        assert bool(now.quality) == bool(now.evidence) == (now.state in (State.CORES, State.NOISE))
        assert bool(now.statistics) == bool(now.estimates)
    assert counts == sorted(counts)


def test_the_ratio_is_the_one_that_was_recorded_then(recorded):
    replay, estimate = Replay(recorded), recorded.estimates[10]
    now = replay.at(estimate.at)
    assert {one.step: one.ratio for one in now.statistics} == estimate.ratios
    comparison = now.comparison()
    assert comparison and comparison.baseline.count == estimate.pairs
    assert replay.at(estimate.at).statistics is now.statistics, "they are computed once for a number of pairs"


def test_pairs_that_turned_out_to_be_warm_up_count_until_then():
    run = make_colour_run(8)
    run.state, run.ended_at, run.excluded_pairs = State.FINISHED, 20.0, 2
    run.samples = [
        one.model_copy(update={"phase": Phase.WARM_UP}) if one.pair in (1, 2) else one for one in run.samples
    ]
    replay = Replay(run)
    early, late = replay.at(2.35), replay.at(19.9)
    assert [one.phase for one in early.samples_of(Arm.BASELINE)] == [Phase.RACE] * 2 and not early.excluded_pairs
    assert late.excluded_pairs == 2
    for arm in Arm:
        for phase in Phase:
            assert late.samples_of(arm, phase) == run.samples_of(arm, phase)


@pytest.mark.parametrize("row", read_old_rows(), ids=lambda row: row["id"][:8])
def test_runs_without_a_timeline_are_replayed_too(row):
    run = Run.model_validate(upgrade_record(json.loads(zlib.decompress(row["record"]))))
    replay = Replay(run)
    assert not run.timeline
    states = list(dict.fromkeys(replay.at(replay.duration_s * part / 200).state for part in range(200)))
    assert states[0] is State.PREPARING
    if run.statistics:
        assert State.RACING in states and states[-1] is not State.RACING
    assert replay.at(replay.duration_s).model_dump() == run.model_dump()


def test_only_a_run_that_has_ended_and_is_as_it_was_stored_is_replayed(recorded):
    for changes, text in (
        ({"state": State.RACING}, "has ended"),
        ({"edited": True}, "edited"),
        ({"demonstration": Demonstration.REPLAY}, "not replayed"),
        ({"demonstration": Demonstration.TRICK}, "not replayed"),
    ):
        with pytest.raises(ValueError, match=text):
            Replay(recorded.model_copy(update=changes))


def test_every_sentence_begins_with_date_and_machine(recorded):
    run = Replay(recorded).at(1e9)
    mark = describe_recording(run)
    assert mark == f"Recorded on {recorded.started:%Y-%m-%d} on {recorded.machine.short_processor}"
    assert recorded.machine.short_processor in recorded.machine.short
    for step in run.list_timed_labels():
        assert describe_outcome(run, step).startswith(f"{mark}: ")
        assert write_headline(run, step).sentence.startswith(f"{mark}: ")
    assert write_headline(Replay(recorded).at(3)).sentence.startswith(f"{mark}: ")


@pytest.mark.parametrize("demonstration", [Demonstration.TRICK, Demonstration.REPLAY])
def test_a_demonstration_is_neither_stored_nor_handed_on(demonstration):
    finished = make_claim_run()
    run = finished.model_copy(update={"demonstration": demonstration})
    store = Store()
    for use, act in {
        "stored": lambda: store.save(run),
        "exported": run.report,
        "reported": lambda: ReportedRun(run, None),
        "shared": lambda: build_share_card(run, "total", write_headline(run), [], "light"),
    }.items():
        with pytest.raises(ValueError, match=f"A {demonstration} is not a result and is not {use}"):
            act()
    with pytest.raises(ValueError, match="not exported"):
        samples_csv(run)
    with pytest.raises(ValueError, match="not stored"):
        store_imported(store, run.model_copy(update={"id": "a" * 32}))
    with pytest.raises(NotComparableError, match=f"is a {demonstration}, not a result"):
        compare_runs([finished, run])
    assert store.count() == 0
