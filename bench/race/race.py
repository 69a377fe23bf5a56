"""Drives two arms through a run: prepare, warm up, pairs in random order, core counts, quality, evidence, claims.

The race tells what happens as typed events and keeps nothing else. It is one thread around one `select`: while it waits
for an answer it reads the machine's telemetry, watches the arms' memory, and notices that it should stop.
"""

from __future__ import annotations

import importlib
import itertools
import random
import select
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from bench.claims.verdict import decide_claims
from bench.formatting import format_cores
from bench.machine import noise
from bench.machine.core_selection import core_counts_to_try
from bench.machine.telemetry import Telemetry
from bench.plan.plan import Plan
from bench.race.arm import ArmError, ArmProcess
from bench.race.core_counts import MIN_ROUNDS
from bench.race.sampling import (
    CLAIM_OVERRUN_FACTOR,
    CORE_COUNTS_SHARE,
    MAX_DRAWING_SHARE,
    MAX_OVERRUN_FACTOR,
    MAX_WARM_UP_SHARE,
    MIN_PAIRS_FOR_CLAIM,
    MIN_PAIRS_FOR_INTERVAL,
    MIN_PAIRS_TO_STOP,
    PAGE_DRAWING_S,
    RESUME_DELAY_S,
    choose_call_count,
)
from bench.race.thread_placement import MIN_SPREAD_CORES_SHARE, MIN_SPREAD_GAIN
from bench.race.watchdog import CHECK_INTERVAL_S, MAX_MEMORY_SHARE, TELEMETRY_INTERVAL_S, RaceStopped
from bench.run import events
from bench.run.events import Event, State
from bench.run.record import Run
from bench.stats.warmup import is_warm
from bench.system.process_tree import tree_resident_bytes
from bench.values import Arm, CoreCount, Failure, Phase, Placement, PreparedArm, Quality, Repetition, Sample
from bench.worker import protocol
from bench.worker.process import make_work_fields


class Race:
    """One run, from its opening to its last event. `run` returns when it is over, and no arm is left then."""

    def __init__(
        self,
        opened: events.RunOpened,
        *,
        tell: Callable[[Event], None],
        stop: Callable[[], RaceStopped | None],
        scratch: Path,
        cores: list[int],
        drawn_at: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`cores` are the processors to race on, as many as the plan asks for; `drawn_at` tells when a page last began
        to draw this run, in seconds since the epoch."""
        self.plan: Plan = opened.plan
        self.record = Run.open(opened)
        self.workload = self.plan.declaration
        self._tell, self._stop, self._scratch, self._drawn_at = tell, stop, scratch, drawn_at
        self._opened, self._cores = opened, cores
        self._start = time.monotonic()
        self._telemetry = Telemetry()
        self._last_reading = 0.0
        allowed = opened.machine.limits.memory_bytes or psutil.virtual_memory().total
        self._memory_limit = int(min(psutil.virtual_memory().available, allowed) * MAX_MEMORY_SHARE)
        self._random = random.Random(self.plan.seed)
        self._alive: list[ArmProcess] = []
        self._pairs = itertools.count()
        self._calls: dict[str, int] = {}
        self._stood_s = 0.0
        self._sampling_since: float | None = None
        # scipy takes a second or more to import: beside the warm-up, where it delays no first sample and no stop.
        self._loading = threading.Thread(target=importlib.import_module, args=("bench.stats.comparison",), daemon=True)

    def run(self) -> None:
        """Race. Never raises for what an arm or a person does: that becomes the run's state and failure."""
        self._tell(self._opened)
        try:
            self._race()
            self._move(State.FINISHED)
        except RaceStopped as stopped:
            self._end_all()
            self._conclude(stopped.state, stopped.why)
            self._move(stopped.state, stopped.why)
        except ArmError as broken:
            self._end_all()
            self.tell(events.RunFailed(at=self.now, failure=broken.failure))
            self._conclude(State.FAILED, broken.failure.what)
            self._move(State.FAILED, broken.failure.what)
        finally:
            self._end_all()

    @property
    def now(self) -> float:
        """Seconds since the opening."""
        return time.monotonic() - self._start

    def tell(self, event: Event) -> None:
        self.record.apply(event)
        self._tell(event)

    # --- the course of a run ---

    def _race(self) -> None:
        arms = self._prepare(self._cores)
        self._check_same_work()
        self._loading.start()
        self._sampling_since = self.now
        self._move(State.WARMING_UP)
        self._warm_up(arms)
        self._spread(arms)
        before = self.now
        # Of the same repetition in both arms, whatever was tried with one of them before.
        self._sample_round(list(arms.values()), Phase.WARM_UP)
        self._judge(arms)
        # The budget is for sampling: an accuracy over many questions may take longer than all of it.
        self._sampling_since += self.now - before
        self._move(State.RACING)
        self._sample_pairs(arms)
        # Now, since what the arms tell of is the race, and not what follows it.
        if self.workload.quality_after_race:
            self._judge(arms)
        else:
            self._testify(arms)
        # What works for an arm from outside has the cores that it has, whatever the arm is given.
        served = any(prepared.service for prepared in self.record.prepared)
        for count in [] if served else core_counts_to_try(self.plan.cores):
            self._move(State.CORES)
            try:
                self._try_cores(arms, count)
            except ArmError as broken:
                # The race itself is done: its claim says that no other core count was tried.
                self._end_others(arms)
                what = f"{format_cores(count)} could not be tried: {broken.failure.what}"
                self.tell(events.ArmProgressed(at=self.now, arm=broken.failure.arm, cores=count, text=what))
        self._end_all()
        self._rest()
        self._conclude(State.FINISHED)

    def _prepare(self, chosen: list[int], sides: Sequence[Arm] = tuple(Arm)) -> dict[Arm, ArmProcess]:
        """Start the arms side by side, and wait until all are ready."""
        began = time.monotonic()
        arms = {}
        for arm in sides:
            folder = self._scratch / f"{arm}-{len(chosen)}"
            arms[arm] = ArmProcess(arm, self.plan, chosen, folder)
            arms[arm].start()
            self._alive.append(arms[arm])
        self._ask_all(arms.values(), None, protocol.Hello, self.workload.prepare_limit_s)
        for process in arms.values():
            process.ask(
                protocol.Prepare(
                    arm=self.workload.arm,
                    lever=getattr(self.plan, process.arm),
                    **make_work_fields(self.plan, chosen, process.scratch),
                )
            )

        def ready(process: ArmProcess, answer: protocol.PreparedReply | protocol.RepeatedReply) -> type | None:
            if isinstance(answer, protocol.RepeatedReply):
                self._take(process, answer.repetition, Phase.EARLY, next(self._pairs), 0)
                return None
            prepared = PreparedArm(
                arm=process.arm,
                cores=len(chosen),
                pid=process.pid,
                seconds=time.monotonic() - began,
                work=answer.work,
                step_work=answer.step_work,
                data=answer.data,
                facts=answer.facts,
                synthetic=answer.synthetic,
                service=answer.service,
            )
            self.tell(events.ArmPrepared(at=self.now, prepared=prepared))
            if not self.workload.early_sample or len(self._alive) > len(Arm) or len(self.record.prepared) >= len(Arm):
                return None
            process.ask(protocol.Repeat(repetition=0, calls={}))
            return protocol.RepeatedReply

        self._ask_all(arms.values(), None, protocol.PreparedReply, self.workload.prepare_limit_s, ready)
        return arms

    def _check_same_work(self) -> None:
        works = [(prepared.work, prepared.step_work) for prepared in self.record.prepared]
        if any(work != works[0] for work in works):
            told = "; ".join(
                " ".join([f"{work:g}", *(f"{step} {own:g}" for step, own in of.items())]) for work, of in works
            )
            raise ArmError(
                Failure(
                    what=f"The arms prepared different amounts of work: {told} {self.workload.unit}.",
                    remedy="The workload's two arms are not the same work; nothing can be compared.",
                )
            )

    def _warm_up(self, arms: dict[Arm, ArmProcess]) -> None:
        """Alternate the arms until neither gets faster, then settle how often a step is called inside a sample."""
        series: dict[Arm, list[float]] = {arm: [] for arm in Arm}
        until = self.now + self.plan.budget_s * MAX_WARM_UP_SHARE
        while True:
            self._sample_round(list(arms.values()), Phase.WARM_UP)
            for arm in Arm:
                series[arm].append(self.record.samples_of(arm, Phase.WARM_UP)[-1].total_s)
            if all(is_warm(times) for times in series.values()) or self.now >= until:
                break
        last = [self.record.samples_of(arm, Phase.WARM_UP)[-1] for arm in Arm]
        for step in self.plan.steps:
            # The same number of calls in both arms, as many as the faster one needs and the slower one bears.
            times = [sample.seconds(step.name) for sample in last]
            self._calls[step.name] = choose_call_count(min(times), max(times))

    def _spread(self, arms: dict[Arm, ArmProcess]) -> None:
        """Lay an arm's threads one on each core where the kernel has packed them, and keep that where it helps."""
        for arm, process in arms.items():
            if self.plan.cores < 2:
                continue
            before = self._sample(process, Phase.WARM_UP, next(self._pairs), 0)
            asked = f"asked {self.plan.cores} cores, used {before.effective_cores:.2f}"
            if before.repetition.threads < 2:
                self._placed(arm, before, None, False, f"{asked}: {before.repetition.threads} thread ran")
                continue
            if before.effective_cores >= MIN_SPREAD_CORES_SHARE * self.plan.cores:
                self._placed(arm, before, None, False, f"{asked}: nothing to spread")
                continue
            self._ask(process, protocol.Place(spread=True), protocol.PlacedReply)
            after = self._sample(process, Phase.WARM_UP, next(self._pairs), 0)
            kept = after.effective_cores > MIN_SPREAD_GAIN * before.effective_cores
            if not kept:
                self._ask(process, protocol.Place(spread=False), protocol.PlacedReply)
            how = f"{asked}; with a core for each thread {after.effective_cores:.2f}"
            self._placed(arm, before, after, kept, f"{how}: {'kept' if kept else 'no better, undone'}")

    def _placed(self, arm: Arm, before: Sample, after: Sample | None, kept: bool, reason: str) -> None:
        placement = Placement(
            arm=arm,
            cores=self.plan.cores,
            before=before.effective_cores,
            after=after.effective_cores if after else None,
            kept=kept,
            reason=reason,
        )
        self.tell(events.ThreadsPlaced(at=self.now, placement=placement))

    def _judge(self, arms: dict[Arm, ArmProcess]) -> None:
        """Ask both arms for their evidence, their quality and what they made, and how far they agree."""
        self._testify(arms)
        concluded = {
            arm: self._ask(process, protocol.MeasureQuality(), protocol.QualityReply) for arm, process in arms.items()
        }
        baseline, accelerated = arms[Arm.BASELINE], arms[Arm.ACCELERATED]
        compared = self._ask(
            accelerated, protocol.CompareResults(other=str(baseline.scratch)), protocol.ComparisonReply
        )
        quality = Quality(
            baseline=concluded[Arm.BASELINE].measures,
            accelerated=concluded[Arm.ACCELERATED].measures,
            agreement=compared.measures,
        )
        pictures = {arm: concluded[arm].pictures for arm in Arm}
        self.tell(events.QualityMeasured(at=self.now, quality=quality, pictures=pictures, tables=compared.tables))

    def _testify(self, arms: dict[Arm, ArmProcess]) -> None:
        for arm, process in arms.items():
            testified = self._ask(process, protocol.CollectEvidence(), protocol.EvidenceReply)
            unknown = {evidence.step for evidence in testified.evidence} - {step.name for step in self.plan.steps}
            if unknown:
                raise process.broken(
                    f"gave evidence of steps that are not declared: {unknown}", "The workload is at fault."
                )
            self.tell(events.EvidenceCollected(at=self.now, arm=arm, evidence=testified.evidence))

    def _sample_pairs(self, arms: dict[Arm, ArmProcess]) -> None:
        """Pairs in random order until every interval is narrow enough or the budget is spent."""
        while self._loading.is_alive():
            self._loading.join(CHECK_INTERVAL_S)
            self._look_up()
        share = 1 - (CORE_COUNTS_SHARE if core_counts_to_try(self.plan.cores) else 0)
        started = self._sampling_since or self.now
        cost, next_estimate = 0.0, self.now
        for pairs in itertools.count(1):
            self._sample_round(list(arms.values()), Phase.RACE)
            spent = self.now - started
            wanted = (
                MIN_PAIRS_FOR_CLAIM if spent < self.plan.budget_s * CLAIM_OVERRUN_FACTOR else MIN_PAIRS_FOR_INTERVAL
            )
            over = spent >= self.plan.budget_s * share and pairs >= wanted
            over = over or spent >= self.plan.budget_s * MAX_OVERRUN_FACTOR
            if not over and self.now < next_estimate:
                continue
            before = self.now
            narrow = self._estimate(pairs)
            cost = self.now - before
            # Estimating takes at most a tenth of the time, and is not on screen more often than an eye follows.
            next_estimate = self.now + max(0.3, 10 * cost)
            if over or (narrow and pairs >= MIN_PAIRS_TO_STOP):
                return

    def _estimate(self, pairs: int) -> bool:
        """Tell the statistics so far; whether every interval is as narrow as the plan asks."""
        from bench.stats.comparison import compare_samples

        samples = [sample for sample in self.record.samples if sample.phase == Phase.RACE]
        prepared = self.record.prepared[0]
        comparisons = compare_samples(samples, work=prepared.work, step_work=prepared.step_work, seed=self.plan.seed)
        if not comparisons:
            return False
        self.tell(events.RatiosEstimated(at=self.now, pairs=pairs, comparisons=comparisons))
        return all(comparison.ratio.half_width <= self.plan.target for comparison in comparisons)

    def _try_cores(self, arms: dict[Arm, ArmProcess], count: int) -> None:
        """Race both arms at another core count against themselves, in rounds of four, so that drift hits all alike."""
        whole = self.record.comparison()
        slowest = max(whole.baseline.median, whole.accelerated.median) if whole else 0.0
        projected = slowest * self.plan.cores / count
        rounds = MIN_ROUNDS + 2
        spent = self.now - (self._sampling_since or self.now)
        longest = MAX_OVERRUN_FACTOR * self.plan.budget_s
        if projected > self.workload.sample_limit_s or spent + 2 * rounds * projected > longest:
            return  # A sample there takes too long for the budget; the claim says that it was not tried.
        others = self._prepare(self._cores[:count])
        contestants = [*arms.values(), *others.values()]
        for _ in range(2):
            for process in others.values():
                self._sample(process, Phase.WARM_UP, next(self._pairs), 0)
        tried = len(core_counts_to_try(self.plan.cores))
        until = self.now + self.plan.budget_s * CORE_COUNTS_SHARE / tried
        for done in itertools.count(1):
            self._sample_round(contestants, Phase.CORES)
            if self.now >= until and done >= MIN_ROUNDS:
                break
        self._end_others(arms)
        self._tell_core_counts()

    def _tell_core_counts(self) -> None:
        from bench.stats.comparison import ratio_of_medians, summarize

        times: dict[tuple[Arm, int], list[float]] = {}
        busy: dict[tuple[Arm, int], list[float]] = {}
        for sample in self.record.samples:
            if sample.phase == Phase.CORES:
                times.setdefault((sample.arm, sample.cores), []).append(sample.total_s)
                busy.setdefault((sample.arm, sample.cores), []).append(sample.effective_cores)
        work = self.record.prepared[0].work
        counts = [
            CoreCount(
                arm=arm,
                cores=count,
                whole=summarize(series, work=work, effective_cores=sum(busy[arm, count]) / len(busy[arm, count])),
            )
            for (arm, count), series in sorted(times.items(), key=lambda item: (item[0][0], item[0][1]))
        ]
        best = {arm: min((c for c in counts if c.arm == arm), key=lambda c: c.whole.median) for arm in Arm}
        first = times[Arm.BASELINE, best[Arm.BASELINE].cores]
        second = times[Arm.ACCELERATED, best[Arm.ACCELERATED].cores]
        shorter = min(len(first), len(second))
        ratio = ratio_of_medians(first[-shorter:], second[-shorter:], seed=self.plan.seed)
        self.tell(events.CoreCountsTried(at=self.now, counts=counts, best_ratio=ratio))

    def _rest(self) -> None:
        """The machine's noise, now that the arms are gone; a run without it is a run all the same."""
        try:
            self.tell(events.NoiseMeasured(at=self.now, noise=noise.measure_noise(cores=self._cores)))
        except noise.NoiseError as error:
            self.tell(events.NoiseMeasured(at=self.now, noise=None, why=str(error)))

    def _conclude(self, state: State, why: str = "") -> None:
        """Say what the run supports. A run without a pair supports nothing, and has no verdict."""
        if self.record.statistics:
            # Told before the move itself, since nobody reads on once a run is over.
            ended = self.record.model_copy(update={"state": state, "why": why})
            self.tell(events.ClaimsDecided(at=self.now, claims=decide_claims(ended)))

    # --- sampling ---

    def _sample_round(self, arms: Sequence[ArmProcess], phase: Phase) -> None:
        """One sample of each arm, in random order."""
        self._let_draw()
        pair = next(self._pairs)
        order = list(arms)
        self._random.shuffle(order)
        for place, process in enumerate(order):
            self._sample(process, phase, pair, place)

    def _sample(self, process: ArmProcess, phase: Phase, pair: int, place: int) -> Sample:
        self._still(process)
        # Both samples of a pair are of the same repetition, so that an input that varies is the same for both.
        request = protocol.Repeat(repetition=pair, calls=self._calls)
        repeated = self._ask(process, request, protocol.RepeatedReply)
        return self._take(process, repeated.repetition, phase, pair, place)

    def _take(self, process: ArmProcess, repetition: Repetition, phase: Phase, pair: int, place: int) -> Sample:
        """Tell of a sample that an arm has measured, with its steps as they are declared."""
        timed = [time.step for time in repetition.steps]
        if timed != [step.name for step in self.plan.steps]:
            raise process.broken(f"timed the steps {timed}, which are not those declared", "The workload is at fault.")
        steps = [
            time.model_copy(update={"excluded_from_total": declared.excluded_from_total})
            for time, declared in zip(repetition.steps, self.plan.steps, strict=True)
        ]
        repetition = repetition.model_copy(update={"began": repetition.began - self._start, "steps": steps})
        sample = Sample(
            arm=process.arm, phase=phase, cores=len(process.cores), pair=pair, place=place, repetition=repetition
        )
        self.tell(events.SampleTaken(at=self.now, sample=sample))
        return sample

    def _still(self, process: ArmProcess) -> None:
        """Before `arm` is timed: where the workload wants that, stop the processes of all others, outside any clock."""
        if not self.workload.pause_idle_arm:
            return
        for other in self._alive:
            if other is not process:
                other.freeze()
        if process.frozen:
            # What its timers have missed is made up for before its clock starts, and not inside.
            process.thaw()
            time.sleep(RESUME_DELAY_S)

    def _let_draw(self) -> None:
        """Stand still while a page is drawn: it wants the cores on which the arms race.

        Not for more than a share of the time, however many pages there are.
        """
        while (
            left := self._drawn_at() + PAGE_DRAWING_S - time.time()
        ) > 0 and self._stood_s < MAX_DRAWING_SHARE * self.now:
            nap = min(left, CHECK_INTERVAL_S)
            time.sleep(nap)
            self._stood_s += nap
            self._look_up()

    # --- talking with the arms ---

    def _ask(self, process: ArmProcess, request: protocol.Request, wanted: type) -> protocol.Reply:
        return self._ask_all([process], request, wanted, self.workload.sample_limit_s)[process]

    def _ask_all(
        self,
        arms: Sequence[ArmProcess],
        request: protocol.Request | None,
        wanted: type,
        limit_s: float,
        then: Callable[[ArmProcess, protocol.Reply], type | None] = lambda process, reply: None,
    ) -> dict[ArmProcess, protocol.Reply]:
        """Put `request` to the arms (None: it has been put) and wait for an answer of the type `wanted` from each.

        Where `then` has asked an arm for more, it returns the type of the answer that is to be waited for.
        """
        waiting = dict.fromkeys(arms, wanted)
        answers: dict[ArmProcess, protocol.Reply] = {}
        if request is not None:
            for process in waiting:
                process.ask(request)
        deadline = time.monotonic() + limit_s
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], CHECK_INTERVAL_S)
            for process in ready:
                for reply in process.replies():
                    match reply:
                        case protocol.ProgressMessage(text=text):
                            self.tell(
                                events.ArmProgressed(at=self.now, arm=process.arm, cores=len(process.cores), text=text)
                            )
                        case protocol.ErrorReply():
                            raise process.broke(reply)
                        case _ if isinstance(reply, waiting.get(process, ())):
                            if isinstance(reply, protocol.Hello):
                                process.pid = reply.pid
                                if reply.version != protocol.VERSION:
                                    raise process.broken(
                                        f"speaks version {reply.version}", "Install one Fairlap, not two."
                                    )
                            answers[process] = reply
                            more = then(process, reply)
                            if more is None:
                                del waiting[process]
                            else:
                                waiting[process] = more
                        case _:
                            raise process.broken(f"answered '{reply.type}' out of turn", "The workload is at fault.")
            self._look_up()
            if waiting and time.monotonic() > deadline:
                raise next(iter(waiting)).broken(
                    f"did not answer within {limit_s:g} s",
                    "It hangs, or the work is too large: ask for less, or see its log.",
                )
        return answers

    def _look_up(self) -> None:
        """What is to be noticed while waiting: the wish to stop, the machine, the arms' memory."""
        stopped = self._stop()
        if stopped:
            raise stopped
        if self.now - self._last_reading < TELEMETRY_INTERVAL_S:
            return
        self._last_reading = self.now
        racing = self._alive[: len(Arm)]
        reading = self._telemetry.read(self.now, {process.arm: process.supervisor_pid for process in racing})
        self.tell(events.TelemetryRead(at=self.now, reading=reading))
        used = sum(reading.arm_memory.values())
        used += sum(tree_resident_bytes(process.supervisor_pid) for process in self._alive[len(Arm) :])
        if used > self._memory_limit:
            largest = max(self._alive, key=lambda process: reading.arm_memory.get(process.arm, 0))
            raise largest.broken(
                f"and its rival used {used / 2**30:.1f} GiB, "
                f"more than the {self._memory_limit / 2**30:.1f} GiB that may be used",
                "Ask for less work, or close what else uses memory.",
            )

    def _move(self, state: State, why: str = "") -> None:
        self.tell(events.StateChanged(at=self.now, state=state, why=why))

    def _end_others(self, arms: dict[Arm, ArmProcess]) -> None:
        """End all arms but these."""
        for process in [process for process in self._alive if process not in arms.values()]:
            self._alive.remove(process)
            process.end()

    def _end_all(self) -> None:
        while self._alive:
            self._alive.pop().end()
