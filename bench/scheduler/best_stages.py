"""The best of each stage of an application: found by races on this machine, and confirmed by one more.

1. A race with all stages accelerated. Stages that lose in it are left out, and if there are any, a second race is made
   without them: a stage that starts processes of its own can slow the others down.
2. The last of these races decides which stages are kept: see `bench.claims.stage_choice`.
3. A race with the stages that were kept. Its samples decided nothing, so its ratio is the one to quote. It counts
   whatever it shows.

Each of these races carries what was looked at before it (`Run.selection`), and only such races count: a race that
somebody made on their own may be the best of many. A choice that was stopped goes on where it ended, as long as nothing
has changed on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bench.claims.stage_choice import judge_stages
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.comparability import find_machine_differences
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.race_time import estimate_race_s
from bench.scheduler.series_goals import Results
from bench.stats.break_even import BreakEven
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.claims import Speed
from bench.values.selection import Selection, SelectionRole, StageDecision, StageVerdict
from bench.workload.cases import StageChoice
from bench.workload.parameters import Parameter

MAX_CHOOSING_RACES = 2
"""Races that decide. A stage that loses only in the second one is not kept, but no third one is made without it."""
MAX_RACES = MAX_CHOOSING_RACES + 1
"""With the one that confirms."""
MAX_READ_RUNS = 50
"""Newest races of a plan among which those of a choice are looked for."""


class ChoiceState(StrEnum):
    """How far a choice is."""

    OPEN = "open"
    """More races are needed."""
    NOTHING = "nothing gains"
    """No stage is kept, so there is nothing to confirm."""
    UNKNOWN = "not known"
    """No stage is kept, and for some of them only because their times show nothing."""
    CONFIRMED = "confirmed"
    """The total of the race that confirms is faster by a claim."""
    REFUTED = "not confirmed"
    """That race makes no claim, or one that it is slower."""


@dataclass(frozen=True, slots=True)
class BestStages:
    """The choice of the best stages of a plan, as far as it is known."""

    state: ChoiceState
    plan: Plan
    """What is raced next; the plan with the stages that were kept, if nothing is."""
    selection: Selection
    """Of the next race, or of the one that confirms."""
    confirmed_by: Run | None = None
    """The race with the stages that were kept; None until it has ended."""
    confirmations: tuple[StageDecision, ...] = ()
    """What that race shows about each stage that was kept. It changes nothing about the choice."""
    changes: tuple[str, ...] = ()
    """What has changed on this machine or in the data since the first race, as clauses: then the choice is out of
    date."""

    @property
    def is_over(self) -> bool:
        return self.state is not ChoiceState.OPEN

    @property
    def is_valid(self) -> bool:
        """Whether the stages may be offered as the best ones."""
        return self.state is ChoiceState.CONFIRMED and not self.changes

    @property
    def decided_at(self) -> datetime | None:
        return self.confirmed_by.started if self.confirmed_by else None

    @property
    def kept(self) -> list[StageDecision]:
        return [decision for decision in self.selection.decisions if decision.is_kept]


def find_stages(plan: Plan) -> StageChoice | None:
    """The declared choice of stages of a plan's case. Raises PlanError for an unknown workload or case."""
    return resolve(plan).case.stages


def plan_all_stages(plan: Plan) -> Plan:
    """`plan` with all stages of its case accelerated: where a choice begins. Raises PlanError if there are none."""
    stages = find_stages(plan)
    if stages is None:
        raise PlanError([f"{plan.workload}, case {plan.case}: it has no stages that can be accelerated one by one"])
    return _with_stages(plan, stages, stages.steps)


def _with_stages(plan: Plan, stages: StageChoice, names: Mapping[str, object] | Sequence[str]) -> Plan:
    """`names` in the order of the declaration, as `make_plan` has them."""
    value = ",".join(name for name in stages.steps if name in names)
    return plan.model_copy(update={"parameters": {**plan.parameters, stages.parameter: value}})


@dataclass
class SelectedRuns:
    """The stored races that belong to a choice of stages. Each record is read once."""

    store: Store
    machine: Machine
    since: datetime | None = None
    """Only choices that began later count; None for all."""
    read: dict[str, Run | None] = field(default_factory=dict[str, "Run | None"])
    """Those that were read, by their ids; None for a race that belongs to no choice."""

    def list(self, plan: Plan) -> list[Run]:
        """The finished races of `plan` on this machine that belong to a choice and were not edited, newest first.
        Raises StoreError."""
        rows = self.store.rows(kind=JobKind.RACE, digest=plan.digest, state=State.FINISHED, limit=MAX_READ_RUNS)
        runs = [self._read(row.id) for row in rows if row.is_from(self.machine) and not row.edited]
        return [run for run in runs if run is not None]

    def list_starts(self, plan: Plan) -> list[Run]:
        """The races of `plan` that began a choice, newest first. Raises StoreError."""
        starts = [run for run in self.list(plan) if _is_part_of(run, SelectionRole.CHOOSE, [])]
        return [run for run in starts if self.since is None or run.started >= self.since]

    def _read(self, run_id: str) -> Run | None:
        if run_id not in self.read:
            run = self.store.load(run_id)
            self.read[run_id] = run if isinstance(run, Run) and run.selection is not None else None
        return self.read[run_id]

    def find_selection(self, plan: Plan) -> Selection | None:
        """How the stages of `plan` were chosen, if a race has confirmed exactly them. The stages that a case declares
        as its default are not chosen by that. Raises StoreError."""
        stages = find_stages(plan)
        if stages is None or plan.parameters[stages.parameter] == _find_parameter(plan, stages).default:
            return None
        confirming = (run.selection for run in self.list(plan) if run.selection)
        return next((one for one in confirming if one.role is SelectionRole.CONFIRM), None)


@dataclass(frozen=True, slots=True)
class BestStagesGoal:
    """The best of each stage, for a series of races. See `bench.scheduler.race_series.Goal`."""

    first: Plan
    """With all stages: see `plan_all_stages`."""
    runs: SelectedRuns

    @property
    def plans(self) -> Sequence[Plan]:
        return (self.first,)

    def choose(self, results: Results) -> Plan | None:
        """A race that failed in this series ends it. What is out of date begins anew, once: data that changes between
        the races would never end it."""
        choice = self.find_choice()
        if choice.changes:
            choice = self._begin()
        if not choice.selection.run_ids and results.was_raced(self.first):
            return None
        return None if choice.is_over or results.has_failed(choice.plan) else choice.plan

    def count_races(self, results: Results) -> int:
        if self.choose(results) is None:
            return 0
        choice = self.find_choice()
        if choice.changes:
            return MAX_RACES
        return 1 if choice.selection.role is SelectionRole.CONFIRM else MAX_RACES - len(choice.selection.run_ids)

    def find_break_even(self, results: Results) -> BreakEven | None:
        return None

    def select(self, plan: Plan) -> Selection | None:
        """None if `plan` is no longer what comes next, because another program has raced it meanwhile."""
        choice = self.find_choice()
        if choice.changes:
            choice = self._begin()
        return choice.selection if choice.plan == plan else None

    def describe_race(self, plan: Plan) -> str:
        """What the race of `plan`, which `choose` returned, is for, with its stages. Raises StoreError."""
        selection = self.select(plan)
        purpose = ""
        if selection is not None:
            if selection.role is SelectionRole.CONFIRM:
                purpose = "confirm those that gain: "
            else:
                purpose = "without those that lose: " if selection.run_ids else "all stages: "
        chosen = str(plan.parameters[self._stages.parameter]).split(",")
        return purpose + ", ".join(label for name, label in self._list_labels().items() if name in chosen)

    def _list_labels(self) -> dict[str, str]:
        """The labels of the stages without their libraries, by name."""
        choices = _find_parameter(self.first, self._stages).choices
        return {name: label.partition(":")[0] for name, label in choices.items()}

    def find_choice(self) -> BestStages:
        """The newest choice that is complete, else the newest one that is not; those under the conditions of now come
        before those that are out of date. Raises StoreError."""
        found = [self._follow(start) for start in self.runs.list_starts(self.first)]
        found.sort(key=lambda choice: (bool(choice.changes), not choice.is_over))
        if found and (found[0].is_over or not found[0].changes):
            return found[0]
        return self._begin(found[0].changes if found else ())

    def _begin(self, changes: tuple[str, ...] = ()) -> BestStages:
        selection = Selection(role=SelectionRole.CHOOSE, parameter=self._stages.parameter)
        return BestStages(ChoiceState.OPEN, self.first, selection, changes=changes)

    @property
    def _stages(self) -> StageChoice:
        stages = find_stages(self.first)
        assert stages is not None
        return stages

    def _follow(self, start: Run) -> BestStages:
        """The choice that begins with the race `start`."""
        stages = self._stages
        labels = self._list_labels()
        changes = _list_changes(start, self.runs.machine)
        run, plan, chain = start, self.first, list[str]()
        names, decisions = list(stages.steps), dict[str, StageDecision]()
        while True:
            chain = [*chain, run.id]
            own = {name: stages.steps[name] for name in names}
            decisions |= {one.stage: one for one in judge_stages(run, own, labels)}
            selection = self._make_selection(SelectionRole.CHOOSE, chain, decisions, start)
            names = [name for name in names if decisions[name].verdict is not StageVerdict.LOSS]
            lost = len(names) < len(own)
            if not lost or not names or len(chain) == MAX_CHOOSING_RACES:
                break
            plan = _with_stages(plan, stages, names)
            later = self.runs.list(plan)
            following = _find_next(later, SelectionRole.CHOOSE, chain, start)
            if following is None:
                changes += _list_data_changes(later, SelectionRole.CHOOSE, chain, start)
                return BestStages(ChoiceState.OPEN, plan, selection, changes=changes)
            run = following
        selection = selection.model_copy(update={"role": SelectionRole.CONFIRM})
        kept = [name for name in names if decisions[name].is_kept]
        if not kept:
            is_known = all(one.verdict is not StageVerdict.NO_CLAIM for one in decisions.values())
            state = ChoiceState.NOTHING if is_known else ChoiceState.UNKNOWN
            return BestStages(state, plan, selection, changes=changes)
        plan = _with_stages(plan, stages, kept)
        later = self.runs.list(plan)
        confirming = _find_next(later, SelectionRole.CONFIRM, chain, start)
        if confirming is None:
            changes += _list_data_changes(later, SelectionRole.CONFIRM, chain, start)
            return BestStages(ChoiceState.OPEN, plan, selection, changes=changes)
        state = ChoiceState.CONFIRMED if _is_faster(confirming) else ChoiceState.REFUTED
        confirmations = judge_stages(confirming, {name: stages.steps[name] for name in kept}, labels)
        return BestStages(state, plan, selection, confirming, tuple(confirmations), changes)

    def _make_selection(
        self, role: SelectionRole, chain: list[str], decisions: Mapping[str, StageDecision], start: Run
    ) -> Selection:
        return Selection(
            role=role,
            parameter=self._stages.parameter,
            run_ids=chain,
            decisions=list(decisions.values()),
            versions=dict(start.machine.versions),
            data=_data_of(start),
        )


def _find_parameter(plan: Plan, stages: StageChoice) -> Parameter:
    resolved = resolve(plan)
    return resolved.workload.parameter(stages.parameter, resolved.case)


def _is_part_of(run: Run, role: SelectionRole, chain: list[str]) -> bool:
    return run.selection is not None and (run.selection.role, run.selection.run_ids) == (role, chain)


def _find_next(runs: Sequence[Run], role: SelectionRole, chain: list[str], start: Run) -> Run | None:
    """The race that follows those of `chain`: the first one that was made for that, whatever it shows. A later one with
    the same stages is a repetition, and somebody could pick the best one."""
    found = [
        run
        for run in runs
        if _is_part_of(run, role, chain)
        and _data_of(run) == _data_of(start)
        and not find_machine_differences(start.machine, run.machine)
    ]
    return min(found, key=lambda run: run.started, default=None)


def _data_of(run: Run) -> str:
    prepared = run.prepared_arm(Arm.BASELINE)
    return prepared.data if prepared else ""


def _list_changes(start: Run, machine: Machine) -> tuple[str, ...]:
    return tuple(difference.text for difference in find_machine_differences(start.machine, machine))


def _list_data_changes(runs: Sequence[Run], role: SelectionRole, chain: list[str], start: Run) -> tuple[str, ...]:
    """That a race which follows those of `chain` found other data than `start`, such as a file that was edited."""
    has_changed = any(_is_part_of(run, role, chain) and _data_of(run) != _data_of(start) for run in runs)
    return ("the data of the races",) if has_changed else ()


def _is_faster(run: Run) -> bool:
    claim = run.claim()
    return claim is not None and claim.made and claim.verdict.speed is Speed.FASTER


def estimate_choice_s(goal: BestStagesGoal, results: Results) -> float:
    """Seconds that the races of a choice take at most that are still to be made, if each uses its budget. Raises
    StoreError."""
    return goal.count_races(results) * estimate_race_s(goal.first, None)
