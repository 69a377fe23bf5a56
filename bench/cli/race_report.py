"""A stored or finished race as text."""

from __future__ import annotations

from rich.console import Console

from bench.claims.headline import write_headline
from bench.cli.console import make_table, print_table
from bench.formatting import (
    describe_percentiles,
    format_agreement,
    format_cores,
    format_count,
    format_difference,
    format_duration,
    format_estimate,
    format_interval,
    format_measure,
    format_median,
    format_observations,
    format_ratio,
    measure_label,
)
from bench.run.job_record import JobRecord
from bench.run.outcome import count_pairs, describe_outcome, measure_pair_times_s
from bench.run.record import Run
from bench.run.snapshot import DeclarationSnapshot
from bench.run.time_use import describe_stages, describe_time_use
from bench.storage.attempts import AttemptSummary, append_attempts
from bench.values.arms import Failure
from bench.values.base import Arm
from bench.values.claims import Outcome
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison

MAX_LOG_LINES = 10
EDITED_TEXT = (
    "Edited after it was stored: the record in the database is not the one that Fairlap wrote. Do not rely on it; "
    "repeat it, or restore the database from a backup."
)


def print_run(console: Console, run: Run, attempts: AttemptSummary | None) -> None:
    """Times, ratios, evidence, quality, failure, and the claim with the other attempts; None if they are not known."""
    snapshot = run.snapshot
    # A failure is printed below, with its remedy.
    reason = f": {run.why}" if run.why and not run.failure else ""
    console.print(f"{snapshot.title}, {run.state}{reason}   run {run.id[:8]}", style="bold")
    console.print(write_headline(run).text, style="bold")
    print_edited(console, run)
    console.print(f"{run.machine.short}; {format_cores(run.plan.cores)}, {run.format_batch()}, seed {run.plan.seed}")
    if snapshot.parameters:
        console.print(", ".join(f"{parameter.label} {parameter.value}" for parameter in snapshot.parameters))
    if run.statistics:
        console.print()
        _print_times(console, run)
        _print_usage(console, run)
    elif count_pairs(run):
        console.print()
        _print_pair_times(console, run)
    _print_core_counts(console, run)
    _print_time_use(console, run)
    _print_evidence(console, run)
    _print_quality(console, run)
    if run.failure:
        print_failure(console, run.failure)
    _print_claim(console, run, attempts)


def print_edited(console: Console, record: JobRecord) -> None:
    """Say if the record was edited after it was stored."""
    if record.edited:
        console.print(EDITED_TEXT, style="red")


def print_failure(console: Console, failure: Failure) -> None:
    console.print()
    console.print(failure.what, style="red")
    console.print(failure.remedy)
    for line in failure.log[-MAX_LOG_LINES:]:
        console.print(f"    {line}")


def _print_times(console: Console, run: Run) -> None:
    labels, published = run.snapshot.labels(), run.snapshot.published_ratios()
    baseline, accelerated = _arm_labels(run.snapshot)
    right = (baseline, accelerated, "ratio", "published")
    table = make_table(console, "step", baseline, accelerated, "ratio", "95 % interval", "published", right=right)
    for comparison in run.statistics:
        step = comparison.step
        table.add_row(
            labels[step],
            format_median(comparison.baseline),
            format_median(comparison.accelerated),
            format_estimate(comparison.ratio),
            format_interval(comparison.ratio),
            format_ratio(published[step].ratio) if step in published else "",
        )
    print_table(console, table)


def _print_pair_times(console: Console, run: Run) -> None:
    """The times of a run with too few pairs for an interval."""
    table = make_table(console, "step", *_arm_labels(run.snapshot), right=_arm_labels(run.snapshot))
    for step, label in run.list_timed_labels().items():
        table.add_row(label, *map(format_duration, measure_pair_times_s(run, step).values()))
    print_table(console, table)
    console.print(f"medians of {format_count(count_pairs(run), 'pair')}, too few for a ratio with an interval")


def _arm_labels(snapshot: DeclarationSnapshot) -> tuple[str, str]:
    """Column titles for both arms; they differ even if an arm races against itself."""
    baseline, accelerated = (snapshot.arms[arm] for arm in Arm)
    return baseline, accelerated if accelerated != baseline else f"{accelerated} (again)"


def _print_usage(console: Console, run: Run) -> None:
    total: Comparison = run.statistics[0]
    used = " and ".join(f"{summary.effective_cores:.2f}" for summary in (total.baseline, total.accelerated))
    console.print()
    console.print(
        f"{format_count(total.baseline.count, 'pair')} after {format_count(len(run.warm_up), 'warm-up sample')}; "
        f"asked for {format_cores(run.plan.cores)}, used {used}"
    )
    for arm in Arm:
        console.print(f"total time of {run.snapshot.arms[arm]}: {describe_percentiles(total.summary(arm))}")
    labels = run.snapshot.labels()
    repeated = [comparison for comparison in run.statistics[1:] if comparison.baseline.calls > 1]
    if repeated:
        calls = ", ".join(f"{labels[comparison.step]} {comparison.baseline.calls:,}" for comparison in repeated)
        console.print(f"calls inside each sample: {calls}")


def _print_core_counts(console: Console, run: Run) -> None:
    for core_count, why in sorted(run.skipped_core_counts.items()):
        console.print(f"{format_cores(core_count)} not tried: {why}")


def _print_time_use(console: Console, run: Run) -> None:
    if time_use := describe_time_use(run):
        console.print(time_use)
        console.print(describe_stages(run))


def _print_evidence(console: Console, run: Run) -> None:
    labels = run.snapshot.labels()
    for evidence in run.evidence.get(Arm.ACCELERATED, []):
        path = f"{evidence.path} in part" if evidence.is_partial else evidence.path
        console.print(f"{labels[evidence.step]}: {path}. {evidence.reason or '; '.join(evidence.words)}")


def _print_quality(console: Console, run: Run) -> None:
    if run.quality is None:
        return
    if run.quality.baseline:
        baseline, accelerated = _arm_labels(run.snapshot)
        console.print()
        table = make_table(
            console, "measure", baseline, accelerated, "mean over", "difference", right=(baseline, accelerated)
        )
        # The measures of the arms are the same, in the same order, or one arm has more of them at the end.
        for first, second in zip(run.quality.baseline, run.quality.accelerated, strict=False):
            difference = run.quality.difference(first.name)
            table.add_row(
                measure_label(first, second),
                format_measure(first),
                format_measure(second),
                format_observations(first) if first.observations is not None or first.decisive else "",
                format_difference(difference) if difference else "",
            )
        print_table(console, table)
    for measure in run.quality.agreement:
        console.print(format_agreement(measure))


def _print_claim(console: Console, run: Run, attempts: AttemptSummary | None) -> None:
    console.print()
    for raced in run.inputs:
        console.print(f"{raced.label}: {raced.text}")
    console.print(append_attempts(describe_outcome(run), attempts))
    claim = run.claim(TOTAL)
    if claim is None:
        return
    findings = [finding for finding in claim.findings if finding.outcome is not Outcome.PASSED]
    if not findings:
        return
    table = make_table(console, "effect", "rule", "what was seen", "what to do", "source")
    for finding in findings:
        table.add_row(finding.effect, finding.title, finding.seen, finding.remedy, finding.source)
    print_table(console, table)
