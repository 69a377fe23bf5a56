"""What a report says, apart from its format: who it is for, and the texts and tables of each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.claims.best_step import find_best_step, find_headline_step
from bench.claims.evidence import describe_engagement
from bench.claims.headline import Headline, write_headline
from bench.formatting import (
    describe_percentiles,
    format_agreement,
    format_cores,
    format_count,
    format_difference,
    format_duration,
    format_estimate,
    format_inputs,
    format_interval,
    format_measure,
    format_median,
    format_observations,
    format_rate,
    measure_label,
)
from bench.run.environment import list_environment, list_pool_rows, list_variable_rows
from bench.run.outcome import count_pairs, describe_outcome, measure_pair_times_s
from bench.run.record import Run
from bench.run.run_comparison import MIN_COMPARED_RUNS, RunComparison, compare_runs, list_obstacles
from bench.run.sweep import SweepRecord
from bench.run.time_use import describe_stages, describe_time_use
from bench.storage.attempts import UNKNOWN_ATTEMPTS, AttemptSummary, format_attempts
from bench.values.base import Arm
from bench.values.claims import UNDECIDED, Claim, Finding
from bench.values.samples import TOTAL

DEFAULT_TITLE = "Performance report"
MAX_FIELD_CHARS = 200
"""Longest title, customer or author. Longer ones are cut."""


@dataclass(frozen=True, slots=True)
class ReportFields:
    """What a person fills in, as plain text."""

    title: str = ""
    customer: str = ""
    author: str = ""
    different_machines: bool = False
    """Whether runs of different machines are compared; the report then states it."""

    @property
    def shown_title(self) -> str:
        return clean_line(self.title) or DEFAULT_TITLE

    @property
    def subtitle(self) -> str:
        """`For CUSTOMER, by AUTHOR`; empty without both."""
        names = {"for": clean_line(self.customer), "by": clean_line(self.author)}
        text = ", ".join(f"{word} {name}" for word, name in names.items() if name)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """A run with the attempts at its plan; None if they are not known. Raises ValueError for a trick and for a
    replay."""

    run: Run
    attempts: AttemptSummary | None

    def __post_init__(self) -> None:
        self.run.require_result("reported")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of plain texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    """Positions of the columns that are aligned to the right."""


def clean_line(text: str) -> str:
    """`text` on one line, without characters that are invisible or change the direction of others, and not longer than
    `MAX_FIELD_CHARS`."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())[:MAX_FIELD_CHARS]


def format_moment(moment: datetime) -> str:
    """A time for readers in any time zone: `24 Nov 2025, 02:25 UTC`."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def list_headline_steps(run: Run) -> list[str]:
    """The steps whose headlines a report begins with, as a page does: the step that gained most and the total."""
    first = find_headline_step(run) or TOTAL
    second = TOTAL if first != TOTAL else find_best_step(run)
    return [first] if second is None else [first, second]


def describe_state(headline: Headline) -> str:
    return str(headline.state or UNDECIDED)


def describe_attempts(reported: ReportedRun) -> str:
    """What a reader has to know about other attempts at the plan; empty if there were none."""
    return UNKNOWN_ATTEMPTS if reported.attempts is None else format_attempts(reported.attempts) or ""


def describe_settings(run: Run) -> str:
    """Cores, batch, seed and the parameters of a run, in one line."""
    parameters = [f"{parameter.label} {parameter.value}" for parameter in run.snapshot.parameters]
    return ", ".join([format_cores(run.plan.cores), run.format_batch(), f"seed {run.plan.seed}", *parameters])


def describe_noise(run: Run) -> str:
    """The noise of the machine at rest, to be added to a text; empty if it was not measured."""
    return f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""


def describe_host(run: Run | SweepRecord) -> str:
    """The machine of a run or a sweep with its host name."""
    host = f"{run.machine.identity.host}: " if run.machine.identity.host else ""
    return f"{host}{run.machine.short}"


def describe_origin(run: Run) -> str:
    """Where and when a run was made, in one line."""
    machine, started = f"{describe_host(run)}{describe_noise(run)}", format_moment(run.started)
    return f"{machine}; {started}, Fairlap run {run.id[:8]}, plan {run.digest}"


def describe_short_outcome(run: Run) -> str:
    """How many pairs the run has, and why it ended early."""
    why = f", {run.why}" if run.why else ""
    pairs, warm_up = format_count(count_pairs(run), "pair"), format_count(len(run.warm_up), "warm-up sample")
    return f"{run.state}{why}; {pairs} after {warm_up}"


def list_claims(run: Run) -> list[tuple[str, str, Claim | None]]:
    """Label, sentence and claim of the total and of every step; of a run without claims, the sentence alone."""
    labels = run.snapshot.labels()
    if not run.claims:
        return [(labels[TOTAL], describe_outcome(run), None)]
    return [
        (labels.get(claim.step, claim.step), describe_outcome(run, claim.step), claim)
        for claim in sorted(run.claims, key=lambda claim: claim.step != TOTAL)
    ]


def list_caveats(claim: Claim) -> list[Finding]:
    """What a page shows with a claim: what refuses it, its reservations and its conditions."""
    return [*claim.refusals, *claim.reservations, *claim.conditions]


def arm_labels(run: Run) -> tuple[str, str]:
    """Titles of the columns of both arms; they differ even if an arm races against itself."""
    baseline, accelerated = (run.snapshot.arms[arm] for arm in Arm)
    return baseline, accelerated if accelerated != baseline else f"{accelerated} (again)"


def build_times_table(run: Run) -> TextTable:
    """Absolute times first, then ratios with their intervals, of the total and of every step; of a run with too few
    pairs for intervals, the medians of its pairs."""
    baseline, accelerated = arm_labels(run)
    labels, published = run.snapshot.labels(), run.snapshot.published_ratios()
    if not run.statistics:
        columns = ("step", baseline, accelerated)
        if not count_pairs(run):
            return TextTable(columns, ())
        rows = [
            (label, *map(format_duration, measure_pair_times_s(run, step).values()))
            for step, label in run.list_timed_labels().items()
        ]
        return TextTable(columns, rows, frozenset({1, 2}))
    columns = ("step", baseline, accelerated, "ratio", "95 % interval", "claim", "p", "cores used", "published")
    rows = [
        (
            labels.get(one.step, one.step),
            format_median(one.baseline),
            format_median(one.accelerated),
            format_estimate(one.ratio),
            format_interval(one.ratio),
            str(claim.state) if (claim := run.claim(one.step)) else UNDECIDED,
            f"{one.p_value:.2g}",
            " | ".join(f"{one.summary(arm).effective_cores:.2f}" for arm in Arm),
            f"{published[one.step].ratio:g}x" if one.step in published else "",
        )
        for one in run.statistics
    ]
    return TextTable(columns, rows, frozenset({1, 2, 3, 4}))


def list_published(run: Run) -> list[str]:
    """Why the ratios differ from the published ones, a sentence for each."""
    labels = run.snapshot.labels()
    return [
        f"{labels[step]}, published {published.ratio:g}x: {published.why_it_differs} ({published.source})"
        for step, published in run.snapshot.published_ratios().items()
    ]


def list_arm_lines(run: Run, step: str = TOTAL) -> list[str]:
    """Throughput and percentiles of both arms, a line for each; empty without statistics."""
    comparison = run.comparison(step)
    if comparison is None:
        return []
    return [
        f"{name}: {format_rate(comparison.summary(arm).throughput, run.snapshot.unit)}; "
        f"{describe_percentiles(comparison.summary(arm))}"
        for arm, name in zip(Arm, arm_labels(run), strict=True)
    ]


def build_evidence_table(run: Run) -> TextTable:
    """What the libraries reported about the path of each step."""
    labels = run.snapshot.labels()
    rows = [
        (
            str(arm),
            labels.get(evidence.step, evidence.step),
            f"{evidence.path} in part" if evidence.is_partial else evidence.path,
            "\n".join(filter(None, [evidence.reason, *evidence.words])),
        )
        for arm in (Arm.ACCELERATED, Arm.BASELINE)
        for evidence in run.evidence.get(arm, [])
    ]
    return TextTable(("arm", "step", "path", "what the library reported"), rows)


def describe_evidence(run: Run) -> str:
    """Whether the fast path ran, as a sentence."""
    text = describe_engagement(run)
    return f"{text[0].upper()}{text[1:]}."


def build_quality_table(run: Run) -> TextTable:
    """Every measure of both arms' results."""
    columns = ("measure", *arm_labels(run), "mean over", "difference")
    if run.quality is None:
        return TextTable(columns, ())
    accelerated = {measure.name: measure for measure in run.quality.accelerated}
    rows = [
        (
            measure_label(first, second),
            format_measure(first),
            format_measure(second),
            format_observations(first) if first.observations is not None or first.decisive else "",
            f"{format_difference(difference)}, {difference.method}"
            if (difference := run.quality.difference(first.name))
            else "",
        )
        for first in run.quality.baseline
        if (second := accelerated.get(first.name))
    ]
    return TextTable(columns, rows, frozenset({1, 2}))


def list_agreement(run: Run) -> list[str]:
    return [format_agreement(measure) for measure in run.quality.agreement] if run.quality else []


def list_environment_tables(run: Run) -> Iterator[tuple[str, TextTable]]:
    """The environment of a run, with a heading for each table that is not empty."""
    yield "Machine and software", TextTable(("what", "value"), list(list_environment(run)))
    if pools := list_pool_rows(run):
        yield "BLAS and OpenMP libraries loaded", _make_table(pools)
    if variables := list_variable_rows(run):
        yield "Environment variables of the arms", _make_table(variables)


def _make_table(rows: Sequence[dict]) -> TextTable:
    return TextTable(tuple(rows[0]), [tuple(str(value) for value in row.values()) for row in rows])


def list_time_use(run: Run) -> list[str]:
    return [f"{text}." for text in (describe_time_use(run), describe_stages(run)) if text]


def list_skipped_core_counts(run: Run) -> list[str]:
    return [f"{format_cores(count)} not tried: {why}." for count, why in sorted(run.skipped_core_counts.items())]


def build_summary_table(reported: Sequence[ReportedRun]) -> TextTable:
    """The runs of a report, one a row."""
    rows = []
    for item in reported:
        run = item.run
        comparison = run.comparison()
        headline = write_headline(run)
        rows.append(
            (
                run.snapshot.title,
                format_moment(run.started),
                *((format_median(comparison.summary(arm)) if comparison else "none") for arm in Arm),
                f"{format_estimate(comparison.ratio)} ({format_interval(comparison.ratio)})" if comparison else "none",
                describe_state(headline),
                run.machine.identity.host or run.machine.short,
            )
        )
    columns = ("run", "when", "baseline", "accelerated", "ratio, 95 % interval", "claim", "machine")
    return TextTable(columns, rows, frozenset({2, 3, 4}))


def compare_reported(
    reported: Sequence[ReportedRun], different_machines: bool
) -> tuple[RunComparison | None, Sequence[str]]:
    """The comparison of the runs of a report; None with the reasons if there is none. One run has neither."""
    if len(reported) < MIN_COMPARED_RUNS:
        return None, []
    runs = [item.run for item in reported]
    if obstacles := list_obstacles(runs, different_machines=different_machines):
        return None, obstacles
    return compare_runs(runs, different_machines=different_machines), []


def describe_inputs(run: Run) -> str:
    return format_inputs(run.inputs)
