"""What every claim rule says for every outcome that it can have, on runs that cause it."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from bench.claims.rule import Rule
from bench.claims.rules import RULES
from bench.run.events import State
from bench.run.record import Run
from bench.values.arms import BaselineKind, Placement, Service
from bench.values.base import Arm
from bench.values.claims import NoteKind, Outcome
from bench.values.quality import Measure, Quality
from bench.values.readings import Reading
from bench.values.samples import TOTAL, Evidence, Phase
from bench.values.selection import Selection, SelectionRole
from tests.bench.claims.test_order import make_run as make_run_with_order
from tests.support.runs import PSNR, get_finding, make_claim_run, make_claim_sample

PASSED, NOTED, REFUSED = Outcome.PASSED, Outcome.ANNOTATED, Outcome.REFUSED
BY_NAME = {rule.name: rule for rule in RULES}


def make_run(change: Callable[[Run], None] | None = None, **fields) -> Run:
    """A run that passes every rule, except those that `fields` and `change` break."""
    run = make_claim_run(**fields)
    if change:
        change(run)
    return run


def fail_to_end(run: Run) -> None:
    run.state, run.why = State.STOPPED, "somebody stopped it"


def serve_one_arm(run: Run) -> None:
    service = Service(what="a cluster", cores=run.plan.cores, elsewhere=0)
    run.prepared[1] = run.prepared[1].model_copy(update={"service": service})


def give_other_data(run: Run) -> None:
    run.prepared[1] = run.prepared[1].model_copy(update={"data": "xyz"})


def accelerate(*paths: str) -> Callable[[Run], None]:
    """The paths of 'fit' and 'predict' in the accelerated arm."""

    def change(run: Run) -> None:
        steps = zip(("fit", "predict"), paths, strict=True)
        run.evidence[Arm.ACCELERATED] = [Evidence(step=step, path=path, words=["x"]) for step, path in steps]

    return change


def run_same_code(run: Run) -> None:
    for arm in Arm:
        run.evidence[arm] = [found.model_copy(update={"code": found.step}) for found in run.evidence[arm]]


def iterate(baseline: float, accelerated: float) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        counts = [
            Measure(name="iterations", label="iterations", value=value, same_work=True)
            for value in (baseline, accelerated)
        ]
        run.quality = Quality(baseline=[PSNR, counts[0]], accelerated=[PSNR, counts[1]])

    return change


def lose_accuracy(run: Run) -> None:
    run.quality = Quality(baseline=[PSNR], accelerated=[PSNR.model_copy(update={"value": 20.0})])


def return_early(run: Run) -> None:
    lazy = Evidence(step="fit", path="accelerated", words=["x"], materialised=False)
    run.evidence[Arm.ACCELERATED][0] = lazy


def forget_helpers(run: Run) -> None:
    run.samples = [
        sample.model_copy(
            update={"repetition": sample.repetition.model_copy(update={"helper_processes": None, "was_stopped": False})}
        )
        for sample in run.samples
    ]


def stop_baseline(run: Run) -> None:
    run.samples = [
        sample.model_copy(
            update={"repetition": sample.repetition.model_copy(update={"was_stopped": sample.arm is Arm.BASELINE})}
        )
        for sample in run.samples
    ]


def find_faster_core_count(run: Run) -> None:
    slower = run.core_counts[0]
    faster = slower.whole.model_copy(update={"median": slower.whole.median / 2})
    run.core_counts.append(slower.model_copy(update={"cores": 1, "whole": faster}))


def start_slowly(run: Run) -> None:
    slowing = [3.0, 2.5, 2.0, 1.5]
    falling = [make_claim_sample(Arm.BASELINE, pair, factor * 9.0) for pair, factor in enumerate(slowing)]
    run.samples = [*falling, *run.samples_of(Arm.ACCELERATED)]


def spread_one_arm(run: Run) -> None:
    run.placements = [
        Placement(arm=arm, cores=2, before=1.0, after=2.0, kept=arm is Arm.BASELINE, reason="used 1.00") for arm in Arm
    ]


def set_machine(**fields) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.machine = run.machine.model_copy(update=fields)

    return change


def set_snapshot(**fields) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.snapshot = run.snapshot.model_copy(update=fields)

    return change


def lose_time_to_hypervisor(run: Run) -> None:
    run.telemetry = [Reading(at=at, cores=[], memory_used=1, swap_used=0, steal=0.1) for at in range(2)]


def move_ratio(run: Run) -> None:
    run.statistics = [comparison.model_copy(update={"is_stable": False}) for comparison in run.statistics]


def choose_stages(run: Run) -> None:
    run.selection = Selection(role=SelectionRole.CONFIRM, parameter="accelerate", run_ids=["1" * 32])


def bias_input(run: Run) -> None:
    run.prepared = [prepared.model_copy(update={"bias": "the side is a power of two"}) for prepared in run.prepared]


CASES: list[tuple[str, Outcome, str, Callable[[], Run]]] = [
    ("complete", PASSED, "The run is complete", make_run),
    ("complete", REFUSED, "The run was stopped", lambda: make_run(fail_to_end)),
    ("absolute-baseline", PASSED, "Absolute times of both arms", make_run),
    ("absolute-baseline", REFUSED, "Too few pairs", lambda: make_run(pairs=3)),
    ("same-conditions", PASSED, "Same cores, batch, data and seed in both arms", make_run),
    ("same-conditions", NOTED, "A service does the work of one arm", lambda: make_run(serve_one_arm)),
    (
        "same-conditions",
        REFUSED,
        "The arms did not run under the same conditions",
        lambda: make_run(give_other_data),
    ),
    ("engaged", PASSED, "The accelerated path ran", make_run),
    ("engaged", NOTED, "Only some steps were accelerated", lambda: make_run(accelerate("accelerated", "stock"))),
    ("engaged", REFUSED, "The accelerated path did not run", lambda: make_run(accelerate("stock", "stock"))),
    ("same-work", PASSED, "Same number of iterations", lambda: make_run(iterate(9, 9))),
    ("same-work", NOTED, "Different numbers of iterations", lambda: make_run(iterate(9, 13))),
    ("same-work", REFUSED, "The arms did different amounts of work", lambda: make_run(iterate(2, 300))),
    ("accuracy", PASSED, "Accuracy within the limit", make_run),
    ("accuracy", REFUSED, "The accuracy is below the limit", lambda: make_run(lose_accuracy)),
    ("interval", PASSED, "The interval excludes 1", make_run),
    ("interval", REFUSED, "The interval contains 1", lambda: make_run(fit=(4.0, 4.0))),
    ("materialised", PASSED, "Work done before the clock stopped", make_run),
    ("materialised", REFUSED, "Work was left when the clock stopped", lambda: make_run(return_early)),
    ("background", PASSED, "Same background load during both arms", make_run),
    ("background", NOTED, "Other programs ran during both arms", lambda: make_run(busy=(0.5, 0.45))),
    ("background", REFUSED, "Background load differed between the arms", lambda: make_run(busy=(0.9, 0.0))),
    ("different-code", PASSED, "The arms run different code", make_run),
    ("different-code", REFUSED, "Both arms ran the same code", lambda: make_run(run_same_code)),
    ("order-within-pairs", PASSED, "The order within pairs has no effect", lambda: make_run(jitter=0.004)),
    ("order-within-pairs", NOTED, "The order within pairs has an effect", lambda: make_run_with_order(1.05)),
    (
        "order-within-pairs",
        REFUSED,
        "The order within pairs explains the ratio",
        lambda: make_run_with_order(1.05, fit=(1.12, 1.0)),
    ),
    ("got-processor", PASSED, "Each arm got the processor", make_run),
    (
        "got-processor",
        NOTED,
        "The arms waited for the processor",
        lambda: make_run(used=1.7, delay=(0.3, 0.3), busy=(0.3, 0.3)),
    ),
    (
        "got-processor",
        REFUSED,
        "An arm waited for the processor",
        lambda: make_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(1.0, 1.0)),
    ),
    ("ran-without-interruption", PASSED, "Each arm ran without interruption", make_run),
    (
        "ran-without-interruption",
        NOTED,
        "Not known whether an arm was interrupted",
        lambda: make_run(forget_helpers),
    ),
    ("ran-without-interruption", REFUSED, "An arm was interrupted", lambda: make_run(stop_baseline)),
    ("not-throttled", PASSED, "No CPU quota stopped an arm", make_run),
    (
        "not-throttled",
        NOTED,
        "A CPU quota stopped an arm for a short time",
        lambda: make_run(throttled=(0.02, 0.02)),
    ),
    ("not-throttled", REFUSED, "A CPU quota stopped an arm", lambda: make_run(throttled=(0.15, 0.0))),
    ("best-with-best", PASSED, "Each arm ran at its best core count", make_run),
    ("best-with-best", NOTED, "An arm is faster at another core count", lambda: make_run(find_faster_core_count)),
    ("narrow", PASSED, "The interval is as narrow as requested", make_run),
    ("narrow", NOTED, "The interval is wider than requested", lambda: make_run(target=0.0001)),
    ("spread", PASSED, "The times vary little", make_run),
    ("spread", NOTED, "The times vary widely", lambda: make_run(jitter=0.04)),
    ("warm", PASSED, "Warm-up is complete", make_run),
    ("warm", NOTED, "Still warming up", lambda: make_run(start_slowly)),
    ("cores-used", PASSED, "The requested cores were used", make_run),
    ("cores-used", NOTED, "Not all requested cores were used", lambda: make_run(used=1.0)),
    ("placed-alike", PASSED, "Threads placed alike in both arms", make_run),
    ("placed-alike", NOTED, "The threads of one arm were placed differently", lambda: make_run(spread_one_arm)),
    ("whole-machine", PASSED, "All cores of the machine", make_run),
    ("whole-machine", NOTED, "Some of the machine's cores", lambda: make_run(set_machine(logical_threads=64))),
    ("part-of-whole", PASSED, "This is the total", make_run),
    ("part-of-whole", NOTED, "Part of the total", make_run),
    ("real-data", PASSED, "Real data and trained weights", make_run),
    (
        "real-data",
        NOTED,
        "Generated data or untrained weights",
        lambda: make_run(set_snapshot(synthetic="a generated table")),
    ),
    ("quiet", PASSED, "A quiet machine", make_run),
    ("quiet", NOTED, "Noisy machine", lambda: make_run(lose_time_to_hypervisor)),
    ("measured", PASSED, "Measured, not projected", make_run),
    ("measured", REFUSED, "The times are shorter than the work takes", lambda: make_run(used=5.0)),
    ("stable", PASSED, "The ratio was stable", make_run),
    ("stable", NOTED, "The ratio moved during the race", lambda: make_run(move_ratio)),
    ("fair-baseline", PASSED, "A fair baseline", make_run),
    (
        "fair-baseline",
        NOTED,
        "The baseline is naive",
        lambda: make_run(
            set_snapshot(baseline_kinds={Arm.BASELINE: BaselineKind.NAIVE, Arm.ACCELERATED: BaselineKind.LIBRARY})
        ),
    ),
    ("one-change", PASSED, "One thing differs between the arms", make_run),
    (
        "one-change",
        NOTED,
        "Several things differ between the arms",
        lambda: make_run(
            set_snapshot(traits={Arm.BASELINE: {"a": "x", "b": "y"}, Arm.ACCELERATED: {"a": "1", "b": "2"}})
        ),
    ),
    ("typical-input", PASSED, "A typical input", make_run),
    ("typical-input", NOTED, "The settings may favour one arm", lambda: make_run(bias_input)),
    ("strict-limits", PASSED, "Strict limits", make_run),
    ("strict-limits", NOTED, "A limit is looser than the default", lambda: make_run(accuracy_limit=0.5)),
    ("chosen-after-looking", PASSED, "No race was looked at to choose the stages", make_run),
    ("chosen-after-looking", NOTED, "Stages chosen after looking", lambda: make_run(choose_stages)),
]
"""A rule, an outcome, what the rule has to say about the run, and how to make the run."""
STEPS = {("part-of-whole", NOTED): "fit"}
"""Where the outcome is not that of the total."""


def list_outcomes(rule: Rule) -> list[Outcome]:
    """The outcomes that a rule declares."""
    return [PASSED, *[NOTED] * bool(rule.noted), *[REFUSED] * bool(rule.refused)]


@pytest.mark.parametrize(("name", "outcome", "title", "make"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_a_rule_says_what_it_found(name, outcome, title, make):
    finding = get_finding(make(), name, STEPS.get((name, outcome), TOTAL))
    assert (finding.outcome, finding.title) == (outcome, title), finding
    assert finding.kind in (BY_NAME[name].note_titles if outcome is NOTED else (None,))


def test_every_outcome_of_every_rule_is_in_the_table_once():
    declared = [(rule.name, outcome) for rule in RULES for outcome in list_outcomes(rule)]
    assert sorted(case[:2] for case in CASES) == sorted(declared)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_declares_the_outcomes_that_its_check_can_return(rule):
    """So that no finding has an empty title, and the Rules page shows no outcome that never occurs."""
    names = set(inspect.getclosurevars(rule.check).globals)
    assert {"pass_rule", *["note"] * bool(rule.noted), *["refuse"] * bool(rule.refused)} == names & {
        "pass_rule",
        "note",
        "refuse",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_titles_of_a_rule_differ(rule):
    titles = [title for title in (rule.passed, rule.noted, rule.other_noted, rule.refused) if title]
    assert len({title.lower() for title in titles}) == len(titles)


def test_no_title_means_different_outcomes_in_different_rules():
    """A reader takes a title for good or bad news, whichever rule has it."""
    outcomes: dict[str, set[Outcome]] = {}
    for _, outcome, title, _ in CASES:
        outcomes.setdefault(title, set()).add(outcome)
    assert all(len(found) == 1 for found in outcomes.values())


def test_few_rules_make_notes_of_another_kind():
    one_core = get_finding(make_claim_run(cores=1), "best-with-best")
    assert (one_core.title, one_core.kind) == ("Raced on one core only", NoteKind.CONDITION)
    slow = make_claim_run()
    slow.samples.insert(0, make_claim_sample(Arm.BASELINE, 0, 9.0, phase=Phase.WARM_UP))
    assert (get_finding(slow, "warm").title, get_finding(slow, "warm").kind) == (
        "The first call is slower",
        NoteKind.CONDITION,
    )
    assert [rule.name for rule in RULES if rule.other_noted] == [*("best-with-best", "warm", "chosen-after-looking")]
