"""The columns of a job in the table of jobs, from its record."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from bench.formatting import format_inputs
from bench.run.job_record import JobRecord
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.storage.schema import MAX_TEXT_LENGTH
from bench.values.base import Arm
from bench.values.claims import Outcome

FINDING_FIELDS = ("rule", "outcome", "title", "seen", "kind")
"""What the column of findings has of each."""


def describe_job(record: JobRecord) -> dict[str, Any]:
    """The columns of a job."""
    plan, machine, snapshot = record.plan, record.machine, record.snapshot
    if isinstance(record, Run):
        title, task, results = snapshot.title, None, _describe_results(record)
    else:
        title, task, results = f"{snapshot.workload_title}, {record.task_label}", record.task, {}
    texts = {
        "workload_title": snapshot.workload_title,
        "case_label": snapshot.case_label,
        "title": title,
        "requester": record.requester,
        "baseline_label": snapshot.arms[Arm.BASELINE],
        "accelerated_label": snapshot.arms[Arm.ACCELERATED],
        "machine": machine.short,
        "host": machine.identity.host,
    }
    return {
        "id": record.id,
        "kind": record.kind.value,
        "parent_id": (record.parent_id or None) if isinstance(record, Run) else None,
        "digest": record.digest,
        "workload": plan.workload,
        "case_name": plan.case,
        "task": task,
        "started": record.started.astimezone(UTC),
        "state": record.state.value,
        "origin": record.origin,
        "owner": record.owner or None,
        "cores": plan.cores,
        "batch": plan.batch,
        "baseline": plan.baseline,
        "accelerated": plan.accelerated,
        "machine_id": machine.identity.machine_id,
        "boot_id": machine.identity.boot_id,
        "record_version": record.version,
        **{name: value and value[:MAX_TEXT_LENGTH] for name, value in texts.items()},
        **results,
    }


def _describe_results(run: Run) -> dict[str, Any]:
    comparison, claim = run.comparison(), run.claim()
    times = comparison and {
        "baseline_s": comparison.baseline.median,
        "accelerated_s": comparison.accelerated.median,
        "ratio": comparison.ratio.value,
        "ratio_low": comparison.ratio.low,
        "ratio_high": comparison.ratio.high,
    }
    claimed = claim and {
        "speed": claim.verdict.speed.value,
        "claimed": claim.made,
        "claim_state": claim.state.value,
    }
    findings = claim and [
        finding.model_dump(mode="json", include=set(FINDING_FIELDS))
        for finding in claim.findings
        if finding.outcome is not Outcome.PASSED
    ]
    texts = {
        "sentence": describe_outcome(run),
        "inputs": format_inputs(run.inputs) or None,
        "findings": json.dumps(findings) if findings else None,
    }
    return (times or {}) | (claimed or {}) | texts
