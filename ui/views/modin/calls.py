"""The tab with one row per DataFrame call: its verdict, how Modin executed it, and why it is slower if it is."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from bench.claims.rules import list_refusal_titles
from bench.formatting import format_duration, format_estimate, format_interval, format_median
from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.job_row import JobRow
from bench.values.base import Arm
from bench.values.claims import Speed
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from ui.design.data_table import draw_data_table
from ui.design.markdown import escape_markdown

ARM_COLUMNS = ("to return", "first call", "partitions", "stored", "defaulted")
"""Columns that the accelerated arm reports."""
REFUSALS_COLUMN = "why refused"
MAX_ROWS_WITHOUT_SCROLLING = 14
TABLE_HEIGHT_PX = 560
SPEED_ORDER = (Speed.FASTER, Speed.SAME, Speed.SLOWER, Speed.SAME_CODE, None)
"""Order of the rows; None for calls that do no work to compare. Calls that differ without a claim follow in the same
order."""


def draw_calls(run: Run) -> None:
    """Every call of a run."""
    table = build_calls_table(run)
    draw_data_table(
        table,
        height="content" if len(table) <= MAX_ROWS_WITHOUT_SCROLLING else TABLE_HEIGHT_PX,
        # Streamlit would cut off the longest verdict.
        column_config={"verdict": st.column_config.TextColumn(width=150)},
        alt="Verdict and times of every call",
    )
    st.caption(
        "'To return' is the time until the call returns; the race measures the time until every partition is computed. "
        "Calls that only copy references do no work, so they are left out of the total and of the claims."
    )


def draw_start_up(run: Run) -> None:
    """What starting Modin costs, compared with what the run gains. Nothing if the run does not compare the two."""
    seconds = _start_up_s(run)
    if seconds is not None:
        st.markdown(f"**Start-up**: {escape_markdown(describe_payback(run, seconds))}")


def is_pandas_to_modin(plan: Plan | JobRow) -> bool:
    """Whether pandas is the baseline and Modin the accelerated arm. Only then Modin's extra costs are known."""
    return plan.baseline == "pandas" and plan.accelerated != "pandas"


def arm_names(run: Run) -> list[str]:
    """Different names for the two arms."""
    baseline, accelerated = (run.snapshot.arms[arm] for arm in Arm)
    return [baseline, accelerated if accelerated != baseline else f"{accelerated} again"]


def build_calls_table(run: Run) -> pd.DataFrame:
    """One row per call, the fastest first. Columns without any value are left out."""
    excluded = {step.name for step in run.snapshot.steps if step.excluded_from_total}
    rows = []
    for comparison in run.statistics:
        if comparison.step == TOTAL:
            continue
        speed = None if comparison.step in excluded else judge_step(run, comparison)
        is_undecided = speed in (Speed.FASTER, Speed.SLOWER) and not is_claimed(run, comparison.step)
        order = (is_undecided, SPEED_ORDER.index(speed), -comparison.ratio.value)
        rows.append((order, _build_row(run, comparison, speed, is_undecided)))
    rows.sort(key=lambda row: row[0])
    table = pd.DataFrame([row for _, row in rows])
    empty = [name for name in (REFUSALS_COLUMN, *ARM_COLUMNS) if not any(row[name] for _, row in rows)]
    return table.drop(columns=empty)


def _build_row(run: Run, comparison: Comparison, speed: Speed | None, is_undecided: bool) -> dict[str, str]:
    baseline, accelerated = arm_names(run)
    reported = _arm_report(run, comparison.step)
    verdict = speed.value if speed else "nothing to compare"
    rules = list_refusal_titles(run, comparison.step) if is_undecided else []
    if is_undecided:
        verdict += ", claim refused" if rules else ", no claim"
    return {
        "call": run.snapshot.labels()[comparison.step],
        "verdict": verdict,
        baseline: format_median(comparison.baseline),
        accelerated: format_median(comparison.accelerated),
        "ratio": format_estimate(comparison.ratio),
        "95 %": format_interval(comparison.ratio),
        "results": _describe_results(run, comparison.step),
        "why": reported.get("why it may be slower", "") if speed in (Speed.SLOWER, None) else "",
        REFUSALS_COLUMN: ", ".join(rules),
        "to return": _time_to_return(run, comparison.step),
        **{name: reported.get(name, "") for name in ARM_COLUMNS if name != "to return"},
    }


def judge_step(run: Run, comparison: Comparison) -> Speed:
    """The verdict of the claim, made or refused, else that of the interval. See `is_claimed` for whether it holds."""
    claim = run.claim(comparison.step)
    if claim is not None:
        return claim.verdict.speed
    if comparison.ratio.includes(1):
        return Speed.SAME
    return Speed.FASTER if comparison.ratio.value > 1 else Speed.SLOWER


def is_claimed(run: Run, step: str) -> bool:
    """Whether the run makes a claim for a step or for the total, with or without reservations."""
    claim = run.claim(step)
    return claim is not None and claim.made


def _arm_report(run: Run, step: str) -> dict[str, str]:
    """The row of the accelerated arm's own table of calls, by column; empty if there is none."""
    table = next((table for table in run.tables if table.name == "calls"), None)
    if table is None or not is_pandas_to_modin(run.plan):
        return {}
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    return rows.get(step, {})


def _time_to_return(run: Run, step: str) -> str:
    """The time until the call returned; empty if it returned with its result."""
    evidence = run.evidence.get(Arm.ACCELERATED, [])
    returned_s = next((item.returned_s for item in evidence if item.step == step), None)
    return format_duration(returned_s) if returned_s else ""


def _describe_results(run: Run, step: str) -> str:
    agreement = run.quality.agreement if run.quality else []
    shares = [measure.value for measure in agreement if measure.step == step]
    if not shares:
        return "not compared"
    return "equal" if min(shares) == 100 else "differ"


def _start_up_s(run: Run) -> float | None:
    """Seconds that Modin costs once, beyond pandas; None if the run does not compare the two."""
    if not is_pandas_to_modin(run.plan):
        return None
    agreement = run.quality.agreement if run.quality else []
    return next((measure.value for measure in agreement if measure.name == "start"), None)


def describe_payback(run: Run, start_s: float) -> str:
    """After how many runs the start-up time is recovered, or why it is not."""
    total = run.comparison()
    if total is None:
        return ""
    cost = f"importing and starting {arm_names(run)[1]}, and its slower first calls,"
    if start_s <= 0:
        return f"{cost} cost no more than pandas' own first calls."
    cost += f" cost {format_duration(start_s)} once"
    subject = "the script" if [step.name for step in run.snapshot.steps] == ["etl"] else "the total"
    speed = judge_step(run, total)
    if speed is Speed.SAME:
        return f"{cost}. At this size no difference was detected in {subject} that could recover this time."
    if not is_claimed(run, TOTAL):
        return f"{cost}. No claim is made for {subject} (see below), so it is unknown whether this time is recovered."
    if speed is Speed.SLOWER:
        return f"{cost}. At this size {subject} is not faster, so this time is never recovered."
    gained_s = total.baseline.median - total.accelerated.median
    return (
        f"{cost}. Each run of {subject} saves {format_duration(gained_s)}, so this time is recovered after "
        f"{math.ceil(start_s / gained_s):,} runs in one session."
    )
