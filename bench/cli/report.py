"""TODO: bench.cli.report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.formatting import (
    format_cores,
    format_duration,
    format_measure,
    format_ratio,
    format_ratio_with_interval,
    measure_label,
)
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.values import TOTAL, Arm, Outcome, Phase
from bench.workload.declaration import Workload


def format_workload_table(workloads: Sequence[Workload]) -> str:
    rows = ["| name | what races | steps (published) |", "| --- | --- | --- |"]
    for workload in workloads:
        steps: dict[str, None] = {}
        for case in workload.cases:
            published = case.published_ratios()
            for name, label in case.labels().items():
                if name in published:
                    steps[f"{label} ({published[name].ratio:g}x)"] = None
                elif name != TOTAL:
                    steps[label] = None
        rows.append(f"| `{workload.name}` | {workload.summary} | {', '.join(steps)} |")
    return "\n".join(rows)


def print_run(run: Run) -> None:
    snapshot = run.snapshot
    labels, published_ratios = snapshot.labels(), snapshot.published_ratios()
    print(f"{snapshot.workload_title}, {run.state}{': ' + run.why if run.why else ''}   run {run.id[:8]}")
    print(f"{run.machine.short}; {format_cores(run.plan.cores)}, batch {run.plan.batch}, seed {run.plan.seed}")
    if run.statistics:
        first, second = (snapshot.arms[arm] for arm in Arm)
        print(f"\n{'':20} {first[:20]:>20} {second[:20]:>20}   ratio (95 % interval)        published")
        for comparison in run.statistics:
            published = published_ratios.get(comparison.step)
            ratio = comparison.ratio
            print(
                f"{labels[comparison.step]:20} {format_duration(comparison.baseline.median):>20} "
                f"{format_duration(comparison.accelerated.median):>20}   "
                f"{format_ratio_with_interval(ratio):24} {format_ratio(published.ratio) if published else ''}"
            )
        used = [f"{getattr(run.statistics[0], arm).effective_cores:.2f}" for arm in Arm]
        pairs = run.statistics[0].baseline.count
        warm_up = sum(sample.phase is Phase.WARM_UP for sample in run.samples)
        print(
            f"\n{pairs} pairs after {warm_up} samples of warm-up; "
            f"asked {format_cores(run.plan.cores)}, used {' and '.join(used)}"
        )
    for evidence in run.evidence.get(Arm.ACCELERATED, []):
        print(f"{labels[evidence.step]}: {evidence.path}. {evidence.reason or '; '.join(evidence.words)}")
    if run.quality:
        for one, other in zip(run.quality.baseline, run.quality.accelerated, strict=False):
            print(f"{measure_label(one, other)}: {format_measure(one)} | {format_measure(other)}")
        for measure in run.quality.agreement:
            print(f"{measure.label}: {format_measure(measure)}")
    if run.failure:
        print(f"\n{run.failure.what}\n{run.failure.remedy}")
        for text in run.failure.log[-10:]:
            print(f"    {text}")
    claim = run.claim(TOTAL)
    if claim:
        print(f"\n{claim.sentence}")
        for finding in claim.findings:
            if finding.outcome is not Outcome.PASSED:
                print(f"  {finding.outcome}: {finding.title}: {finding.seen}. {finding.remedy} [{finding.source}]")


def write_json(record: JobRecord, file: Path | None) -> None:
    """Write a record as JSON to a file, to standard output for '-', or nowhere for None."""
    if file is None:
        return
    text = json.dumps(record.report(), indent=1, ensure_ascii=False)
    if file == Path("-"):
        print(text)
    else:
        file.write_text(text + "\n")
