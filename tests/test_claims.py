"""Every claim rule, on runs made by hand from a real one: what it refuses, what it notes, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.claims.verdict import RULES, amdahl, conclude, duration, figure, interval_text, ratio_figure, share_kept
from bench.plan.plan import make
from bench.run.events import State
from bench.run.record import Run
from bench.stats.comparison import compare
from bench.values import (
    CoreCount,
    CoreReading,
    Evidence,
    Failure,
    Finding,
    Interval,
    Measure,
    Measurement,
    Outcome,
    Phase,
    Prepared,
    Quality,
    Reading,
    Sample,
    Service,
    Side,
    Speed,
    StepTime,
    Verdict,
)
from bench.workload.declaration import WHOLE, registry
from tests.conftest import opened

MEASURE = Measure(name="psnr", label="PSNR", value=31.7, unit="dB", decisive=True)


def sample(side: Side, pair: int, fit: float, *, phase=Phase.RACE, cores=2, busy=None, used=2.0) -> Sample:
    steps = [
        StepTime(step="fit", seconds=fit, processor_s=used * fit, calls=1),
        StepTime(step="predict", seconds=1.0, processor_s=used, calls=1),
    ]
    wall = fit + 1.0
    measurement = Measurement(
        steps=steps,
        other_s=0.0,
        wall_s=wall,
        processor_s=used * wall,
        began=float(pair),
        threads=2,
        idle_processor_s=0,
        idle_s=1,
        machine_busy_s=None if busy is None else (used + busy) * wall,
    )
    return Sample(side=side, phase=phase, cores=cores, pair=pair, place=0, measurement=measurement)


def test_the_claim_of_a_step_says_how_much_of_the_batch_it_works_on():
    made = run()
    for prepared in made.prepared:
        prepared.work_of["fit"] = 40
    unit = made.plan.declaration.unit
    told = {claim.step: claim.sentence for claim in conclude(made)}
    assert f"batch 1, of which this step works on 40 {unit}" in told["fit"]
    assert "of which" not in told["predict"] + told[WHOLE]


def test_arms_that_do_another_amount_of_one_step_claim_nothing():
    made = run()
    made.prepared[0].work_of["fit"] = 40
    claims = conclude(made)
    assert not any(claim.made for claim in claims)
    assert "the arms differ in work" in claims[0].sentence


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (3.1e-8, "3.1e-08"), (0.01, "0.01"), (92.41, "92.41"), (-1e-6, "-1.0e-06")]
)
def test_a_small_figure_does_not_read_as_nothing(value, text):
    assert figure(Measure(name="error", label="error", value=value)) == text


def run(*, fit=(4.0, 1.0), pairs=20, busy=(None, None), used=2.0, jitter=0.001, **fields) -> Run:
    """A finished race on two cores, 'fit' so many seconds in each arm, 'predict' one second in both."""
    plan = make("colour-quantization", cores=2, **fields)
    made = Run.open(opened().model_copy(update={"plan": plan}))
    made.machine = made.machine.model_copy(update={"logical_threads": 2, "governor": None})
    made.state = State.FINISHED
    made.prepared = [Prepared(side=side, cores=2, pid=1, seconds=1, work=100, data="abc") for side in Side]
    for pair in range(pairs):
        shift = 1 + jitter * ((pair * 7) % 11 - 5)
        for side, seconds, other in zip(Side, fit, busy, strict=True):
            made.samples.append(sample(side, pair, seconds * shift, busy=other, used=used))
    made.statistics = compare(made.samples, work=100)
    made.evidence = {
        Side.BASELINE: [Evidence(step=step, path="stock", words=["stock"]) for step in ("fit", "predict")],
        Side.ACCELERATED: [Evidence(step=step, path="accelerated", words=["fast"]) for step in ("fit", "predict")],
    }
    made.quality = Quality(baseline=[MEASURE], accelerated=[MEASURE])
    whole = {
        side: made.comparison().baseline if side == Side.BASELINE else made.comparison().accelerated for side in Side
    }
    made.core_counts = [CoreCount(side=side, cores=2, whole=whole[side]) for side in Side]
    made.best_ratio = made.comparison().ratio
    return made


def finding(made: Run, rule: str, step: str = "whole") -> Finding:
    claim = next(claim for claim in conclude(made) if claim.step == step)
    return next(finding for finding in claim.findings if finding.rule == rule)


def claim(made: Run, step: str = "whole"):
    return next(claim for claim in conclude(made) if claim.step == step)


def test_a_clean_run_makes_its_claim_with_all_that_it_must_state():
    made = claim(run())
    assert made.made
    assert made.verdict == Verdict(speed="faster", engagement="engaged", accuracy="within")
    for part in (
        "Colour quantization, the whole: 5.00 s with stock scikit-learn, 2.00 s with scikit-learn-intelex",
        "2.50x (",
        "2 cores, batch 1",
        "PSNR 31.70 dB and 31.70 dB",
    ):
        assert part in made.sentence
    assert {f.outcome for f in made.findings} == {Outcome.PASSED}


def test_the_absolute_times_stand_before_the_ratio():
    sentence = claim(run()).sentence
    assert sentence.index("5.00 s") < sentence.index("2.50x")


def test_every_rule_speaks_in_every_claim():
    for made in conclude(run()):
        assert len(made.findings) == len(RULES)
        assert len({f.rule for f in made.findings}) == len(RULES)
        assert all(f.source and f.title and f.seen for f in made.findings)


def refused_or_noted(made: Run, rule: str, outcome: Outcome, words: str, step: str = "whole") -> None:
    found = finding(made, rule, step)
    assert found.outcome is outcome, found
    assert words in found.seen, found
    assert found.remedy, "what is not right comes with its remedy"
    assert claim(made, step).made is (outcome is Outcome.ANNOTATED)


def test_too_few_pairs_are_refused():
    refused_or_noted(run(pairs=3), "absolute-baseline", Outcome.REFUSED, "of 3 pairs")


@pytest.mark.parametrize("field", ["work", "data"])
def test_arms_that_did_not_do_the_same_are_refused(field):
    made = run()
    other = {"work": 99.0, "data": "xyz"}[field]
    made.prepared[1] = made.prepared[1].model_copy(update={field: other})
    refused_or_noted(made, "same-conditions", Outcome.REFUSED, f"differ in {field}")


@pytest.mark.parametrize(
    "cores, elsewhere, outcome, words",
    [
        (16, 0, Outcome.REFUSED, "a cluster, 16 cores, and the other on 2 cores of this machine"),
        (2, 1, Outcome.REFUSED, "a cluster, 2 cores of 2 machines"),
        (2, 0, Outcome.ANNOTATED, "not reserved for it"),
    ],
)
def test_work_done_outside_of_the_arm_is_refused_unless_on_as_many_cores_of_this_machine(
    cores, elsewhere, outcome, words
):
    made = run()
    served = Service(what="a cluster", cores=cores, elsewhere=elsewhere)
    made.prepared[1] = made.prepared[1].model_copy(update={"service": served})
    refused_or_noted(made, "same-conditions", outcome, words)
    background = next(f for f in conclude(made)[0].findings if f.rule == "background")
    assert "a cluster was not stopped beside the other arm" in background.seen or "does not tell" in background.seen


def test_a_fast_path_that_did_not_run_is_refused_and_a_partial_one_noted():
    made = run()
    stock = [Evidence(step=step, path="stock", words=["x"], reason="fell back") for step in ("fit", "predict")]
    made.evidence[Side.ACCELERATED][1] = stock[1]
    refused_or_noted(made, "engaged", Outcome.ANNOTATED, "1 of 2 steps accelerated; not: predict (fell back)")
    assert claim(made).verdict.engagement == "partial"
    refused_or_noted(made, "engaged", Outcome.REFUSED, "0 of 1", step="predict")
    made.evidence[Side.ACCELERATED] = stock
    refused_or_noted(made, "engaged", Outcome.REFUSED, "0 of 2 steps")
    made.evidence = {}
    refused_or_noted(made, "engaged", Outcome.REFUSED, "said nothing")


def test_accuracy_below_the_limit_or_unmeasured_is_refused():
    made = run()
    made.quality = Quality(baseline=[MEASURE], accelerated=[MEASURE.model_copy(update={"value": 31.3})])
    refused_or_noted(made, "accuracy", Outcome.REFUSED, "below 99.00%")
    made.quality = Quality(baseline=[MEASURE], accelerated=[MEASURE.model_copy(update={"value": 31.5})])
    assert claim(made).made
    made.quality = None
    refused_or_noted(made, "accuracy", Outcome.REFUSED, "not measured")


def test_the_limit_of_accuracy_is_the_plans():
    made = run(accuracy_limit=0.9)
    made.quality = Quality(baseline=[MEASURE], accelerated=[MEASURE.model_copy(update={"value": 30.0})])
    assert claim(made).made


def test_a_loss_is_compared_the_other_way_round():
    loss = Measure(name="loss", label="loss", value=1.0, higher_is_better=False, decisive=True)
    assert share_kept(loss, loss.model_copy(update={"value": 2.0})) == 0.5
    assert share_kept(loss, loss.model_copy(update={"value": 0.5})) == 2.0


def test_an_interval_that_includes_one_is_no_difference():
    made = run(fit=(4.0, 4.0))
    refused_or_noted(made, "interval", Outcome.REFUSED, "no difference detected")
    assert claim(made).verdict.speed is Speed.SAME
    assert claim(made).sentence.startswith("No difference detected in the whole (5.00 s and 5.00 s)")


def test_a_difference_that_two_processes_of_one_program_may_have_is_none():
    assert claim(run(fit=(4.04, 4.0), jitter=0)).verdict.speed is Speed.SAME


def test_slower_is_said_as_plainly_as_faster():
    made = claim(run(fit=(1.0, 4.0)))
    assert made.made
    assert made.verdict.speed is Speed.SLOWER
    assert "0.40x" in made.sentence
    assert "slower" in made.sentence


def test_lazy_work_is_refused_for_its_step_and_the_whole():
    made = run()
    made.evidence[Side.ACCELERATED][0] = Evidence(step="fit", path="accelerated", words=["x"], materialised=False)
    refused_or_noted(made, "materialised", Outcome.REFUSED, "fit returned before")
    refused_or_noted(made, "materialised", Outcome.REFUSED, "fit returned before", step="fit")
    assert finding(made, "materialised", "predict").outcome is Outcome.PASSED


def test_background_load_beside_one_arm_only_is_refused():
    refused_or_noted(run(busy=(0.9, 0.0)), "background", Outcome.REFUSED, "0.90 and 0.00 cores busy")
    refused_or_noted(run(busy=(0.5, 0.5)), "background", Outcome.ANNOTATED, "beside both arms alike")
    assert finding(run(busy=(0.1, 0.1)), "background").outcome is Outcome.PASSED
    assert finding(run(busy=(None, None)), "background").outcome is Outcome.PASSED


def test_a_failed_run_is_refused_and_a_stopped_one_noted():
    made = run()
    made.failure = Failure(what="It broke.", remedy="Mend it.")
    refused_or_noted(made, "complete", Outcome.REFUSED, "It broke.")
    made = run()
    made.state, made.why = State.STOPPED, "Stop was pressed"
    refused_or_noted(made, "complete", Outcome.ANNOTATED, "Stop was pressed")


def test_a_baseline_that_is_better_on_fewer_cores_is_said():
    made = run()
    best = made.core_counts[0].whole.model_copy(update={"median": 2.5})
    made.core_counts.append(CoreCount(side=Side.BASELINE, cores=1, whole=best))
    made.best_ratio = Interval(value=1.25, low=1.2, high=1.3)
    refused_or_noted(
        made, "best-with-best", Outcome.ANNOTATED, "baseline 2.50 s on 1 core, accelerated 2.00 s on 2 cores: 1.25x"
    )
    assert "at each arm's best core count 2.50 s on 1 core and 2.00 s on 2 cores, that is 1.25x" in claim(made).sentence


def test_a_run_without_other_core_counts_is_noted():
    made = run()
    made.core_counts, made.best_ratio = [], None
    refused_or_noted(made, "best-with-best", Outcome.ANNOTATED, "only 2 cores tried")


def test_what_is_worth_a_note():
    refused_or_noted(run(jitter=0.04), "spread", Outcome.ANNOTATED, "interquartile range")
    refused_or_noted(run(target=0.0001), "narrow", Outcome.ANNOTATED, "asked was ± 0.0%")
    refused_or_noted(run(used=1.0), "cores-used", Outcome.ANNOTATED, "asked 2, used 1.00 and 1.00")
    made = run()
    made.samples.insert(0, sample(Side.BASELINE, 0, 9.0, phase=Phase.WARM_UP))
    refused_or_noted(made, "warm", Outcome.ANNOTATED, "first run took 2.00 times the median")
    made = run()
    made.machine = made.machine.model_copy(update={"logical_threads": 64})
    refused_or_noted(made, "whole-machine", Outcome.ANNOTATED, "2 of 64 processors")
    made = run()
    made.machine = made.machine.model_copy(update={"governor": "powersave"})
    refused_or_noted(made, "quiet", Outcome.ANNOTATED, "governor powersave")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("steal", "hypervisor took 10.0%"),
        ("swapped_in", "7 pages were swapped in"),
        ("throttled", "7 thermal throttling"),
    ],
)
def test_a_machine_that_was_disturbed_is_noted(field, words):
    made = run()
    for at in range(2):
        value = 0.1 if field == "steal" else 7 * at
        made.telemetry.append(Reading(at=at, cores=[CoreReading(busy=1)], memory_used=1, swap_used=0, **{field: value}))
    refused_or_noted(made, "quiet", Outcome.ANNOTATED, words)


def test_different_numbers_of_iterations_are_noted():
    made = run()
    count = Measure(name="iterations", label="iterations", value=9, same_work=True)
    made.quality = Quality(baseline=[MEASURE, count], accelerated=[MEASURE, count.model_copy(update={"value": 13.0})])
    refused_or_noted(made, "same-work", Outcome.ANNOTATED, "iterations 9 and 13")


def test_a_step_stands_beside_the_whole_and_amdahls_bound():
    refused_or_noted(run(), "part-of-whole", Outcome.ANNOTATED, "80% of the baseline's 5.00 s", step="fit")
    assert "alone it makes the whole 2.50x, measured was 2.50x" in finding(run(), "part-of-whole", "fit").seen


def test_amdahl():
    assert amdahl(0.5, 2) == pytest.approx(4 / 3)
    assert amdahl(1.0, 3) == pytest.approx(3)
    assert amdahl(0.95, 1e12) == pytest.approx(20)


def test_racing_an_arm_against_itself_claims_no_acceleration():
    made = claim(run(accelerated="stock"))
    assert made.verdict.engagement == "same arm twice"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.0, "1.00 s"),
        (0.0269, "26.9 ms"),
        (0.1234, "123 ms"),
        (3.6e-8, "36.0 ns"),
        (4.2e-6, "4.20 µs"),
        (123.4, "123 s"),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert duration(seconds) == text


def test_results_that_differ_are_named_and_refuse_their_step_and_the_whole():
    equal = [
        Measure(name=f"equal-{step}", label=step, value=value, unit="%", decisive=True, step=step)
        for step, value in (("fit", 100.0), ("predict", 0.0))
    ]
    made = run(fit=(4.0, 1.0))
    made.quality = Quality(baseline=[], accelerated=[], agreement=equal)
    assert claim(made, "fit").made
    assert "equal results" in claim(made, "fit").sentence
    assert claim(made, "fit").verdict.accuracy == "within"
    for step in ("predict", "whole"):
        assert not claim(made, step).made
        assert finding(made, "accuracy", step).seen == "results differ: predict"
    assert claim(made).verdict.accuracy == "outside"


def test_a_lazy_step_that_stands_apart_does_not_refuse_the_whole(monkeypatch):
    workload = registry()["colour-quantization"]
    steps = tuple(replace(step, apart=step.name == "predict") for step in workload.steps)
    monkeypatch.setitem(registry(), workload.name, replace(workload, steps=steps))
    made = run()
    told = made.evidence[Side.ACCELERATED]
    made.evidence[Side.ACCELERATED] = [told[0], told[1].model_copy(update={"materialised": False})]
    assert finding(made, "materialised").outcome is Outcome.PASSED
    assert finding(made, "materialised", "predict").outcome is Outcome.REFUSED


@pytest.mark.parametrize(("ratio", "text"), [(2.371, "2.37x"), (0.42, "0.42x"), (0.0996, "0.10x"), (0.0019, "0.0019x")])
def test_a_ratio_has_digits_however_small_it_is(ratio, text):
    assert ratio_figure(ratio) == text


def test_a_ratio_stands_with_its_interval():
    assert interval_text(Interval(value=0.0021, low=0.002, high=2.5)) == "0.0021x (0.0020 to 2.50)"
