"""What a run supports: Bailey's twelve ways to fool the masses, turned into rules.

A rule looks at one step of a run (or at the whole) and says what it saw: passed, worth a note, or reason to refuse the
claim. Every rule speaks in every claim, so that a reader sees what was checked and not only what was found.

Sources: D. H. Bailey, Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers,
Supercomputing Review, August 1991 ('Bailey 6' is the sixth way); T. Hoefler and R. Belli, Scientific Benchmarking of
Parallel Computing Systems, SC15 ('SC15 rule 5'); the MLPerf Inference rules ('MLPerf').
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.run.events import State
from bench.run.record import Run
from bench.stats.warmup import is_warm
from bench.values import (
    Accuracy,
    Claim,
    Comparison,
    Engagement,
    Evidence,
    Finding,
    Interval,
    Measure,
    Outcome,
    Phase,
    Service,
    Side,
    Speed,
    Verdict,
)
from bench.workload.declaration import WHOLE

SPREAD = 0.10
"""Interquartile range over median from which a spread is worth a note."""
SLOW_FIRST = 1.10
"""How much slower than the median the first samples must be to be worth a note."""
BACKGROUND_CORES = 0.20
"""Difference of background load between the arms, in cores, from which they did not race under the same conditions."""
BACKGROUND_SPREADS = 3.0
"""... and by how many standard errors it must exceed what chance makes of it."""
BUSY_CORES = 0.3
"""Background load, in cores, from which it is worth a note even where it is the same beside both arms."""
STEAL = 0.02
"""Share of the time taken by the hypervisor from which it is worth a note."""
UNUSED = 0.85
"""Share of the cores asked for under which their use is worth a note."""
RESOLUTION = 0.02
"""Smallest difference that a race of one process an arm can tell.

Two processes of the very same program differ by a per cent or so for as long as they live (address layout, page
colours, the cores that their threads are on), and no number of samples averages that away.
"""
FEWEST_PAIRS = 8
"""Pairs below which no interval is believed."""


@dataclass(frozen=True, slots=True)
class Context:
    """One step of a run, as the rules see it."""

    run: Run
    step: str
    comparison: Comparison

    @property
    def same_arm(self) -> bool:
        """True for a race of an arm against itself, which tries the measurement and claims no acceleration."""
        return self.run.plan.baseline == self.run.plan.accelerated

    @property
    def evidence(self) -> list[Evidence]:
        return _evidence(self.run, self.step)

    @property
    def steps(self) -> list[str]:
        return _steps(self.run, self.step)

    def measures(self, side: Side) -> list[Measure]:
        """The measures of an arm's quality that a claim stands on."""
        if self.run.quality is None:
            return []
        return [measure for measure in getattr(self.run.quality, side) if measure.decisive]

    @property
    def agreement(self) -> list[Measure]:
        """Shares of equal results that a claim stands on: of this step; for the whole, of every step in it."""
        if self.run.quality is None:
            return []
        wanted = {""} | ({step.name for step in self.run.plan.steps} if self.step == WHOLE else {self.step})
        return [measure for measure in self.run.quality.agreement if measure.decisive and measure.step in wanted]


Look = Callable[[Context], tuple[Outcome, str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is called, whom it comes from, why it stands, and how it looks."""

    name: str
    title: str
    source: str
    refuses: bool
    why: str
    look: Look

    def __call__(self, context: Context) -> Finding:
        outcome, seen, remedy = self.look(context)
        return Finding(rule=self.name, title=self.title, source=self.source, outcome=outcome, seen=seen, remedy=remedy)


RULES: list[Rule] = []


def rule(title: str, source: str, *, refuses: bool = False) -> Callable[[Look], Look]:
    """Make a rule of a function that returns the outcome, what was seen, and the remedy; its docstring says why."""

    def register(look: Look) -> Look:
        name = look.__name__.replace("_", "-")
        RULES.append(Rule(name, title, source, refuses, (look.__doc__ or "").strip(), look))
        return look

    return register


def _passed(seen: str) -> tuple[Outcome, str, str]:
    return Outcome.PASSED, seen, ""


# --- rules that refuse ---


@rule("Absolute times of both arms", "Bailey 9, SC15 rule 1", refuses=True)
def absolute_baseline(context: Context) -> tuple[Outcome, str, str]:
    """A ratio without its times says nothing: ten times faster than slow may still be slow."""
    baseline, accelerated = context.comparison.baseline, context.comparison.accelerated
    seen = f"{duration(baseline.median)} and {duration(accelerated.median)}, of {baseline.count} pairs"
    if baseline.count < FEWEST_PAIRS:
        return Outcome.REFUSED, seen, f"Give it a larger budget: fewer than {FEWEST_PAIRS} pairs have no interval."
    return _passed(seen)


@rule("Same cores, batch, data and seed in both arms", "Bailey 4, SC15 rule 9", refuses=True)
def same_conditions(context: Context) -> tuple[Outcome, str, str]:
    """More cores, a larger batch or easier data in one arm would be the lever then, and not the one named."""
    arms = {side: context.run.arm(side) for side in Side}
    baseline, accelerated = arms[Side.BASELINE], arms[Side.ACCELERATED]
    if baseline is None or accelerated is None:
        return Outcome.REFUSED, "an arm was never prepared", "Run it to its end."
    plan = context.run.plan
    differ = [
        name
        for name, one, other in (
            ("cores", baseline.cores, accelerated.cores),
            ("work", (baseline.work, baseline.work_of), (accelerated.work, accelerated.work_of)),
            ("data", baseline.data, accelerated.data),
        )
        if one != other
    ]
    if differ:
        return Outcome.REFUSED, f"the arms differ in {' and '.join(differ)}", "The workload is at fault: report it."
    for side, service in _services(context.run).items():
        seen = f"the {side} arm has its work done by {service.what}, {cores(service.cores)}"
        seen += f" of {service.elsewhere + 1} machines" if service.elsewhere else ""
        if service.cores != plan.cores or service.elsewhere:
            remedy = "Read the absolute times. For a ratio, let both arms work on the same cores of this machine."
            return Outcome.REFUSED, f"{seen}, and the other on {cores(plan.cores)} of this machine", remedy
        remedy = "They are as many as the other arm's, but not the same ones, and others may use them: say so."
        return Outcome.ANNOTATED, f"{seen} of this machine, not reserved for it", remedy
    return _passed(f"{cores(plan.cores)}, batch {plan.batch}, seed {plan.seed}, data {baseline.data[:12]} in both")


@rule("The fast path ran", "Bailey 3, MLPerf", refuses=True)
def engaged(context: Context) -> tuple[Outcome, str, str]:
    """Libraries fall back silently; a speedup is the fast path's only where the fast path ran."""
    found = engagement(context.run, context.step)
    if found is Engagement.SAME:
        return _passed("both arms have the same lever: nothing is claimed of an acceleration")
    if not context.evidence:
        return Outcome.REFUSED, "the library said nothing of the path it took", "Run it to its end."
    rival = [e.step for e in context.run.evidence.get(Side.BASELINE, []) if e.path == "accelerated"]
    if set(rival) & set(context.steps):
        seen = f"the baseline ran the fast path too: {', '.join(rival)}"
        return Outcome.REFUSED, seen, "The lever did not move: see the evidence of both arms."
    taken = [e for e in context.evidence if e.path == "accelerated"]
    fell_back = [f"{e.step} ({e.reason or e.path})" for e in context.evidence if e.path != "accelerated"]
    seen = f"{len(taken)} of {len(context.evidence)} steps accelerated"
    if fell_back:
        seen += f"; not: {', '.join(fell_back)}"
    if found is Engagement.NOT:
        return Outcome.REFUSED, seen, "Choose what the library accelerates, or see in the evidence why it fell back."
    if found is Engagement.PARTIAL:
        return Outcome.ANNOTATED, seen, "Read the steps one by one: the whole mixes both."
    return _passed(seen)


@rule("Accuracy within the limit", "Bailey 1 and 10, MLPerf", refuses=True)
def accuracy(context: Context) -> tuple[Outcome, str, str]:
    """Speed can be bought with precision; the price belongs beside it, and has a limit."""
    limit = context.run.plan.accuracy_limit
    verdict = _accuracy(context)
    if verdict is Accuracy.NOT_MEASURED:
        if not context.run.plan.declaration.lever.changes_arithmetic or context.same_arm:
            return _passed("the lever does not change the arithmetic")
        return Outcome.REFUSED, "not measured, and the lever changes the arithmetic", "Run it to its end."
    seen = "; ".join(_qualities(context))
    if verdict is Accuracy.OUTSIDE:
        remedy = "The fast arm buys time with accuracy: use a more exact setting, or set another limit and say so."
        if any(measure.value < 100 for measure in context.agreement):
            return Outcome.REFUSED, seen, "The arms do not do the same: see the table of their results."
        return Outcome.REFUSED, f"{seen}: below {limit:.2%} of the baseline's", remedy
    return _passed(f"{seen}: at least {limit:.2%} of the baseline's" if _measured_by_both(context) else seen)


@rule("The interval of the ratio excludes 1", "SC15 rules 5 and 7", refuses=True)
def interval(context: Context) -> tuple[Outcome, str, str]:
    """Times vary; a ratio whose interval holds 1 is no difference, whatever its value."""
    ratio, p_value = context.comparison.ratio, context.comparison.p_value
    seen = f"{ratio.low:.3f} to {ratio.high:.3f}, Mann-Whitney p {p_value:.2g}"
    if _speed(context) is Speed.SAME:
        remedy = "A larger budget narrows the interval; a difference under 2 % is beyond one process an arm."
        return Outcome.REFUSED, f"{seen}: no difference detected", remedy
    return _passed(seen)


@rule("Work done before the clock stopped", "SC15 rule 10", refuses=True)
def materialised(context: Context) -> tuple[Outcome, str, str]:
    """A lazy library returns before it has worked, and a clock stopped then has timed a promise."""
    told = [evidence for arm in context.run.evidence.values() for evidence in arm]
    apart = {step.name for step in context.run.plan.steps if step.apart} if context.step == WHOLE else set()
    lazy = sorted({e.step for e in told if not e.materialised and context.step in (WHOLE, e.step)} - apart)
    if lazy:
        return Outcome.REFUSED, f"{', '.join(lazy)} returned before the work was done", "Measure the time to result."
    return _passed("every step's result existed when its time ended")


@rule("Same background load beside both arms", "Bailey 11, SC15 rule 9", refuses=True)
def background(context: Context) -> tuple[Outcome, str, str]:
    """A busy machine for one arm and a quiet one for the other compares the machines."""
    loads = {}
    for side in Side:
        known = [s.background_cores for s in context.run.of_side(side)]
        loads[side] = [load for load in known if load is not None]
    if not all(loads.values()):
        return _passed("this system does not tell the load of other programs")
    means = {side: sum(load) / len(load) for side, load in loads.items()}
    difference = abs(means[Side.BASELINE] - means[Side.ACCELERATED])
    chance = sum(_standard_error(load) ** 2 for load in loads.values()) ** 0.5
    seen = f"{max(0, means[Side.BASELINE]):.2f} and {max(0, means[Side.ACCELERATED]):.2f} cores busy with other things"
    for side, service in _services(context.run).items():
        waits = [sample.measurement for sample in context.run.of_side(side)]
        waited = sum(wait.idle_s for wait in waits)
        idle = sum(wait.idle_processor_s for wait in waits) / waited if waited else 0.0
        seen += f"; {service.what} was not stopped beside the other arm, and used {idle:.2f} cores of this machine then"
    if difference > BACKGROUND_CORES and difference > BACKGROUND_SPREADS * chance:
        return Outcome.REFUSED, seen, "Close what else runs, or find which arm leaves something running; run again."
    if max(means.values()) > BUSY_CORES:
        return Outcome.ANNOTATED, f"{seen}, beside both arms alike", "Close what else runs, and run again."
    return _passed(seen)


@rule("Run to its end", "SC15 rule 2", refuses=True)
def complete(context: Context) -> tuple[Outcome, str, str]:
    """A part of a measurement is a choice of data; who makes it must say so."""
    run = context.run
    if run.failure:
        return Outcome.REFUSED, run.failure.what, run.failure.remedy
    if run.state in (State.STOPPED, State.INTERRUPTED):
        return Outcome.ANNOTATED, f"ended early: {run.why}", "Let it run: the interval narrows."
    return _passed("sampled until the interval was narrow enough or the budget was spent")


# --- rules that annotate ---


@rule("Best against best", "Bailey 6 and 7, SC15 rule 1")
def best_with_best(context: Context) -> tuple[Outcome, str, str]:
    """A baseline at a core count that does not suit it is a straw man."""
    run = context.run
    if run.plan.cores == 1:
        return Outcome.ANNOTATED, "both arms on one core only", "Race on more cores too: the baseline may gain more."
    if run.best_ratio is None or not run.core_counts:
        return (
            Outcome.ANNOTATED,
            f"only {cores(run.plan.cores)} tried",
            "Give it a larger budget, in which other core counts are tried, too.",
        )
    best = {side: _best_count(run, side) for side in Side}
    times = ", ".join(
        f"{side} {duration(count.whole.median)} on {cores(count.cores)}"
        for side, count in ((side, best[side]) for side in Side)
    )
    ratio = run.best_ratio
    seen = f"at its best, {times}: {interval_text(ratio)}"
    if all(count.cores == run.plan.cores for count in best.values()):
        return _passed(seen)
    counts = sorted({count.cores for count in best.values()})
    remedy = f"Race again with --cores {counts[0]}: that is where an arm is at its best."
    return Outcome.ANNOTATED, seen, remedy


@rule("The interval is as narrow as asked", "SC15 rule 5")
def narrow(context: Context) -> tuple[Outcome, str, str]:
    """How far a figure may be trusted is part of the figure."""
    width, target = context.comparison.ratio.half_width, context.run.plan.target
    seen = f"± {width:.1%}, asked was ± {target:.1%}"
    if target and width > target:
        return Outcome.ANNOTATED, seen, "Give it a larger budget, or a quieter machine."
    return _passed(seen)


@rule("Spread of the times", "SC15 rules 6 and 8")
def spread(context: Context) -> tuple[Outcome, str, str]:
    """A median of times that lie far apart hides what a user will meet."""
    a, b = context.comparison.baseline, context.comparison.accelerated
    seen = f"interquartile range {a.spread:.0%} and {b.spread:.0%} of the median"
    if max(a.spread, b.spread) >= SPREAD:
        return Outcome.ANNOTATED, seen, "Quote the interval, not the ratio alone; look at the distribution."
    return _passed(seen)


@rule("Warm-up is over", "SC15 rule 10")
def warm(context: Context) -> tuple[Outcome, str, str]:
    """First calls load, compile and fill caches; who calls once pays for that."""
    seen, slow, settled = [], False, True
    for side in Side:
        samples = context.run.of_side(side, Phase.WARM_UP)
        first = [sample for sample in samples if sample.cores == context.run.plan.cores]
        if first:
            settled = settled and is_warm([sample.whole_s for sample in first])
            middle = getattr(context.comparison, side).median
            factor = first[0].seconds(context.step) / middle if middle else 1.0
            seen.append(f"{factor:.2f}")
            slow = slow or factor > SLOW_FIRST
    if not seen:
        return _passed("no warm-up was taken")
    text = f"first run took {' and '.join(seen)} times the median"
    if not settled:
        text += ", and the arms still got faster when the budget for warming up was spent"
    if slow or not settled:
        return Outcome.ANNOTATED, text, "Who calls it once pays the first run's time, not the median."
    return _passed(text)


@rule("The cores asked for were used", "Bailey 9, SC15 rule 9")
def cores_used(context: Context) -> tuple[Outcome, str, str]:
    """Asking for cores is not using them: serial parts wait, and a virtual machine may pack threads on one."""
    asked = context.run.plan.cores
    used = {side: getattr(context.comparison, side).effective_cores for side in Side}
    seen = f"asked {asked}, used {used[Side.BASELINE]:.2f} and {used[Side.ACCELERATED]:.2f}"
    if asked > 1 and min(used.values()) < UNUSED * asked:
        remedy = "Part of the step is serial, or threads share a core: compare with fewer cores."
        return Outcome.ANNOTATED, seen, remedy
    return _passed(seen)


@rule("All of the machine", "SC15 rule 2")
def whole_machine(context: Context) -> tuple[Outcome, str, str]:
    """On part of a machine the other part's caches, bandwidth and clock help along."""
    plan, machine = context.run.plan, context.run.machine
    seen = f"{plan.cores} of {machine.logical_threads} processors of the machine"
    if plan.cores < machine.logical_threads:
        return Outcome.ANNOTATED, seen, "Say so beside the ratio: with all of them it may be another."
    return _passed(seen)


@rule("Same number of iterations", "Bailey 8 and 10")
def same_work(context: Context) -> tuple[Outcome, str, str]:
    """An iterative method that stops earlier did less, and is not faster at the same."""
    if context.run.quality is None:
        return _passed("the workload counts no iterations")
    pairs = [
        (a, b)
        for a in context.run.quality.baseline
        for b in context.run.quality.accelerated
        if a.same_work and a.name == b.name
    ]
    if not pairs:
        return _passed("the workload counts no iterations")
    seen = "; ".join(f"{a.label} {a.value:g} and {b.value:g}" for a, b in pairs)
    if any(a.value != b.value for a, b in pairs):
        return (
            Outcome.ANNOTATED,
            seen,
            "The arms reached their results in different numbers of steps; compare per iteration.",
        )
    return _passed(seen)


@rule("Part of the whole", "Bailey 2, SC15 rules 2 and 11")
def part_of_whole(context: Context) -> tuple[Outcome, str, str]:
    """A kernel's ratio is not the application's; what the rest takes bounds it."""
    whole = context.run.comparison(WHOLE)
    if context.step == WHOLE or whole is None:
        return _passed("the whole workload")
    share = context.comparison.baseline.median / whole.baseline.median
    ratio = context.comparison.ratio.value
    bound = amdahl(share, ratio)
    seen = (
        f"this step is {share:.0%} of the baseline's {duration(whole.baseline.median)}; alone it makes the whole "
        f"{ratio_figure(bound)}, measured was {ratio_figure(whole.ratio.value)}"
    )
    return Outcome.ANNOTATED, seen, "Quote the whole beside the step (Amdahl's bound)."


@rule("Real data and trained weights", "MLPerf")
def real_data(context: Context) -> tuple[Outcome, str, str]:
    """What was made to be measured may be kinder than what comes in."""
    told = [prepared.synthetic for prepared in context.run.prepared if prepared.synthetic]
    why = context.run.plan.declaration.synthetic or next(iter(told), "")
    if why:
        return Outcome.ANNOTATED, why, "Repeat it on your own data."
    return _passed("yes")


@rule("A quiet machine", "Bailey 11, SC15 rule 9")
def quiet(context: Context) -> tuple[Outcome, str, str]:
    """Clocks that change, swapping, throttling and stolen time disturb in bursts."""
    readings, machine, noise = context.run.telemetry, context.run.machine, context.run.noise
    notes = []
    if machine.governor and machine.governor not in ("performance", "schedutil"):
        notes.append(f"governor {machine.governor}")
    stolen = [reading.steal for reading in readings if reading.steal is not None]
    if stolen and sum(stolen) / len(stolen) > STEAL:
        notes.append(f"the hypervisor took {sum(stolen) / len(stolen):.1%} of the time")
    for name, label in (("swapped_in", "pages were swapped in"), ("throttled", "thermal throttling events")):
        counts = [getattr(reading, name) for reading in readings if getattr(reading, name) is not None]
        if counts and counts[-1] > counts[0]:
            notes.append(f"{counts[-1] - counts[0]} {label}")
    if noise and noise.word == "noisy":
        notes.append(f"noise at rest {noise.score:.1f} %")
    if notes:
        return Outcome.ANNOTATED, "; ".join(notes), "Use a quieter machine, a fixed governor, more memory or cooling."
    rest = f", noise at rest {noise.score:.1f} % ({noise.word})" if noise else ""
    return _passed(f"no swapping, throttling or stolen time worth a note{rest}")


@rule("Measured, not projected", "Bailey 5")
def measured(context: Context) -> tuple[Outcome, str, str]:
    """A projection is an opinion with a graph; where there is one, it is drawn apart."""
    return _passed(f"every figure was measured on this machine, {context.comparison.baseline.count} pairs")


# --- verdicts and claims ---


def conclude(run: Run) -> list[Claim]:
    """The claims of the whole and of every step, the whole first. Needs the run's statistics."""
    return [_claim(Context(run, comparison.step, comparison)) for comparison in run.statistics]


def _claim(context: Context) -> Claim:
    findings = [look(context) for look in RULES]
    refused = [finding for finding in findings if finding.outcome is Outcome.REFUSED]
    verdict = Verdict(
        speed=_speed(context), engagement=engagement(context.run, context.step), accuracy=_accuracy(context)
    )
    made = not refused
    sentence = _sentence(context, verdict) if made else _refusal(context, refused)
    return Claim(step=context.step, made=made, sentence=sentence, verdict=verdict, findings=findings)


def _sentence(context: Context, verdict: Verdict) -> str:
    run, comparison, workload = context.run, context.comparison, context.run.plan.declaration
    lever = workload.lever
    names = {side: lever[getattr(run.plan, side)].label for side in Side}
    ratio = comparison.ratio
    parts = [
        f"{workload.title}, {workload.labels()[context.step]}: "
        f"{duration(comparison.baseline.median)} with {names[Side.BASELINE]}, "
        f"{duration(comparison.accelerated.median)} with {names[Side.ACCELERATED]}, "
        f"that is {interval_text(ratio)}, {verdict.speed}",
        f"{cores(run.plan.cores)}, batch {run.plan.batch}" + _part_of_work(context),
    ]
    best = {side: _best_count(run, side) for side in Side} if run.core_counts else {}
    if run.best_ratio and any(count.cores != run.plan.cores for count in best.values()):
        times = " and ".join(f"{duration(best[side].whole.median)} on {cores(best[side].cores)}" for side in Side)
        parts.append(f"the whole at each arm's best core count {times}, that is {ratio_figure(run.best_ratio.value)}")
    decisive = _qualities(context)
    parts += decisive or ["the lever does not change the arithmetic"]
    if verdict.engagement is Engagement.PARTIAL:
        parts.append("only some steps ran accelerated")
    return "; ".join([*parts, f"on {run.machine.short}"]) + "."


def _part_of_work(context: Context) -> str:
    """Words for a step that does not work on all of the batch."""
    prepared = context.run.arm(Side.BASELINE)
    own = prepared.work_of.get(context.step) if prepared else None
    return "" if own is None else f", of which this step works on {own:,.0f} {context.run.plan.declaration.unit}"


def _refusal(context: Context, refused: Sequence[Finding]) -> str:
    comparison = context.comparison
    times = f"{duration(comparison.baseline.median)} and {duration(comparison.accelerated.median)}"
    reasons = "; ".join(f"{finding.title.lower()}: {finding.seen}" for finding in refused)
    label = context.run.plan.declaration.labels()[context.step]
    if [finding.rule for finding in refused] == ["interval"]:
        return (
            f"No difference detected in {label} ({times}): {comparison.ratio.low:.3f} to {comparison.ratio.high:.3f}."
        )
    return f"No claim for {label} ({times}): {reasons}."


def _speed(context: Context) -> Speed:
    ratio = context.comparison.ratio
    if ratio.includes(1.0) or 1 / (1 + RESOLUTION) <= ratio.value <= 1 + RESOLUTION:
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER


def engagement(run: Run, step: str = WHOLE) -> Engagement:
    """Whether the fast path ran in `step`, or in all steps, as far as the run's evidence tells."""
    if run.plan.baseline == run.plan.accelerated:
        return Engagement.SAME
    evidence = _evidence(run, step)
    paths = {told.path for told in evidence}
    if not set(_steps(run, step)) <= {told.step for told in evidence}:
        paths.add("unknown")
    if paths == {"accelerated"}:
        return Engagement.ENGAGED
    return Engagement.PARTIAL if "accelerated" in paths else Engagement.NOT


def _evidence(run: Run, step: str) -> list[Evidence]:
    """What the accelerated arm's library says of this step, or of all steps that the lever changes."""
    return [told for told in run.evidence.get(Side.ACCELERATED, []) if told.step in _steps(run, step)]


def _steps(run: Run, step: str) -> list[str]:
    """This step, or all that the lever changes and the run's statistics know."""
    if step != WHOLE:
        return [step]
    unchanged = {declared.name for declared in run.plan.steps if not declared.changes or declared.apart}
    return [comparison.step for comparison in run.statistics if comparison.step not in {WHOLE} | unchanged]


def _accuracy(context: Context) -> Accuracy:
    pairs = _paired_measures(context)
    named = {measure.name for side in Side for measure in context.measures(side)}
    if not pairs or len(_measured_by_both(context)) < len(named):
        return Accuracy.NOT_MEASURED
    limit = context.run.plan.accuracy_limit
    return Accuracy.WITHIN if all(share_kept(a, b) >= limit for a, b in pairs) else Accuracy.OUTSIDE


def _qualities(context: Context) -> list[str]:
    """What a claim stands on, in words: each measure of both arms, and which steps' results are equal."""
    told = [f"{a.label} {figure(a)} and {figure(b)}" for a, b in _measured_by_both(context)]
    compared = context.agreement
    if not compared:
        return told
    differ = [measure.step or measure.label for measure in compared if measure.value < 100]
    if differ:
        return [*told, f"results differ: {', '.join(differ)}"]
    return [*told, "equal results" if len(compared) == 1 else f"equal results of {len(compared)} steps"]


def _paired_measures(context: Context) -> list[tuple[Measure, Measure]]:
    """All that a claim stands on. Where results themselves are compared, equality asks for all of them."""
    complete = [(measure.model_copy(update={"value": 100.0}), measure) for measure in context.agreement]
    return _measured_by_both(context) + complete


def _measured_by_both(context: Context) -> list[tuple[Measure, Measure]]:
    accelerated = {measure.name: measure for measure in context.measures(Side.ACCELERATED)}
    return [
        (measure, accelerated[measure.name])
        for measure in context.measures(Side.BASELINE)
        if measure.name in accelerated
    ]


def share_kept(baseline: Measure, accelerated: Measure) -> float:
    """The accelerated arm's accuracy as a share of the baseline's; for a loss, the share turned round."""
    good, other = baseline.value, accelerated.value
    if not baseline.higher_is_better:
        good, other = other, good
    if good <= 0:
        # A share of nothing or of less has no meaning: as good is within, worse is outside.
        return 1.0 if other >= good else 0.0
    return other / good


def amdahl(share: float, ratio: float) -> float:
    """Ratio of the whole when a part that takes `share` of its time becomes `ratio` times faster (Amdahl 1967)."""
    return 1 / ((1 - share) + share / ratio)


def _best_count(run: Run, side: Side):
    return min((count for count in run.core_counts if count.side == side), key=lambda count: count.whole.median)


def _services(run: Run) -> dict[Side, Service]:
    """What works for the arms and is not their own."""
    arms = {side: run.arm(side) for side in Side}
    return {side: arm.service for side, arm in arms.items() if arm is not None and arm.service is not None}


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return float("inf")
    mean = sum(values) / len(values)
    return (sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)) ** 0.5


# --- how figures are written ---


def duration(seconds: float) -> str:
    """Three significant digits with the unit that suits: '26.9 ms'."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale * 0.9995:
            return f"{_three_digits(seconds / scale)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def ratio_figure(ratio: float) -> str:
    """'2.37x'; two significant digits for a ratio so small that it would have none: '0.0019x'."""
    return f"{_factor(ratio)}x"


def bounds(ratio: Interval) -> str:
    """The ends of the interval of a ratio: '2.31 to 2.44'."""
    return f"{_factor(ratio.low)} to {_factor(ratio.high)}"


def interval_text(ratio: Interval) -> str:
    """'2.37x (2.31 to 2.44)'."""
    return f"{ratio_figure(ratio.value)} ({bounds(ratio)})"


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.0995 or ratio <= 0 else f"{ratio:.{1 - math.floor(math.log10(ratio))}f}"


SMALLEST_PLAIN = 0.005
"""Values below it would read 0.00."""


def figure(measure: Measure) -> str:
    """A measure's value with its unit."""
    size = abs(measure.value)
    if 0 < size < SMALLEST_PLAIN:
        number = f"{measure.value:.1e}"
    else:
        number = f"{measure.value:,.2f}" if size < 1000 else f"{measure.value:,.0f}"
    return f"{number} {measure.unit}".rstrip()


def called(one: Measure, other: Measure) -> str:
    """What a measure of both arms is called: what each calls it, where they do not say the same."""
    return one.label if one.label == other.label else f"{one.label} | {other.label}"


def cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
