"""Runs made for tests: races of the trial workload, and runs with samples of known times."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path

from bench.claims.verdict import decide_claims
from bench.machine.core_selection import choose_cores
from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.run import events
from bench.run.events import State
from bench.run.opening import open_run
from bench.run.record import RatioEstimate, Run
from bench.stats.comparison import compare_samples
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.claims import Finding
from bench.values.quality import IntervalMethod, LossKind, Measure, MeasureDifference, Quality
from bench.values.readings import CoreReading, Reading
from bench.values.samples import TOTAL, Evidence, Phase, Repetition, Sample, StepTime
from bench.values.statistics import CoreCount, Interval


def make_opening(**fields) -> events.RunOpened:
    """The opening of a run of the trial workload."""
    parameters = {"loops": 2000} | fields.pop("parameters", {})
    return open_plan(make_plan("trial", **({"cores": 1, "budget_s": 2, "parameters": parameters} | fields)))


def open_plan(plan: Plan, run_id: str = "0123456789abcdef") -> events.RunOpened:
    """The opening of a run of `plan`."""
    return open_run(
        plan,
        run_id=run_id,
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin="command line",
        requester="somebody",
        pid=os.getpid(),
    )


def run_race(
    opening: events.RunOpened, folder: Path, *, emit=lambda event: None, stop=lambda: None, start=lambda: True
) -> Race:
    """A race, run to its end in this process. Its scratch folder is made in `folder`. Once its arms are ready, it waits
    until `start` is true."""
    scratch = folder / "scratch"
    scratch.mkdir()
    cores = choose_cores(opening.plan.cores)
    racing = Race(opening, emit=emit, stop_requested=stop, start_requested=start, scratch=scratch, cores=cores)
    racing.run()
    return racing


def run_trial_race(
    tmp_path: Path, *, stop=lambda: None, start=lambda: True, emitted: list | None = None, **fields
) -> Race:
    """A race of the trial workload, run to its end in this process."""
    emitted = emitted if emitted is not None else []
    return run_race(make_opening(**fields), tmp_path, emit=emitted.append, stop=stop, start=start)


def place_in_pair(arm: Arm, pair: int) -> int:
    """The position of an arm: the baseline begins every even pair."""
    return (pair + (arm is Arm.ACCELERATED)) % 2


COLOUR_STEPS = ("fit", "predict", "assign")


COLOUR_SECONDS = {Arm.BASELINE: 0.020, Arm.ACCELERATED: 0.010}


def make_colour_sample(arm: Arm, pair: int, phase: Phase = Phase.RACE, cores: int = 1, factor: float = 1.0) -> Sample:
    seconds = COLOUR_SECONDS[arm] * factor * random.Random(f"{arm}{pair}").uniform(0.98, 1.02)
    steps = [StepTime(step=step, seconds=seconds, cpu_s=seconds, calls=1) for step in COLOUR_STEPS]
    repetition = Repetition(
        steps=steps,
        other_s=0.001,
        wall_s=3 * seconds + 0.001,
        cpu_s=3 * seconds,
        began=2 + 0.1 * pair,
        threads=1,
        idle_cpu_s=0,
        idle_s=0,
    )
    return Sample(arm=arm, phase=phase, cores=cores, pair=pair, place=place_in_pair(arm, pair), repetition=repetition)


def make_colour_run(pairs: int, *, far: int | None = None) -> Run:
    """A run with so many pairs; in pair `far` the baseline takes a hundred times as long."""
    plan = make_plan("colour-quantization", cores=1, budget_s=5)
    run = Run.open(open_plan(plan, "f" * 32))
    if not pairs:
        return run
    run.samples = [make_colour_sample(arm, 0, Phase.WARM_UP, factor=1.5) for arm in Arm]
    for pair in range(1, pairs + 1):
        slow = {Arm.BASELINE: 100.0 if pair == far else 1.0, Arm.ACCELERATED: 1.0}
        run.samples += [make_colour_sample(arm, pair, factor=slow[arm]) for arm in Arm]
    run.statistics = compare_samples([s for s in run.samples if s.phase is Phase.RACE], work=1e6)
    ratios = {comparison.step: comparison.ratio for comparison in run.statistics}
    run.estimates = [RatioEstimate(at=3.0 + n, pairs=pairs, ratios=ratios) for n in range(3)]
    run.quality = Quality(
        baseline=[Measure(name="psnr", label="PSNR", value=31.66, unit="dB", decisive=True)],
        accelerated=[Measure(name="psnr", label="PSNR", value=31.79, unit="dB", decisive=True)],
    )
    whole = run.comparison(TOTAL)
    if whole:
        run.core_counts = [CoreCount(arm=arm, cores=n, whole=getattr(whole, arm)) for arm in Arm for n in (1, 2)]
        run.best_ratio = Interval(value=2, low=1.9, high=2.1)
    cores = [CoreReading(busy=0.5, mhz=2000), CoreReading(busy=1.0)]
    run.telemetry = [Reading(at=n, cores=cores, memory_used=1, swap_used=0) for n in range(5)]
    return run


PSNR = Measure(name="psnr", label="PSNR", value=31.7, unit="dB", decisive=True)


def make_claim_sample(
    arm: Arm,
    pair: int,
    fit: float,
    *,
    phase=Phase.RACE,
    cores=2,
    busy=None,
    used=2.0,
    delay: float | None = 0.0,
    throttled: float | None = 0.0,
    threads: int = 2,
    helpers: int | None = 0,
) -> Sample:
    """A sample of `fit` + 1 seconds. The rest are cores: kept busy by other programs and used by the arm, wanted by its
    threads in vain, and withheld by a quota."""
    steps = [
        StepTime(step="fit", seconds=fit, cpu_s=used * fit, calls=1),
        StepTime(step="predict", seconds=1.0, cpu_s=used, calls=1),
    ]
    wall = fit + 1.0
    repetition = Repetition(
        steps=steps,
        other_s=0.0,
        wall_s=wall,
        cpu_s=used * wall,
        began=float(pair),
        threads=threads,
        idle_cpu_s=0,
        idle_s=1,
        machine_busy_s=None if busy is None else (used + busy) * wall,
        run_delay_s=None if delay is None else delay * wall,
        throttled_s=None if throttled is None else throttled * wall,
        throttled_periods=None if throttled is None else int(throttled > 0),
        helper_processes=helpers,
    )
    return Sample(arm=arm, phase=phase, cores=cores, pair=pair, place=place_in_pair(arm, pair), repetition=repetition)


def make_quiet_sample(
    arm: Arm, pair: int, timed: list[StepTime], *, wall_s: float, other_s: float = 0.0, cores: int = 1
) -> Sample:
    """A sample of the race with `timed` steps, in which nothing disturbed the arm's one thread."""
    repetition = Repetition(
        steps=timed,
        other_s=other_s,
        wall_s=wall_s,
        cpu_s=wall_s,
        began=float(pair),
        threads=1,
        run_delay_s=0.0,
        throttled_s=0.0,
        throttled_periods=0,
        helper_processes=0,
        idle_cpu_s=0,
        idle_s=1,
    )
    place = place_in_pair(arm, pair)
    return Sample(arm=arm, phase=Phase.RACE, cores=cores, pair=pair, place=place, repetition=repetition)


def make_claim_run(
    *,
    fit=(4.0, 1.0),
    pairs=20,
    busy=(0.0, 0.0),
    used: float | tuple[float, float] = 2.0,
    delay=(0.0, 0.0),
    throttled=(0.0, 0.0),
    threads=2,
    helpers: int | None = 0,
    jitter=0.001,
    **fields,
) -> Run:
    """A finished race on two cores, 'fit' so many seconds in each arm, 'predict' one second in both.

    `busy`, `used`, `delay` and `throttled` are the numbers of cores of each arm, see `make_claim_sample`.
    """
    used = used if isinstance(used, tuple) else (used, used)
    plan = make_plan("colour-quantization", **({"cores": 2} | fields))
    made = Run.open(open_plan(plan))
    made.machine = made.machine.model_copy(update={"logical_threads": 2, "governor": None})
    made.state = State.FINISHED
    first_calls = {arm: {"fit": seconds, "predict": 1.0} for arm, seconds in zip(Arm, fit, strict=True)}
    made.prepared = [
        PreparedArm(arm=arm, cores=2, pid=1, seconds=1, work=100, data="abc", first_call_s=first_calls[arm])
        for arm in Arm
    ]
    for pair in range(pairs):
        shift = 1 + jitter * ((pair * 7) % 11 - 5)
        for place, (arm, seconds) in enumerate(zip(Arm, fit, strict=True)):
            loads = {
                "busy": busy[place],
                "used": used[place],
                "delay": delay[place],
                "throttled": throttled[place],
                "threads": threads,
                "helpers": helpers,
                "cores": plan.cores,
            }
            made.samples.append(make_claim_sample(arm, pair, seconds * shift, **loads))
    made.statistics = compare_samples(made.samples, work=100)
    made.evidence = {
        Arm.BASELINE: [Evidence(step=step, path="stock", words=["stock"]) for step in ("fit", "predict")],
        Arm.ACCELERATED: [Evidence(step=step, path="accelerated", words=["fast"]) for step in ("fit", "predict")],
    }
    made.quality = Quality(baseline=[PSNR], accelerated=[PSNR])
    whole = {arm: made.comparison().baseline if arm == Arm.BASELINE else made.comparison().accelerated for arm in Arm}
    made.core_counts = [CoreCount(arm=arm, cores=2, whole=whole[arm]) for arm in Arm]
    made.best_ratio = made.comparison().ratio
    return made


def remove_samples(run: Run) -> Run:
    """The run as if it had ended before the first call."""
    run.samples, run.statistics = [], []
    run.prepared = [one.model_copy(update={"first_call_s": {}}) for one in run.prepared]
    return run


def get_finding(made: Run, rule: str, step: str = "total") -> Finding:
    claim = next(claim for claim in decide_claims(made) if claim.step == step)
    return next(finding for finding in claim.findings if finding.rule == rule)


def get_claim(made: Run, step: str = "total"):
    return next(claim for claim in decide_claims(made) if claim.step == step)


def make_psnr_quality() -> Quality:
    """PSNR of 273,280 pixels: the accelerated arm has 3 % less squared error, from 5 % to 2 % less."""
    known = PSNR.model_copy(
        update={
            "loss": LossKind.ERROR,
            "mean_label": "mean squared error",
            "observations": 273_280,
            "observation": "pixel",
        }
    )
    difference = MeasureDifference(
        name="psnr",
        label="mean squared error",
        observations=273_280,
        groups=256,
        baseline=50.0,
        accelerated=48.5,
        difference=Interval(value=-1.5, low=-2.5, high=-1.0),
        deviation=1.0,
        higher_is_better=False,
        method=IntervalMethod.BOOTSTRAP,
    )
    agreement = Measure(
        name="agree",
        label="answers that agree",
        value=90.0,
        unit="%",
        observations=10,
        observation="question",
        groups=4,
        group="passage",
        interval=Interval(value=90.0, low=55.5, high=99.75),
    )
    return Quality(baseline=[known], accelerated=[known], agreement=[agreement], differences=[difference])
