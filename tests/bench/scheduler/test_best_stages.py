"""The choice of the best stages: what is raced, what is kept, what is confirmed, and what a stored choice is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from bench.claims.stage_choice import judge_stages
from bench.claims.verdict import decide_claims
from bench.machine.describe import describe_machine
from bench.plan.validation import PlanError, make_plan
from bench.run.record import Run
from bench.scheduler import best_stages, race_series
from bench.scheduler.best_stages import BestStagesGoal, ChoiceState, SelectedRuns, plan_all_stages
from bench.scheduler.best_stages_text import describe_result, list_stage_lines
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.race_series import RaceSeries, SeriesHistory
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.claims import NoteKind, Outcome
from bench.values.samples import Evidence
from bench.values.selection import SelectionRole, StageDecision, StageVerdict
from tests.support.dispatching import wait_until_over
from tests.support.staged import STAGES
from tests.support.staged_runs import SelectingRacer, make_staged_run

EVERYTHING = plan_all_stages(make_plan("staged", cores=1))


@pytest.fixture(autouse=True)
def unchecked(monkeypatch) -> None:
    """Nothing is wrong with the inputs."""
    monkeypatch.setattr(race_series, "find_bad_inputs", lambda plans, is_stopped: [None] * len(plans))
    monkeypatch.setattr(race_series, "check_inputs", lambda plan: None)


@pytest.fixture
def history() -> SeriesHistory:
    return SeriesHistory(Store(), describe_machine())


def make_goal(history: SeriesHistory, since: datetime | None = None) -> BestStagesGoal:
    return BestStagesGoal(EVERYTHING, SelectedRuns(history.store, history.machine, since))


def choose(history: SeriesHistory, times: Callable[[frozenset[str]], Mapping[str, float]] | None = None):
    """Run the whole series with races that take no time; the racer and the choice."""
    goal, racer = make_goal(history), SelectingRacer(history.store, times)
    RaceSeries([goal], history).run(racer)
    return racer, goal.find_choice()


def verdicts_of(decisions: list[StageDecision]) -> dict[str, str]:
    return {decision.stage: decision.verdict.value for decision in decisions}


def test_stages_that_lose_are_left_out_before_the_others_are_judged(history):
    goal = make_goal(history)
    assert goal.count_races(history) == 3
    racer, choice = choose(history)
    stages = [plan.parameters["accelerate"] for plan in racer.raced]
    assert stages == ["fast,slow,same,shy", "fast,same,shy", "fast,shy"], "shy gains once slow is gone"
    assert choice.state is ChoiceState.CONFIRMED and choice.is_valid and choice.plan == racer.raced[-1]
    first, second, last = racer.runs
    assert [run.selection.role for run in racer.runs] == ["choose", "choose", "confirm"]
    assert [run.selection.run_ids for run in racer.runs] == [[], [first.id], [first.id, second.id]]
    assert choice.confirmed_by == history.store.load(last.id)
    assert verdicts_of(choice.selection.decisions) == {
        "fast": "gains",
        "slow": "loses",
        "same": "same code",
        "shy": "gains",
    }
    assert {one.stage: one.run_id for one in choice.selection.decisions} == {
        "fast": second.id,
        "slow": first.id,
        "same": second.id,
        "shy": second.id,
    }
    assert goal.choose(history) is None and goal.count_races(history) == 0


def test_without_a_loser_the_first_race_decides_and_another_one_confirms_even_the_same_stages(history):
    racer, choice = choose(history, lambda chosen: dict.fromkeys(chosen, 0.5))
    assert [plan.parameters["accelerate"] for plan in racer.raced] == ["fast,slow,same,shy"] * 2
    assert [run.selection.role for run in racer.runs] == ["choose", "confirm"]
    assert choice.confirmed_by is not None and choice.confirmed_by.id == racer.runs[1].id != racer.runs[0].id


def test_a_choice_without_gains_confirms_nothing(history):
    racer, choice = choose(history, lambda chosen: {})
    assert len(racer.raced) == 1 and choice.state is ChoiceState.NOTHING and not choice.is_valid
    assert describe_result(choice) == "No stage gains under these settings"


def test_times_that_show_nothing_are_no_reason_against_a_stage(history):
    goal, racer = make_goal(history), SelectingRacer(history.store, pairs=4)
    RaceSeries([goal], history).run(racer)
    choice = goal.find_choice()
    assert choice.state is ChoiceState.UNKNOWN and choice.is_over and not choice.is_valid
    assert describe_result(choice).startswith("No stage can be chosen: Too few pairs: 4 pairs")


def test_the_confirming_race_counts_whatever_it_shows_and_repeating_it_does_not_help(history):
    times = iter([{"fast": 0.5}, {"fast": 1.5}])
    racer, choice = choose(history, lambda chosen: next(times))
    assert choice.state is ChoiceState.REFUTED and not choice.is_valid
    assert "does not confirm it" in describe_result(choice)
    # The same stages once more, because they did not please: the run carries the choice, and decides nothing.
    repeated = make_staged_run(choice.plan, {"fast": 0.5}, choice.selection)
    history.store.save(repeated)
    again = make_goal(history).find_choice()
    assert again.state is ChoiceState.REFUTED and again.confirmed_by.id == racer.runs[-1].id
    attempts = history.store.summarize_attempts(repeated)
    assert attempts.count == 2 and attempts.neighbour_count == 1, "a claim says how often it was tried"


def test_a_choice_that_was_stopped_goes_on_and_a_race_of_somebody_else_is_no_part_of_it(history):
    history.store.save(make_staged_run(EVERYTHING, {"fast": 0.1}))
    goal, racer = make_goal(history), SelectingRacer(history.store)
    series = RaceSeries([goal], history)
    series.run(racer, lambda progress: series.stop() if progress.job_id else None)
    assert len(racer.raced) == 1, "the race without a mark was not used"
    assert make_goal(history).count_races(history) == 2
    assert make_goal(history).find_choice().state is ChoiceState.OPEN
    racer, choice = choose(SeriesHistory(history.store, history.machine))
    assert [run.selection.role for run in racer.runs] == ["choose", "confirm"] and choice.is_valid


def test_a_race_that_fails_ends_the_choice(history):
    racer = SelectingRacer(history.store, fails=True)
    RaceSeries([make_goal(history)], history).run(racer)
    assert len(racer.raced) == 1 and list(history.problems) == [EVERYTHING.digest]


@pytest.mark.parametrize("changed", [1, 2])
def test_data_that_changes_between_the_races_ends_the_choice_and_the_next_begins_anew(history, changed):
    """`changed` is the number of the first race with other data."""
    racer = SelectingRacer(history.store, data=["old"] * changed + ["new"])
    RaceSeries([make_goal(history)], history).run(racer)
    assert len(racer.raced) == changed + 1
    choice = make_goal(history).find_choice()
    assert choice.state is ChoiceState.OPEN and choice.changes == ("the data of the races",)
    racer, choice = choose(SeriesHistory(history.store, history.machine))
    assert len(racer.raced) == 3 and choice.is_valid


def test_a_choice_with_other_libraries_is_out_of_date_and_found_again(history):
    choose(history)
    updated = history.machine.model_copy(update={"versions": {**history.machine.versions, "scikit-learn": "99"}})
    newer = SeriesHistory(history.store, updated)
    goal = make_goal(newer)
    choice = goal.find_choice()
    assert choice.state is ChoiceState.CONFIRMED and not choice.is_valid
    assert choice.changes[0].startswith("scikit-learn: ") and choice.changes[0].endswith(" and 99")
    assert goal.choose(newer) == EVERYTHING and goal.count_races(newer) == 3
    assert goal.select(EVERYTHING).run_ids == []


def test_other_settings_and_another_machine_have_no_choice(history):
    choose(history)
    other = plan_all_stages(make_plan("staged", cores=1, batch=2))
    assert BestStagesGoal(other, SelectedRuns(history.store, history.machine)).find_choice().state is ChoiceState.OPEN
    identity = history.machine.identity.model_copy(update={"machine_id": "another", "boot_id": "another"})
    elsewhere = history.machine.model_copy(update={"identity": identity})
    assert not SelectedRuns(history.store, elsewhere).list(EVERYTHING)


def test_finding_it_again_begins_anew_and_the_newest_complete_choice_counts(history):
    _, before = choose(history)
    since = datetime.now(UTC)
    again = SeriesHistory(history.store, history.machine, again=True)
    goal, racer = make_goal(again, since), SelectingRacer(history.store, lambda chosen: {"fast": 0.5})
    series = RaceSeries([goal], again)
    series.run(racer, lambda progress: series.stop() if progress.job_id else None)
    assert len(racer.raced) == 1
    assert make_goal(history).find_choice().confirmed_by.id == before.confirmed_by.id, "the new one is not complete"
    RaceSeries([goal], again).run(racer)
    found = make_goal(history).find_choice()
    assert found.confirmed_by.id == racer.runs[-1].id and found.plan.parameters["accelerate"] == "fast"


def test_claims_say_that_the_stages_were_chosen_after_looking(history):
    racer, choice = choose(history)
    first, second, last = racer.runs
    looked_at = f"races {first.id[:8]} and {second.id[:8]} on this machine"
    assert f"the stages were chosen after looking at {looked_at}" in last.claim().sentence
    assert "chosen after looking" not in first.claim().sentence
    assert find_outcome(last) == (Outcome.ANNOTATED, NoteKind.CONDITION)
    assert find_outcome(last, "fast-1") == (Outcome.ANNOTATED, NoteKind.CONDITION)
    assert find_outcome(first) == (Outcome.PASSED, None), "all stages: nothing was looked at"
    assert find_outcome(first, "fast-1") == (Outcome.ANNOTATED, NoteKind.RESERVATION), "its large ratios chose"
    assert find_outcome(second) == (Outcome.ANNOTATED, NoteKind.CONDITION)
    unmarked = make_staged_run(choice.plan, {"fast": 0.5})
    assert find_outcome(unmarked) == (Outcome.PASSED, None)


def find_outcome(run: Run, step: str = "total") -> tuple[Outcome, NoteKind | None]:
    claim = run.claim(step)
    assert claim is not None
    finding = next(finding for finding in claim.findings if finding.rule == "chosen-after-looking")
    return finding.outcome, finding.kind


@pytest.mark.parametrize(
    ("changes", "seen"), [({"versions": {"numpy": "0.1"}}, "numpy 0.1 and"), ({"data": "other"}, "the data")]
)
def test_a_repetition_under_other_conditions_has_a_reservation(history, changes, seen):
    _, choice = choose(history)
    selection = choice.selection.model_copy(update=changes)
    run = make_staged_run(choice.plan, {"fast": 0.5}, selection)
    assert find_outcome(run) == (Outcome.ANNOTATED, NoteKind.RESERVATION)
    finding = next(one for one in run.claim().findings if one.rule == "chosen-after-looking")
    assert finding.title == "Stages chosen under other conditions" and seen in finding.seen


def test_a_step_that_fell_back_shows_nothing_about_its_stage():
    run = make_staged_run(EVERYTHING, {"fast": 0.5})
    path = Evidence(step="fast-2", path="stock", words=["log"], reason="fell back", code="other")
    run.evidence[Arm.ACCELERATED] = [path if one.step == "fast-2" else one for one in run.evidence[Arm.ACCELERATED]]
    run.claims = decide_claims(run)
    [decision] = judge_stages(run, {"fast": STAGES["fast"]}, {})
    assert decision.verdict is StageVerdict.NO_CLAIM and "did not run" in decision.reason and not decision.is_kept


def test_the_table_names_the_race_that_decided_and_both_ratios(history):
    racer, choice = choose(history)
    lines = {line.label: line for line in list_stage_lines(choice)}
    assert list(lines) == ["Fast", "Slow", "Same", "Shy"]
    assert lines["Slow"].why == f"race {racer.runs[0].id[:8]}" and lines["Slow"].confirmed == ""
    assert lines["Fast"].chosen and lines["Fast"].confirmed and lines["Fast"].is_kept


def test_a_workload_without_stages_is_refused():
    with pytest.raises(PlanError, match="no stages that can be accelerated one by one"):
        plan_all_stages(make_plan("trial"))


def test_real_races_carry_the_choice_and_so_does_a_later_one_with_the_same_stages(monkeypatch):
    """With decisions that do not depend on times."""

    def judge(run: Run, stages: Mapping[str, tuple[str, ...]], labels: Mapping[str, str]) -> list[StageDecision]:
        verdicts = {"slow": StageVerdict.UNDECIDED, "same": StageVerdict.SAME_CODE}
        return [
            StageDecision(
                stage=stage,
                label=labels[stage],
                verdict=verdicts.get(stage, StageVerdict.GAIN),
                ratio=None,
                run_id=run.id,
            )
            for stage in stages
        ]

    monkeypatch.setattr(best_stages, "judge_stages", judge)
    dispatcher = Dispatcher()
    history = SeriesHistory(dispatcher.store, describe_machine())
    goal = BestStagesGoal(
        plan_all_stages(make_plan("staged", cores=1, budget_s=2)), SelectedRuns(history.store, history.machine)
    )
    while (plan := goal.choose(history)) is not None:
        run_id = dispatcher.submit_race(plan, origin="command line", selection=goal.select(plan))
        assert wait_until_over(dispatcher, run_id).run is not None
    choice = goal.find_choice()
    run = choice.confirmed_by
    assert run is not None and run.selection is not None and run.selection.role is SelectionRole.CONFIRM
    assert run.plan.parameters["accelerate"] == "fast,shy" and len(run.selection.run_ids) == 1
    assert run.selection == choice.selection
    assert "chosen after looking" in run.claim().sentence or not run.claim().made
    assert SelectedRuns(history.store, history.machine).find_selection(run.plan) == run.selection
    default = make_plan("staged", cores=1, budget_s=2)
    assert SelectedRuns(history.store, history.machine).find_selection(default) is None
    repeated = dispatcher.submit_race(run.plan, origin="page")
    order = dispatcher.find_order(repeated)
    assert order is not None and order.selection == run.selection
    dispatcher.stop(repeated, origin="page")
    wait_until_over(dispatcher, repeated)
