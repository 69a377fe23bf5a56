"""The table of the command `gallery`: a line for the total and each step of every case, with columns for every core
count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from bench.claims.case_table import CaseLine
from bench.cli.console import make_table, print_table
from bench.formatting import format_cores, format_median, format_ratio_with_interval, format_time_change
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.stats.break_even import BreakEven
from bench.values.base import Arm
from bench.values.claims import UNDECIDED

COLUMNS = (
    *("estimator", "step", "rows × columns", "stock", "accelerated", "ratio (95 %)", "claim", "cores used"),
    *("path", "quality", "reason"),
)
BREAK_EVEN_COLUMNS = ("break-even", "sizes tried")
NO_RESULT = "no result"


@dataclass(frozen=True, slots=True)
class CaseResults:
    """What the races of a case on one core count found."""

    plan: Plan
    lines: tuple[CaseLine, ...]
    """As `describe_case` gives them; empty without a result at the size of the gallery."""
    break_even: BreakEven | None
    """None if it was not looked for."""


def print_results(console: Console, results: Iterable[CaseResults], *, with_break_even: bool) -> None:
    """One table. The results of a case on several core counts are in columns side by side."""
    listed = list(results)
    counts = sorted({result.plan.cores for result in listed})
    if len(counts) > 1:
        _print_core_counts(console, listed, counts, with_break_even)
    else:
        _print_one_count(console, listed, with_break_even)


def _print_one_count(console: Console, results: Sequence[CaseResults], with_break_even: bool) -> None:
    *first, reason = COLUMNS
    columns = (*first, *BREAK_EVEN_COLUMNS, reason) if with_break_even else COLUMNS
    table = make_table(console, *columns, right=("stock", "accelerated"))
    for result in results:
        if not result.lines:
            row = dict.fromkeys(columns, "") | {"estimator": _label_case(result), "step": "total", "claim": NO_RESULT}
            if result.break_even is not None:
                row |= dict(zip(BREAK_EVEN_COLUMNS, _list_break_even(result.break_even), strict=True))
            table.add_row(*row.values())
        for line in result.lines:
            found = line.comparison
            table.add_row(
                line.label,
                line.step_label,
                _describe_size(line),
                *(format_median(found.summary(arm)) if found else "" for arm in Arm),
                format_ratio_with_interval(found.ratio) if found else "",
                line.claim_state.value if line.claim_state else UNDECIDED,
                " | ".join(f"{found.summary(arm).effective_cores:.2f}" for arm in Arm) if found else "",
                line.path.value,
                line.quality if line.is_total else "",
                *(_describe_break_even(result, line) if with_break_even else ()),
                line.reason,
            )
    print_table(console, table)


def _print_core_counts(
    console: Console, results: Sequence[CaseResults], counts: Sequence[int], with_break_even: bool
) -> None:
    columns = ["estimator", "step", "rows × columns"]
    for count in counts:
        columns += [f"{format_cores(count)}: stock → accelerated", "ratio (95 %)", "claim"]
        columns += BREAK_EVEN_COLUMNS if with_break_even else ()
    table = make_table(console, *columns, "path", "reason")
    cases = list(dict.fromkeys(result.plan.case for result in results))
    for case in cases:
        own = {result.plan.cores: result for result in results if result.plan.case == case}
        lines = {count: {line.step: line for line in result.lines} for count, result in own.items()}
        if not any(lines.values()):
            cells = [_label_case(next(iter(own.values()))), "total", ""]
            for count in counts:
                cells += ["", "", NO_RESULT]
                if with_break_even:
                    found = own[count].break_even if count in own else None
                    cells += _list_break_even(found) if found is not None else ("", "")
            table.add_row(*cells, "", "")
        for step in dict.fromkeys(step for by_step in lines.values() for step in by_step):
            by_count = {count: by_step[step] for count, by_step in lines.items() if step in by_step}
            last = by_count[max(by_count)]
            cells: list[str] = []
            for count in counts:
                line = by_count.get(count)
                cells += _describe_count(line)
                if with_break_even:
                    found = own[count].break_even if count in own and last.is_total else None
                    cells += _list_break_even(found) if found is not None else ("", "")
            table.add_row(
                last.label,
                last.step_label,
                _describe_size(last),
                *cells,
                " | ".join(dict.fromkeys(line.path.value for line in by_count.values())),
                # Each reason once, with the core counts if they differ.
                "; ".join(dict.fromkeys(line.reason for line in by_count.values() if line.reason)),
            )
    print_table(console, table)


def _describe_count(line: CaseLine | None) -> tuple[str, str, str]:
    if line is None:
        return "", "", NO_RESULT
    found = line.comparison
    claim = line.claim_state.value if line.claim_state else UNDECIDED
    if found is None:
        return "", "", claim
    return format_time_change(found.baseline, found.accelerated), format_ratio_with_interval(found.ratio), claim


def _describe_size(line: CaseLine) -> str:
    if line.rows is None:
        return ""
    return f"{line.rows:,} × {line.columns:,}" if line.columns else f"{line.rows:,}"


def _describe_break_even(result: CaseResults, line: CaseLine) -> tuple[str, str]:
    if not line.is_total or result.break_even is None:
        return "", ""
    return _list_break_even(result.break_even)


def _list_break_even(break_even: BreakEven) -> tuple[str, str]:
    return break_even.text, break_even.sizes


def _label_case(result: CaseResults) -> str:
    return resolve(result.plan).case.label
