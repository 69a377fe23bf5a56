"""What the races of several cases of a workload found, one line for the total and one for each step, for tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.claims.headline import write_headline
from bench.formatting import format_measure, format_score_pair
from bench.run.record import Run
from bench.stats.break_even import BreakEven
from bench.values.base import Arm
from bench.values.claims import ClaimState, Speed
from bench.values.quality import Quality
from bench.values.samples import TOTAL, Evidence
from bench.values.statistics import Comparison

COLUMNS_PARAMETER = "columns"
"""Name of the parameter with the number of columns of a workload's data."""
CSV_COLUMNS = (
    *("case", "estimator", "step", "state", "cores", "rows", "columns", "baseline_seconds", "accelerated_seconds"),
    *("ratio", "ratio_low", "ratio_high", "speed", "claim_state", "baseline_cores", "accelerated_cores"),
    *("quality", "path", "reason", "break_even", "sizes_tried", "run"),
)
"""See `list_csv_values`."""


class CasePath(StrEnum):
    """Which code the accelerated arm ran, in the order of tables and charts."""

    ACCELERATED = "accelerated"
    PARTIAL = "partial"
    """In some steps, or in some calls of a step."""
    FALLBACK = "fallback"
    UNKNOWN = "path not known"


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What a race found about the total or a step of its case."""

    run_id: str
    case: str
    """Name of the case."""
    label: str
    """Label of the case."""
    step: str
    step_label: str
    state: str
    """State of the run."""
    cores: int
    rows: int | None
    """None if no arm was prepared."""
    columns: int | None
    """None if the workload has no such parameter."""
    comparison: Comparison | None
    """None without enough pairs for an interval."""
    claim_state: ClaimState | None
    """None if the rules could not be applied."""
    speed: Speed | None
    """Which arm is faster, only if that is claimed."""
    path: CasePath
    path_reason: str
    """Why it is not accelerated, in the words of the library; empty if it is."""
    no_claim_reason: str
    """Why there is no claim, or the weightiest reservation; empty if there is neither."""
    quality: str
    """The first measure that a claim depends on, of both arms; empty if it was not measured."""

    @property
    def is_total(self) -> bool:
        return self.step == TOTAL

    @property
    def reason(self) -> str:
        """Why it is not accelerated and why there is no claim, as one text."""
        return ". ".join(text.rstrip(".") for text in (self.path_reason, self.no_claim_reason) if text)


def describe_case(run: Run) -> list[CaseLine]:
    """The line of the total, and then, if there are several steps, one for each. Always at least one."""
    labels = run.snapshot.labels()
    steps = [step.name for step in run.snapshot.steps]
    return [_describe_step(run, name, labels[name]) for name in (TOTAL, *(steps if len(steps) > 1 else ()))]


def _describe_step(run: Run, step: str, label: str) -> CaseLine:
    claim, prepared = run.claim(step), run.prepared_arm(Arm.BASELINE)
    columns = run.plan.parameters.get(COLUMNS_PARAMETER)
    path = find_path(run, step)
    return CaseLine(
        run_id=run.id,
        case=run.plan.case,
        label=run.snapshot.case_label or run.snapshot.workload_title,
        step=step,
        step_label=label,
        state=run.state.value,
        cores=run.plan.cores,
        rows=round(prepared.work) if prepared else None,
        columns=int(columns) if isinstance(columns, int) else None,
        comparison=run.comparison(step),
        claim_state=claim.state if claim else None,
        speed=claim.verdict.speed if claim and claim.made else None,
        path=path,
        path_reason="" if path is CasePath.ACCELERATED else _join_reasons(_select_evidence(run, step)),
        no_claim_reason=write_headline(run, step).reason,
        quality=_describe_quality(run.quality) if run.quality else "",
    )


def find_path(run: Run, step: str = TOTAL) -> CasePath:
    """Which code ran in a step, or in all steps of the total, by the evidence of the accelerated arm."""
    evidence = _select_evidence(run, step)
    if not evidence or len(evidence) < len(_select_steps(run, step)):
        return CasePath.UNKNOWN
    paths = {item.path for item in evidence}
    if paths == {"accelerated"}:
        return CasePath.ACCELERATED
    if "accelerated" in paths or any(item.accelerated_calls for item in evidence):
        return CasePath.PARTIAL
    return CasePath.UNKNOWN if "unknown" in paths else CasePath.FALLBACK


def _select_steps(run: Run, step: str) -> list[str]:
    if step != TOTAL:
        return [step]
    return [other.name for other in run.snapshot.steps if other.changes and not other.excluded_from_total]


def _select_evidence(run: Run, step: str) -> list[Evidence]:
    steps = _select_steps(run, step)
    return [item for item in run.evidence.get(Arm.ACCELERATED, []) if item.step in steps]


def _join_reasons(evidence: Sequence[Evidence]) -> str:
    """Every reason once; with the names of the steps if they differ."""
    reasons = {item.step: item.reason for item in evidence if item.reason}
    if len(set(reasons.values())) <= 1:
        return next(iter(reasons.values()), "")
    return "; ".join(f"{step}: {reason}" for step, reason in reasons.items())


def _describe_quality(quality: Quality) -> str:
    """`accuracy 92.4 | 92.4 %`, or `equal numbers: 100.00 %`."""
    accelerated = {measure.name: measure for measure in quality.accelerated}
    for measure in quality.baseline:
        if measure.decisive and measure.name in accelerated:
            values = " | ".join(format_score_pair(measure.value, accelerated[measure.name].value))
            return f"{measure.label} {values} {measure.unit}".rstrip()
    agreement = (f"{measure.label}: {format_measure(measure)}" for measure in quality.agreement if measure.decisive)
    return next(agreement, "")


def list_csv_values(
    lines: Iterable[CaseLine], break_evens: Mapping[str, BreakEven]
) -> list[list[str | int | float | None]]:
    """The lines as rows of a CSV file with `CSV_COLUMNS`. Times are in seconds; `speed` is empty without a claim.

    `break_evens` has, by the id of a run, what the sizes of its case and cores show, for the total.
    """
    rows: list[list[str | int | float | None]] = []
    for line in lines:
        found = line.comparison
        break_even = break_evens.get(line.run_id) if line.is_total else None
        before, after = (found.baseline, found.accelerated) if found else (None, None)
        rows.append(
            [
                *(line.case, line.label, line.step, line.state, line.cores, line.rows, line.columns),
                *(summary.median if summary else None for summary in (before, after)),
                *((found.ratio.value, found.ratio.low, found.ratio.high) if found else (None, None, None)),
                line.speed.value if line.speed else None,
                line.claim_state.value if line.claim_state else None,
                *(summary.effective_cores if summary else None for summary in (before, after)),
                *(line.quality, line.path.value, line.reason),
                *((break_even.text, break_even.sizes) if break_even else (None, None)),
                line.run_id,
            ]
        )
    return rows
