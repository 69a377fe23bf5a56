"""Series of races: what they race, what they reuse, and how they end. Most of them race nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import pytest

from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.record import Run
from bench.scheduler import race_series
from bench.scheduler.background_series import BackgroundSeries, SeriesRefused
from bench.scheduler.case_series import plan_sizes
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.input_check import InputNotChecked
from bench.scheduler.race_series import (
    RaceEnd,
    RaceSeries,
    SeriesHistory,
    SeriesProgress,
    SeriesRace,
    explain_missing_result,
    summarize_run,
)
from bench.scheduler.series_goals import BreakEvenGoal, KnownResults, ResultGoal, collect_pair_times
from bench.stats.break_even import BreakEvenKind, SizeVerdict
from bench.storage.store import Store
from bench.workload.interface import BadInput
from tests.support.dispatching import LONG_BUDGET_S, make_trial_plan, wait_until_racing
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case
from tests.support.waiting import wait_for

WORKLOAD = find_workload("estimators")


class StoringRacer:
    """Stores a race at once, with the times that `time` says."""

    def __init__(self, store: Store, time: Callable[[Plan], tuple[float, float]] = lambda plan: (2.0, 1.0)) -> None:
        self.store, self.time = store, time
        self.raced: list[Plan] = []
        self.stopped: list[str] = []

    def find_same(self, plan: Plan) -> str:
        return ""

    def stop(self, job_id: str) -> None:
        self.stopped.append(job_id)

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        if not prepare():
            return None
        self.raced.append(plan)
        run = self.make_run(plan)
        began(run.id)
        self.store.save(run)
        return RaceEnd(explain_missing_result(run))

    def make_run(self, plan: Plan) -> Run:
        return make_estimator_run(plan, seconds=self.time(plan))


@pytest.fixture
def history() -> SeriesHistory:
    return SeriesHistory(Store(), describe_machine())


@pytest.fixture(autouse=True)
def checked(monkeypatch) -> list[Plan]:
    """The plans whose inputs are checked when they are chosen. Nothing is wrong with them."""
    plans: list[Plan] = []
    monkeypatch.setattr(race_series, "check_inputs", plans.append)
    return plans


@pytest.fixture(autouse=True)
def checks(monkeypatch) -> list[list[str]]:
    """The cases whose inputs were checked, for each call. Nothing is wrong with them."""
    calls: list[list[str]] = []

    def check(plans, is_stopped):
        calls.append([plan.case for plan in plans])
        return [None] * len(plans)

    monkeypatch.setattr(race_series, "find_bad_inputs", check)
    return calls


def make_search(name: str = "ridge", max_rows: int = 300_000) -> BreakEvenGoal:
    plan = plan_case(name)
    return BreakEvenGoal(plan, tuple(plan_sizes(WORKLOAD, plan, max_rows)))


def gain_from(rows: int, fast_s: float = 0.001) -> Callable[[Plan], tuple[float, float]]:
    return lambda plan: (2 * fast_s, fast_s) if plan.batch >= rows else (fast_s, 2 * fast_s)


def test_only_what_is_missing_is_checked_and_raced(history, checks, checked):
    goals = [ResultGoal(plan_case(name)) for name in ("ridge", "lasso", "svc")]
    history.store.save(make_estimator_run(plan_case("lasso")))
    assert [goal.count_races(history) for goal in goals] == [1, 0, 1]
    racer, seen = StoringRacer(history.store), []
    RaceSeries(goals, history).run(racer, seen.append)
    assert checks == [["ridge", "svc"]]
    assert [plan.case for plan in racer.raced] == ["ridge", "svc"]
    assert not checked, "they were checked before the first race"
    last = seen[-1]
    assert isinstance(last, SeriesProgress) and last.over and last.raced == 2 and not last.why_ended
    again = SeriesHistory(history.store, history.machine, again=True)
    RaceSeries(goals, again).run(racer)
    assert [plan.case for plan in racer.raced[2:]] == ["ridge", "lasso", "svc"], "each once"


def test_inputs_that_cannot_be_used_are_given_up_before_the_first_race(history, monkeypatch):
    monkeypatch.setattr(
        race_series,
        "find_bad_inputs",
        lambda plans, is_stopped: [
            BadInput("too many rows", "Choose fewer.") if p.case == "svc" else None for p in plans
        ],
    )
    racer = StoringRacer(history.store)
    RaceSeries([ResultGoal(plan_case("svc")), ResultGoal(plan_case("ridge"))], history).run(racer)
    assert [plan.case for plan in racer.raced] == ["ridge"]
    assert history.problems == {plan_case("svc").digest: "Too many rows. Choose fewer."}


def test_a_search_halves_and_reuses_what_is_stored(history, checked):
    goal, racer = make_search(), StoringRacer(history.store, gain_from(3_000))
    history.store.save(make_estimator_run(plan_case("ridge"), seconds=(0.002, 0.001)))
    assert goal.count_races(history) == 5
    RaceSeries([goal], history).run(racer)
    # 300,000 rows fit only after the race at 100,000 shows that the time does not grow with their square.
    assert [plan.batch for plan in racer.raced] == [100, 100_000, 300_000, 3_000, 1_000]
    assert checked == racer.raced, "each size is checked when it is chosen"
    assert goal.find_break_even(history).text == "between 1,000 and 3,000 rows"
    fresh = SeriesHistory(history.store, history.machine)
    assert goal.choose(fresh) is None and goal.count_races(fresh) == 0
    known = {
        size.digest: summarize_run(make_estimator_run(size, seconds=gain_from(3_000)(size))) for size in goal.sizes
    }
    assert goal.find_break_even(KnownResults(known)).kind is BreakEvenKind.FROM
    assert goal.find_break_even(KnownResults({})).text == "not known"


def test_sizes_whose_pairs_do_not_fit_into_the_budget_are_not_raced(history):
    # 2 s for a pair of 10,000 rows: 30,000 rows take 18 s, if nothing else is known.
    racer = StoringRacer(history.store, lambda plan: (1.5, 0.5) if plan.batch >= 10_000 else (0.02, 0.01))
    RaceSeries([make_search()], history).run(racer)
    assert max(plan.batch for plan in racer.raced) == 10_000


def test_a_size_that_fails_is_shown_with_its_reason_and_not_tried_again(history):
    class FailingRacer(StoringRacer):
        def make_run(self, plan):
            return make_failed_run(plan) if plan.batch > 10_000 else super().make_run(plan)

    goal, racer = make_search(), FailingRacer(history.store, gain_from(1_000))
    RaceSeries([goal], history).run(racer)
    assert [plan.batch for plan in racer.raced] == [10_000, 100, 100_000, 30_000, 3_000, 1_000]
    failed = {plan.digest for plan in goal.sizes if plan.batch in (30_000, 100_000)}
    why = "10,000 rows take about 6 GiB. Choose fewer rows."
    assert history.problems == dict.fromkeys(failed, why)
    fresh = SeriesHistory(history.store, history.machine)
    for known in (history, fresh):
        assert goal.choose(known) is None and goal.count_races(known) == 0, "with the same libraries"
        found = goal.find_break_even(known)
        assert found.text.startswith("between 100 and 1,000 rows (failed at 30,000 and 100,000 rows: 10,000 rows take")
        assert found.sizes.endswith("10,000 faster, 30,000 failed, 100,000 failed")
        assert {size.reason for size in goal.list_sizes(known) if size.verdict is SizeVerdict.FAILED} == {why}
    updated = history.machine.model_copy(update={"versions": {"scikit-learn": "99"}})
    assert goal.choose(SeriesHistory(history.store, updated)).batch == 10_000
    assert goal.choose(SeriesHistory(history.store, history.machine, again=True)).batch == 10_000


def test_inputs_of_a_size_that_cannot_be_used_make_it_fail(history, monkeypatch):
    def check(plan: Plan) -> None:
        if plan.batch > 10_000:
            raise BadInput("too many rows", "Choose fewer.")

    monkeypatch.setattr(race_series, "check_inputs", check)
    goal, racer = make_search(max_rows=30_000), StoringRacer(history.store, gain_from(1))
    RaceSeries([goal], history).run(racer)
    assert history.problems == {goal.sizes[-1].digest: "Too many rows. Choose fewer."}
    assert "30,000 failed" in goal.find_break_even(history).sizes
    assert max(plan.batch for plan in racer.raced) == 10_000


def test_a_check_that_finds_no_place_is_repeated(history, monkeypatch):
    answers = [InputNotChecked("checks run", "Try again in a minute."), None]

    def check(plan: Plan) -> None:
        if (answer := answers.pop(0) if answers else None) is not None:
            raise answer

    monkeypatch.setattr(race_series, "check_inputs", check)
    monkeypatch.setattr(race_series, "CHECK_RETRY_S", 0.01)
    history.store.save(make_estimator_run(plan_case("ridge"), seconds=(0.002, 0.001)))
    racer = StoringRacer(history.store)
    RaceSeries([make_search(max_rows=10_000)], history).run(racer)
    assert not answers and not history.problems and racer.raced[0].batch == 100


def test_again_counts_only_the_races_of_the_series(history):
    class FailingRacer(StoringRacer):
        def make_run(self, plan):
            return make_failed_run(plan)

    plan = plan_case("ridge")
    history.store.save(make_estimator_run(plan))
    again, racer = SeriesHistory(history.store, history.machine, again=True), FailingRacer(history.store)
    RaceSeries([ResultGoal(plan)], again).run(racer)
    assert racer.raced == [plan] and again.find(plan).failed
    assert again.problems[plan.digest].startswith("10,000 rows take about 6 GiB")
    newer = SeriesHistory(history.store, history.machine, again=True)
    RaceSeries([ResultGoal(plan)], newer).run(StoringRacer(history.store, lambda plan: (1.0, 2.0)))
    assert newer.find(plan).size.verdict is SizeVerdict.SLOWER


@pytest.mark.parametrize("when", ["before", "while the inputs are checked"])
def test_the_same_race_from_elsewhere_is_waited_for_and_not_repeated(history, monkeypatch, when):
    plan = plan_case("ridge", batch=100)
    queue: list[str] = []
    monkeypatch.setattr(race_series, "POLL_INTERVAL_S", 0.01)

    def enter(_: Plan) -> None:
        if when != "before" and not queue:
            queue.append("1" * 32)

    class WaitingRacer(StoringRacer):
        looks = 0

        def find_same(self, wanted: Plan) -> str:
            if wanted != plan or not queue:
                return ""
            self.looks += 1
            if self.looks == 4:
                run = make_estimator_run(plan)
                self.store.save(run)
                queue.clear()
                return ""
            return queue[0]

    monkeypatch.setattr(race_series, "check_inputs", enter)
    history.store.save(make_estimator_run(plan_case("ridge"), seconds=(0.002, 0.001)))
    if when == "before":
        queue.append("1" * 32)
    seen: list[SeriesProgress] = []
    racer = WaitingRacer(history.store)
    RaceSeries([make_search(max_rows=10_000)], history).run(racer, seen.append)
    assert plan not in racer.raced and racer.looks == 4
    assert {progress.waits_for for progress in seen} == {"", "1" * 32}
    assert not history.find(plan).failed


def test_a_stop_while_the_inputs_are_checked_queues_nothing(history, monkeypatch):
    series, racer = RaceSeries([make_search()], history), StoringRacer(history.store)
    history.store.save(make_estimator_run(plan_case("ridge"), seconds=(0.002, 0.001)))
    monkeypatch.setattr(race_series, "check_inputs", lambda plan: series.stop())
    series.run(racer)
    assert not racer.raced and series.progress.over and not series.progress.why_ended


def test_a_stop_while_a_race_is_queued_stops_that_race(history):
    class LateRacer(StoringRacer):
        def race(self, plan, *, prepare, began, **submission):
            assert prepare()
            series.stop()
            began("1" * 32)
            return RaceEnd("The run was stopped.", ends_series=True)

    series, racer = RaceSeries([ResultGoal(plan_case("ridge"))], history), LateRacer(history.store)
    series.run(racer)
    assert racer.stopped == ["1" * 32] and series.progress.over
    assert not series.progress.why_ended, "the visitor knows"


def test_two_fallbacks_end_the_search(history):
    stock = {"path": "stock", "accelerated_calls": 0, "reason": "not supported"}
    run = make_estimator_run(plan_case("lasso"), seconds=(0.002, 0.001), fit=stock, predict=stock)
    history.store.save(run)
    goal = make_search("lasso", max_rows=100_000)
    largest = goal.choose(history)
    assert largest is not None and largest.batch == 100_000, "the largest that fits, for conditions on the rows"
    history.store.save(make_estimator_run(largest, fit=stock, predict=stock))
    assert goal.choose(history) is None
    assert goal.find_break_even(history).text == "not accelerated: stock code at 10,000 and 100,000 rows"


def test_a_race_that_ends_the_series_is_no_problem_of_its_case(history):
    class EndingRacer(StoringRacer):
        def race(self, plan, **_):
            return RaceEnd("You have 2 jobs that wait.", ends_series=True)

    series = RaceSeries([ResultGoal(plan_case("ridge")), ResultGoal(plan_case("svc"))], history)
    series.run(EndingRacer(history.store))
    assert series.progress.over and series.progress.why_ended == "You have 2 jobs that wait."
    assert not history.problems and not history.raced


def test_a_stopped_series_races_nothing_more(history):
    goals = [ResultGoal(plan_case("ridge")), ResultGoal(plan_case("svc"))]
    series, racer = RaceSeries(goals, history), StoringRacer(history.store)
    series.run(racer, lambda progress: series.stop() if progress.job_id else None)
    assert [plan.case for plan in racer.raced] == ["ridge"] and series.progress.over


def test_the_time_of_a_pair_is_known_at_the_sizes_that_were_raced():
    plan, other = plan_case("ridge"), plan_case("ridge", batch=1_000)
    results = KnownResults({other.digest: summarize_run(make_estimator_run(other))})
    assert collect_pair_times(results, [plan, other]) == {1_000: pytest.approx(6.0)}


def test_a_missing_result_is_explained():
    assert explain_missing_result(make_estimator_run(plan_case("ridge"))) == ""
    assert (
        explain_missing_result(make_failed_run(plan_case("ridge")))
        == "10,000 rows take about 6 GiB. Choose fewer rows."
    )


# --- in the background, with real races ---


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


def make_series(dispatcher: Dispatcher, *seeds: int) -> RaceSeries:
    goals = [ResultGoal(make_trial_plan(seed=seed, budget_s=LONG_BUDGET_S, target=0)) for seed in seeds]
    return RaceSeries(goals, SeriesHistory(dispatcher.store, describe_machine()))


class Submitter:
    """Queues at most two races, each with a time limit."""

    def __init__(self, dispatcher: Dispatcher, time_limit_s: float | None = None) -> None:
        self.dispatcher, self.time_limit_s = dispatcher, time_limit_s
        self.ids: list[str] = []

    def __call__(self, plan: Plan, *, prepare: Callable[[], bool], **submission: Unpack[SeriesRace]) -> str:
        if len(self.ids) == 2:
            raise SeriesRefused("No more.")
        if not prepare():
            return ""
        self.ids.append(self.dispatcher.submit_race(plan, checked=False, origin="page", time_limit_s=self.time_limit_s))
        return self.ids[-1]


def test_series_in_the_background_race_one_after_the_other_and_once_for_each_owner(dispatcher):
    background, submit = BackgroundSeries(dispatcher), Submitter(dispatcher, time_limit_s=1.0)
    series = make_series(dispatcher, 1, 2, 3)
    assert background.start("ann", series, submit) and background.find("ann") is series
    assert not background.start("ann", RaceSeries([], series.history), submit), "one at a time"
    wait_for(lambda: len(submit.ids) == 1)
    assert background.count_active() == 1 and background.find("bob") is None
    wait_for(lambda: len(submit.ids) == 2)
    assert len(dispatcher.entries()) <= 1, "the next one is queued when the one before has ended"
    assert "the time limit of 1 s" in series.history.problems[series.goals[0].first.digest]
    wait_for(lambda: series.progress.over)
    assert series.progress.why_ended == "No more." and series.progress.raced == 2


@pytest.mark.parametrize("state", ["waits", "runs"])
def test_a_race_of_a_series_that_a_person_stops_ends_it(dispatcher, state):
    background, submit, series = BackgroundSeries(dispatcher), Submitter(dispatcher), make_series(dispatcher, 1, 2)
    first = dispatcher.submit_race(make_trial_plan(seed=7, budget_s=LONG_BUDGET_S, target=0), origin="page")
    background.start("ann", series, submit)
    wait_for(lambda: submit.ids)
    if state == "runs":
        dispatcher.stop(first, origin="page")
        wait_until_racing(dispatcher, submit.ids[0])
    dispatcher.stop(submit.ids[0], origin="command line")
    wait_for(lambda: series.progress.over)
    assert len(submit.ids) == 1 and "stopped" in series.progress.why_ended
    assert not series.history.problems
    dispatcher.stop(first, origin="page")


def test_two_series_race_the_same_plan_once(dispatcher):
    background, submit = BackgroundSeries(dispatcher), Submitter(dispatcher)
    plan = make_trial_plan(seed=1)
    both = [RaceSeries([ResultGoal(plan)], SeriesHistory(dispatcher.store, describe_machine())) for _ in range(2)]
    background.start("ann", both[0], submit)
    wait_for(lambda: both[0].progress.job_id)
    background.start("bob", both[1], submit)
    wait_for(lambda: both[1].progress.waits_for == submit.ids[0])
    wait_for(lambda: both[0].progress.over and both[1].progress.over)
    assert len(submit.ids) == 1 == len(dispatcher.store.rows())
    assert not any(series.history.problems for series in both)


def test_an_error_ends_a_series_with_its_reason(dispatcher):
    background = BackgroundSeries(dispatcher)
    series = RaceSeries([ResultGoal(make_trial_plan())], SeriesHistory(dispatcher.store, describe_machine()))

    def fail(plan: Plan, *, prepare: Callable[[], bool], **submission: Unpack[SeriesRace]) -> str:
        raise OSError("the disk is full")

    background.start("", series, fail)
    wait_for(lambda: series.progress.why_ended)
    assert series.progress.why_ended == "the disk is full" and series.progress.over
