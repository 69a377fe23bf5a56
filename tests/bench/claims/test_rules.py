"""Every claim rule, on constructed runs: what it refuses, what it notes, and what it lets pass."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from bench.claims.rules import RULES, list_refusal_titles
from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.run.record import Run
from bench.stats.amdahl import amdahl_bound, amdahl_ratio
from bench.values.arms import Failure, Placement, RacedInput, Service
from bench.values.base import Arm
from bench.values.claims import NoteKind, Outcome, Speed
from bench.values.quality import Measure, Quality
from bench.values.readings import CoreReading, Reading
from bench.values.samples import TOTAL, Evidence, Phase
from bench.values.statistics import CoreCount, Interval
from bench.workload.registry import load_workloads
from tests.support.runs import PSNR, get_claim, get_finding, make_claim_run, make_claim_sample


def test_arms_that_do_another_amount_of_one_step_claim_nothing():
    made = make_claim_run()
    made.prepared[0].step_work["fit"] = 40
    claims = decide_claims(made)
    assert not any(claim.made for claim in claims)
    assert "the arms differ in work" in claims[0].sentence


def test_every_rule_speaks_in_every_claim():
    for made in decide_claims(make_claim_run()):
        assert len(made.findings) == len(RULES)
        assert len({f.rule for f in made.findings}) == len(RULES)
        assert all(f.source and f.title and f.seen for f in made.findings)


def assert_refused_or_noted(made: Run, rule: str, outcome: Outcome, words: str, step: str = "total") -> None:
    found = get_finding(made, rule, step)
    assert found.outcome is outcome, found
    assert words in found.seen, found
    assert found.remedy, "what is not right comes with its remedy"
    assert get_claim(made, step).made is (outcome is Outcome.ANNOTATED)


def test_too_few_pairs_are_refused():
    assert_refused_or_noted(make_claim_run(pairs=3), "absolute-baseline", Outcome.REFUSED, "3 pairs, 8 are needed; ")


@pytest.mark.parametrize("field", ["work", "data", "inputs"])
def test_arms_that_did_not_do_the_same_are_refused(field):
    made = make_claim_run()
    other = {"work": 99.0, "data": "xyz", "inputs": [RacedInput(label="Table", text="another")]}[field]
    made.prepared[1] = made.prepared[1].model_copy(update={field: other})
    assert_refused_or_noted(made, "same-conditions", Outcome.REFUSED, f"differ in {field}")


@pytest.mark.parametrize(
    "cores, elsewhere, outcome, words",
    [
        (16, 0, Outcome.REFUSED, "a cluster with 16 cores, that of the other arm on 2 cores here"),
        (2, 1, Outcome.REFUSED, "a cluster with 2 cores of 2 machines"),
        (2, 0, Outcome.ANNOTATED, "not reserved for it"),
    ],
)
def test_work_done_outside_of_the_arm_is_refused_unless_on_as_many_cores_of_this_machine(
    cores, elsewhere, outcome, words
):
    made = make_claim_run()
    served = Service(what="a cluster", cores=cores, elsewhere=elsewhere)
    made.prepared[1] = made.prepared[1].model_copy(update={"service": served})
    assert_refused_or_noted(made, "same-conditions", outcome, words)
    background = next(f for f in decide_claims(made)[0].findings if f.rule == "background")
    assert "a cluster was not stopped during the other arm" in background.seen or "not report" in background.seen


def test_a_fast_path_that_did_not_run_is_refused_and_a_partial_one_noted():
    made = make_claim_run()
    stock = [Evidence(step=step, path="stock", words=["x"], reason="fell back") for step in ("fit", "predict")]
    made.evidence[Arm.ACCELERATED][1] = stock[1]
    assert_refused_or_noted(made, "engaged", Outcome.ANNOTATED, "1 of 2 steps accelerated; not: predict (fell back)")
    assert get_claim(made).verdict.engagement == "partial"
    assert_refused_or_noted(made, "engaged", Outcome.REFUSED, "0 of 1", step="predict")
    made.evidence[Arm.ACCELERATED] = stock
    assert_refused_or_noted(made, "engaged", Outcome.REFUSED, "0 of 2 steps")
    made.evidence = {}
    assert_refused_or_noted(made, "engaged", Outcome.REFUSED, "there is no evidence")


def test_a_step_whose_calls_partly_fell_back_is_noted_with_its_reason():
    made = make_claim_run()
    steps = made.evidence[Arm.ACCELERATED]
    steps[1] = steps[1].model_copy(update={"calls": 3, "accelerated_calls": 1, "reason": "no entropy"})
    assert_refused_or_noted(made, "engaged", Outcome.ANNOTATED, "predict in part, 1 of 3 calls; no entropy")
    assert get_finding(made, "engaged", "predict").outcome is Outcome.ANNOTATED
    assert get_finding(made, "engaged").title == "Only some calls were accelerated"
    assert get_claim(made).verdict.engagement == "partial" and get_claim(made, "fit").verdict.engagement == "engaged"
    assert "only 1 of 3 calls ran accelerated" in get_claim(made).sentence
    steps[0] = Evidence(step="fit", path="stock", words=["x"], reason="fell back")
    assert_refused_or_noted(made, "engaged", Outcome.ANNOTATED, "1 of 2 steps accelerated; not: fit (fell back); pred")
    steps[0] = Evidence(step="fit", path="accelerated", words=["x"], calls=5, accelerated_calls=5)
    steps[1] = Evidence(step="predict", path="accelerated", words=["x"], calls=3, accelerated_calls=3)
    assert get_finding(made, "engaged").outcome is Outcome.PASSED


def test_results_that_cannot_be_compared_refuse_the_claim_and_say_what_to_do():
    made = make_claim_run()
    made.quality = Quality(
        baseline=[],
        accelerated=[],
        agreement=[Measure(name="lines", label="lines", value=0, bias="every line varies", bias_remedy="Seed it.")],
    )
    assert_refused_or_noted(made, "accuracy", Outcome.REFUSED, "every line varies")
    assert get_finding(made, "accuracy").remedy == "Seed it."
    assert get_finding(made, "accuracy").title == "The results cannot be compared"


def test_what_was_left_out_of_a_comparison_is_part_of_the_claim():
    made = make_claim_run()
    measure = Measure(name="lines", label="lines", value=100, unit="%", decisive=True, observations=3)
    measure = measure.model_copy(update={"observation": "line", "selection": "of 5"})
    made.quality = Quality(baseline=[], accelerated=[], agreement=[measure])
    assert "equal results (3 lines of 5)" in get_claim(made).sentence


def test_accuracy_below_the_limit_or_unmeasured_is_refused():
    made = make_claim_run()
    made.quality = Quality(baseline=[PSNR], accelerated=[PSNR.model_copy(update={"value": 31.3})])
    assert_refused_or_noted(made, "accuracy", Outcome.REFUSED, "a loss of more than 1.00 %")
    made.quality = Quality(baseline=[PSNR], accelerated=[PSNR.model_copy(update={"value": 31.5})])
    assert get_claim(made).made
    made.quality = None
    assert_refused_or_noted(made, "accuracy", Outcome.REFUSED, "the results may differ")


def test_the_limit_of_accuracy_is_the_plans():
    made = make_claim_run(accuracy_limit=0.9)
    made.quality = Quality(baseline=[PSNR], accelerated=[PSNR.model_copy(update={"value": 30.0})])
    assert get_claim(made).made


def test_an_interval_that_includes_one_is_no_difference():
    made = make_claim_run(fit=(4.0, 4.0))
    assert_refused_or_noted(made, "interval", Outcome.REFUSED, "interval 0.946 to 1.057, p 1 (t over blocks)")
    assert get_claim(made).verdict.speed is Speed.SAME
    assert get_claim(made).sentence.startswith("No difference detected in total (5.00 s and 5.00 s)")


def change_total(made: Run, **changes) -> None:
    made.statistics = [made.statistics[0].model_copy(update=changes), *made.statistics[1:]]


def test_a_ratio_that_moved_has_no_p_value():
    made = make_claim_run(fit=(4.0, 4.0))
    change_total(made, is_stable=False, p_value=1.0)
    assert get_finding(made, "interval").seen == "interval 0.946 to 1.057"
    assert get_finding(made, "stable").outcome is Outcome.ANNOTATED


def test_whether_the_ratio_of_an_old_run_was_stable_is_not_known_and_a_note():
    made = make_claim_run()
    change_total(made, is_stable=None)
    assert_refused_or_noted(made, "stable", Outcome.ANNOTATED, "before its blocks were compared")


def test_lazy_work_is_refused_for_its_step_and_the_whole():
    made = make_claim_run()
    made.evidence[Arm.ACCELERATED][0] = Evidence(step="fit", path="accelerated", words=["x"], materialised=False)
    assert_refused_or_noted(made, "materialised", Outcome.REFUSED, "fit returned before")
    assert_refused_or_noted(made, "materialised", Outcome.REFUSED, "fit returned before", step="fit")
    assert get_finding(made, "materialised", "predict").outcome is Outcome.PASSED


def test_background_load_beside_one_arm_only_is_refused():
    assert_refused_or_noted(make_claim_run(busy=(0.9, 0.0)), "background", Outcome.REFUSED, "0.90 and 0.00 cores busy")
    assert_refused_or_noted(
        make_claim_run(busy=(0.5, 0.45)),
        "background",
        Outcome.ANNOTATED,
        "0.50 and 0.45 cores busy with other programs, equal during both arms within 0.2 cores",
    )
    assert get_finding(make_claim_run(busy=(0.1, 0.1)), "background").outcome is Outcome.PASSED
    assert_refused_or_noted(make_claim_run(busy=(None, None)), "background", Outcome.ANNOTATED, "does not report")


def test_load_is_judged_over_all_samples_and_not_over_single_clock_ticks():
    """One of ten samples of a millisecond has a tick of ten: no load, although it looks like ten cores in that one."""
    made = make_claim_run(pairs=1000)
    ticking = itertools.cycle([0.01] + 9 * [0.0])
    made.samples = [
        sample.model_copy(
            update={
                "repetition": sample.repetition.model_copy(
                    update={"wall_s": 0.001, "cpu_s": 0.001, "machine_busy_s": next(ticking)}
                )
            }
        )
        for arm in Arm
        for sample in made.samples_of(arm)
    ]
    assert get_finding(made, "background").seen == "0.00 and 0.00 cores busy with other programs"
    made.samples = [sample for sample in made.samples if sample.pair < 100]
    assert_refused_or_noted(made, "background", Outcome.ANNOTATED, "together took less than 0.5 s")


def test_counters_that_contradict_each_other_are_not_a_load():
    contradiction = "the system reports less load of the machine than the arm alone caused"
    assert_refused_or_noted(make_claim_run(busy=(-0.3, 0.0)), "background", Outcome.ANNOTATED, contradiction)
    unreported = "the system does not report the load of other programs"
    assert_refused_or_noted(make_claim_run(busy=(None, 0.0)), "background", Outcome.ANNOTATED, unreported)
    assert get_finding(make_claim_run(busy=(-0.004, 0.0)), "background").seen.startswith("0.00 and 0.00 cores")


def test_failed_stopped_and_interrupted_runs_are_refused():
    made = make_claim_run()
    made.failure = Failure(what="It broke.", remedy="Mend it.")
    assert_refused_or_noted(made, "complete", Outcome.REFUSED, "It broke.")
    made = make_claim_run()
    for state in (State.STOPPED, State.INTERRUPTED):
        made.state, made.why = state, "somebody ended it"
        assert_refused_or_noted(made, "complete", Outcome.REFUSED, f"{state} after 20 pairs (somebody ended it)")


def test_a_baseline_that_is_better_on_fewer_cores_is_said():
    made = make_claim_run()
    best = made.core_counts[0].whole.model_copy(update={"median": 2.5})
    made.core_counts.append(CoreCount(arm=Arm.BASELINE, cores=1, whole=best))
    made.best_ratio = Interval(value=1.25, low=1.2, high=1.3)
    assert_refused_or_noted(
        made,
        "best-with-best",
        Outcome.ANNOTATED,
        "baseline 2.50 s on 1 core, accelerated 2.00 s on 2 cores: a ratio of 1.2x",
    )
    assert (
        "at each arm's best core count 2.50 s on 1 core and 2.00 s on 2 cores, a ratio of 1.2x (1.20 to 1.30)"
        in get_claim(made).sentence
    )


def test_a_run_without_other_core_counts_is_noted():
    made = make_claim_run()
    made.core_counts, made.best_ratio = [], None
    assert_refused_or_noted(made, "best-with-best", Outcome.ANNOTATED, "only 2 cores tried")


def test_each_disturbance_adds_a_note():
    assert_refused_or_noted(make_claim_run(jitter=0.04), "spread", Outcome.ANNOTATED, "interquartile range")
    assert_refused_or_noted(make_claim_run(target=0.0001), "narrow", Outcome.ANNOTATED, "requested ± 0.0 %")
    assert_refused_or_noted(
        make_claim_run(used=1.0), "cores-used", Outcome.ANNOTATED, "requested 2, used 1.00 and 1.00"
    )
    made = make_claim_run()
    made.samples.insert(0, make_claim_sample(Arm.BASELINE, 0, 9.0, phase=Phase.WARM_UP))
    assert_refused_or_noted(made, "warm", Outcome.ANNOTATED, "the first run took 2.00 and 1.00 times the median")
    made = make_claim_run()
    slowing = [3.0, 2.5, 2.0, 1.5]
    falling = [make_claim_sample(Arm.BASELINE, pair, factor * 9.0) for pair, factor in enumerate(slowing)]
    made.samples = [*falling, *made.samples_of(Arm.ACCELERATED)]
    found = get_finding(made, "warm")
    assert found.outcome is Outcome.ANNOTATED and "still getting faster in the first pairs that count" in found.seen
    made = make_claim_run()
    made.machine = made.machine.model_copy(update={"logical_threads": 64})
    assert_refused_or_noted(made, "whole-machine", Outcome.ANNOTATED, "2 of 64 logical processors")
    made = make_claim_run()
    made.machine = made.machine.model_copy(update={"governor": "powersave"})
    assert_refused_or_noted(made, "quiet", Outcome.ANNOTATED, "governor powersave")
    assert get_finding(made, "quiet").title == "The clock rate may change"


def test_the_rule_of_the_warm_up_reads_the_times_of_its_own_step():
    made = make_claim_run(fit=(1.0, 1.0))
    # The step gets slower, and a step before it faster by as much: the total does not change.
    for position, sample in enumerate(made.samples[:8]):
        seconds = 1.0 + 0.2 * (4 - position // 2)
        first, second = sample.repetition.steps
        steps = [first.model_copy(update={"seconds": seconds}), second.model_copy(update={"seconds": 2 - seconds})]
        made.samples[position] = sample.model_copy(
            update={"repetition": sample.repetition.model_copy(update={"steps": steps})}
        )
    findings = {claim.step: get_warm_finding(claim) for claim in decide_claims(made)}
    assert findings["fit"].outcome is Outcome.ANNOTATED and "still getting faster" in findings["fit"].seen
    assert "still getting faster" not in findings[TOTAL].seen


def get_warm_finding(claim):
    return next(finding for finding in claim.findings if finding.rule == "warm")


def test_first_pairs_that_are_a_plateau_of_the_warm_up_are_noted():
    made = make_claim_run()
    for position, sample in enumerate(made.samples[:6]):
        made.samples[position] = make_claim_sample(sample.arm, sample.pair, 9.0)
    found = get_finding(made, "warm")
    assert found.outcome is Outcome.ANNOTATED
    assert "the first 3 pairs that count were slower than the later ones" in found.seen


@pytest.mark.parametrize("is_early", [False, True], ids=["prepared", "sample"])
def test_a_slow_first_call_is_noted_although_the_first_sample_was_warm(is_early):
    made = make_claim_run()
    if is_early:
        made.samples[:0] = [
            make_claim_sample(arm, 0, fit, phase=Phase.EARLY) for arm, fit in zip(Arm, (4, 19), strict=True)
        ]
    else:
        made.prepared = [
            prepared.model_copy(
                update={"first_call_s": {"fit": 4.0 if prepared.arm is Arm.BASELINE else 19.0, "predict": 1.0}}
            )
            for prepared in made.prepared
        ]
    words = (
        "the first call, while both arms prepared, took 1.00 and 10.00 times the median; after it, the first run took"
    )
    assert_refused_or_noted(made, "warm", Outcome.ANNOTATED, words)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("steal", "hypervisor took 10.0 %"),
        ("swapped_in", "7 pages were swapped in"),
        ("throttled", "7 thermal throttling"),
    ],
)
def test_a_machine_that_was_disturbed_is_noted(field, words):
    made = make_claim_run()
    for at in range(2):
        value = 0.1 if field == "steal" else 7 * at
        made.telemetry.append(Reading(at=at, cores=[CoreReading(busy=1)], memory_used=1, swap_used=0, **{field: value}))
    assert_refused_or_noted(made, "quiet", Outcome.ANNOTATED, words)


@pytest.mark.parametrize(
    ("kept", "outcome"),
    [((True, False), Outcome.ANNOTATED), ((True, True), Outcome.PASSED), ((False, False), Outcome.PASSED)],
)
def test_threads_that_were_spread_in_one_arm_only_are_noted(kept, outcome):
    made = make_claim_run()
    made.placements = [
        Placement(arm=arm, cores=2, before=1.0, after=2.0, kept=spread, reason="used 1.00")
        for arm, spread in zip(Arm, kept, strict=True)
    ]
    assert get_finding(made, "placed-alike").outcome is outcome
    assert get_claim(made).made


def test_different_numbers_of_iterations_are_noted():
    made = make_claim_run()
    count = Measure(name="iterations", label="iterations", value=9, same_work=True)
    made.quality = Quality(baseline=[PSNR, count], accelerated=[PSNR, count.model_copy(update={"value": 13.0})])
    assert_refused_or_noted(made, "same-work", Outcome.ANNOTATED, "iterations 9 and 13")


@pytest.mark.parametrize(("baseline", "accelerated"), [(2.0, 300.0), (300.0, 2.0), (9.0, 19.0), (0.0, 3.0)])
def test_far_more_iterations_in_one_arm_make_no_claim_for_the_step_that_iterates_and_the_total(baseline, accelerated):
    made = make_claim_run()
    counts = [
        Measure(name="iterations", label="iterations", value=value, same_work=True, step="fit")
        for value in (baseline, accelerated)
    ]
    made.quality = Quality(baseline=[PSNR, counts[0]], accelerated=[PSNR, counts[1]])
    seen = f"iterations {baseline:g} and {accelerated:g}"
    for step in (TOTAL, "fit"):
        assert_refused_or_noted(made, "same-work", Outcome.REFUSED, seen, step=step)
    assert get_finding(made, "same-work", "predict").outcome is Outcome.PASSED


def test_a_step_stands_beside_the_whole_and_amdahls_bound():
    assert_refused_or_noted(
        make_claim_run(), "part-of-whole", Outcome.ANNOTATED, "80 % of the baseline's 5.00 s", step="fit"
    )
    assert (
        "accelerating it alone gives a total ratio of 2.5x, measured 2.5x"
        in get_finding(make_claim_run(), "part-of-whole", "fit").seen
    )


def test_the_total_of_an_application_is_quoted_with_the_step_that_gained_more():
    made = make_claim_run()
    assert get_finding(made, "part-of-whole").outcome is Outcome.PASSED
    made.snapshot = made.snapshot.model_copy(update={"end_to_end": True})
    assert_refused_or_noted(
        made, "part-of-whole", Outcome.ANNOTATED, "the step fit is 4.0x faster, and the total 2.5x; "
    )
    finding = get_finding(made, "part-of-whole")
    assert finding.title == "One step gained more than the total" and finding.kind is NoteKind.CONDITION
    assert "80 % of the baseline's 5.00 s" in finding.seen and "Quote the ratio of the total" in finding.remedy
    # A step that ran the same code gained nothing, and one that gained less needs no word.
    for fields in ({"code": "same"}, {}):
        other = make_claim_run(fit=(4.0, 1.0) if fields else (4.0, 4.0))
        other.snapshot = made.snapshot
        other.evidence = {
            arm: [item.model_copy(update=fields) for item in items] for arm, items in other.evidence.items()
        }
        assert get_finding(other, "part-of-whole").outcome is Outcome.PASSED


def test_only_a_step_with_a_claim_is_named_as_the_one_that_gained_more():
    """Evidence that fit fell back, or other results of fit, refuse its claim: its ratio is not named."""
    made = make_claim_run()
    made.snapshot = made.snapshot.model_copy(update={"end_to_end": True})
    fell_back = made.model_copy(deep=True)
    fit, predict = made.evidence[Arm.ACCELERATED]
    fell_back.evidence[Arm.ACCELERATED] = [fit.model_copy(update={"path": "stock"}), predict]
    assert not get_claim(fell_back, "fit").made
    assert get_finding(fell_back, "part-of-whole").outcome is Outcome.PASSED
    differs = made.model_copy(deep=True)
    equal = Measure(name="equal-fit", label="fit", value=0.0, unit="%", decisive=True, step="fit")
    differs.quality = Quality(baseline=[], accelerated=[], agreement=[equal])
    assert not get_claim(differs, "fit").made
    assert get_finding(differs, "part-of-whole").outcome is Outcome.PASSED
    partial = made.model_copy(deep=True)
    counts = {"calls": 4, "accelerated_calls": 3, "reason": "sparse"}
    partial.evidence[Arm.ACCELERATED] = [fit.model_copy(update=counts), predict]
    assert get_finding(partial, "part-of-whole").seen.endswith("; fit in part, 3 of 4 calls; sparse")


def test_the_claim_of_an_application_has_no_remedy_that_contradicts_the_total():
    made = make_claim_run()
    fit, predict = made.evidence[Arm.ACCELERATED]
    made.evidence[Arm.ACCELERATED] = [fit, predict.model_copy(update={"path": "stock", "reason": "not chosen"})]
    for is_application in (False, True):
        made.snapshot = made.snapshot.model_copy(update={"end_to_end": is_application})
        remedies = " ".join(finding.remedy for finding in get_claim(made).findings)
        assert ("Quote the ratio of the total: users" in remedies) is is_application
        assert ("Read the ratio of each step" in remedies) is not is_application
        assert get_finding(made, "engaged").outcome is Outcome.ANNOTATED


def test_amdahl():
    assert amdahl_bound(0.5) == pytest.approx(2)
    assert amdahl_bound(1.0) == math.inf
    assert amdahl_ratio(0.5, 2) == pytest.approx(4 / 3)
    assert amdahl_ratio(1.0, 3) == pytest.approx(3)
    assert amdahl_ratio(0.95, 1e12) == pytest.approx(20)


def test_results_that_differ_are_named_and_refuse_their_step_and_the_whole():
    equal = [
        Measure(name=f"equal-{step}", label=step, value=value, unit="%", decisive=True, step=step)
        for step, value in (("fit", 100.0), ("predict", 0.0))
    ]
    made = make_claim_run(fit=(4.0, 1.0))
    made.quality = Quality(baseline=[], accelerated=[], agreement=equal)
    assert get_claim(made, "fit").made
    assert "equal results" in get_claim(made, "fit").sentence
    assert get_claim(made, "fit").verdict.accuracy == "within"
    for step in ("predict", "total"):
        assert not get_claim(made, step).made
        assert get_finding(made, "accuracy", step).seen == "predict"
    assert get_claim(made).verdict.accuracy == "outside"


def test_a_lazy_step_that_stands_apart_does_not_refuse_the_whole(monkeypatch):
    workload = load_workloads()["colour-quantization"]
    case = workload.default_case
    steps = tuple(replace(step, excluded_from_total=step.name == "predict") for step in case.steps)
    changed = replace(workload, cases=(replace(case, steps=steps),))
    monkeypatch.setitem(load_workloads(), workload.name, changed)
    made = make_claim_run()
    told = made.evidence[Arm.ACCELERATED]
    made.evidence[Arm.ACCELERATED] = [told[0], told[1].model_copy(update={"materialised": False})]
    assert get_finding(made, "materialised").outcome is Outcome.PASSED
    assert get_finding(made, "materialised", "predict").outcome is Outcome.REFUSED


def test_the_titles_of_the_refusals_name_what_is_wrong():
    run = make_claim_run(busy=(1.5, 0.0))
    run.claims = decide_claims(run)
    assert list_refusal_titles(run) == ["Background load differed between the arms"]
    run.claims = [get_claim(make_claim_run())]
    assert run.claims[0].made and list_refusal_titles(run) == []


def test_a_step_that_the_total_leaves_out_is_no_part_of_it():
    run = make_claim_run()
    steps = [step.model_copy(update={"excluded_from_total": step.name == "fit"}) for step in run.snapshot.steps]
    run.snapshot = run.snapshot.model_copy(update={"steps": steps})
    finding = get_finding(run, "part-of-whole", "fit")
    assert (finding.title, "accelerating it" in finding.seen) == ("Not part of the total", False)


def test_an_arm_that_was_faster_in_its_warm_up_is_a_reservation():
    made = make_claim_run()
    made.samples[:0] = [make_claim_sample(Arm.BASELINE, pair, 1.0, phase=Phase.WARM_UP) for pair in range(4)]
    finding = get_finding(made, "stable")
    assert (finding.title, finding.effect) == ("Slower than during the warm-up", "reservation")
    assert "the baseline arm took 2.00 s in the warm-up and 5.00 s in the race" in finding.seen
    assert get_finding(made, "stable", "predict").outcome is Outcome.PASSED


def test_a_run_without_its_first_calls_has_a_condition():
    made = make_claim_run()
    made.prepared = [prepared.model_copy(update={"first_call_s": {}}) for prepared in made.prepared]
    finding = get_finding(made, "warm")
    assert (finding.title, finding.effect) == ("The first call is not known", "condition")


def test_times_that_their_cpu_time_does_not_fit_into_are_refused():
    finding = get_finding(make_claim_run(used=(2.0, 2.6)), "measured")
    assert finding.outcome is Outcome.REFUSED
    assert finding.seen == "the CPU time needs 2.00 and 2.60 cores, and each arm had 2"
    assert get_finding(make_claim_run(used=(2.0, 2.4)), "measured").outcome is Outcome.PASSED


@pytest.mark.parametrize(("used", "is_service"), [((2.0, 2.6), True), ((2.6, 2.0), False), ((2.6, 2.6), False)])
def test_a_service_that_used_more_cores_is_named_as_that(used, is_service):
    made = make_claim_run(used=used)
    made.prepared[1] = made.prepared[1].model_copy(update={"service": Service(what="a cluster", cores=2, elsewhere=0)})
    finding = get_finding(made, "measured")
    assert finding.outcome is Outcome.REFUSED
    assert (finding.title == "The service used more cores than requested") is is_service
    assert ("Stop what else the service does" in finding.remedy) is is_service
