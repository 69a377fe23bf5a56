"""Call by call: what changing the import does to each, how Modin executed it, and why it is slower where it is."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from bench.formatting import format_duration, format_interval, format_ratio
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import JobRow, StoreError
from bench.values import TOTAL, Arm, Comparison, Outcome, Speed, Table
from ui import services
from ui.design import markdown
from ui.design.text import format_date_time
from ui.history import load_last_run

MAX_SEARCHED_RUNS = 20
"""Kept runs among which one of several calls is looked for."""
ARM_COLUMNS = ("to return", "first call", "partitions", "stored", "defaulted")
"""Columns of what an arm tells of its calls."""
BROKEN_RULES_COLUMN = "rules it breaks"
SPEED_ORDER = {Speed.FASTER: 0, Speed.SAME: 1, Speed.SLOWER: 2}


def draw_calls(plan: Plan) -> None:
    """Every call of the newest run: its verdict, its times, and why it is slower where it is."""
    run = load_newest_run(plan)
    if run is None:
        return
    table = build_calls_table(run)
    height = "content" if len(table) < 15 else 560
    # Wide enough for the longest verdict, which Streamlit's own guess cuts off.
    st.dataframe(
        table, hide_index=True, height=height, column_config={"verdict": st.column_config.TextColumn(width=150)}
    )
    st.caption(
        "Slower, faster and no difference are the run's verdicts. Time to return is when a call gives control back, "
        "time to result when every partition is computed; the race times the result. A call that passes references "
        "only has computed nothing, is no part of the whole, and claims nothing."
    )
    _draw_start_up_of_run(run)


def draw_start_up(plan: Plan) -> None:
    """What starting Modin costs beside what the newest run gains."""
    run = load_newest_run(plan)
    if run is not None:
        _draw_start_up_of_run(run)


def _draw_start_up_of_run(run: Run) -> None:
    seconds = _start_up_s(run)
    if seconds is not None:
        st.markdown(f"**Start-up**: {markdown.escape_markdown(describe_payback(run, seconds))}")


def load_newest_run(plan: Plan) -> Run | None:
    """The newest finished run of this plan, else of any of pandas to Modin, and words of which it is; None, and words
    of that, where there is none."""
    try:
        run, same = _find_newest_run(plan)
    except (OSError, StoreError) as error:
        st.error(str(error), title="Stored runs cannot be read", icon=":material/database_off:")
        return None
    if run is None or not run.statistics:
        st.info("Nothing was raced here yet: race it first.", icon=":material/sports_score:")
        return None
    other = "" if same else f", **of another setting**: `{run.snapshot.command.removeprefix('python -m bench run ')}`"
    st.caption(f":material/history: The run of {format_date_time(run.started)}{other}.")
    return run


def _find_newest_run(plan: Plan) -> tuple[Run | None, bool]:
    """The newest finished run, and whether it is of this plan: else one of pandas to Modin, of several calls before
    one of a single call."""
    if run := load_last_run(plan.workload, plan.digest):
        return run, True
    found = None
    for row in services.get_store().rows(workload=plan.workload, limit=MAX_SEARCHED_RUNS):
        if row.state is not State.FINISHED or not is_pandas_to_modin(row):
            continue
        run = services.get_dispatcher().status(row.id).run
        found = found or run
        if run is not None and len(run.snapshot.steps) > 1:
            return run, False
    return found, False


def is_pandas_to_modin(plan: Plan | JobRow) -> bool:
    """Whether pandas races Modin there; else there is nothing that Modin costs beyond pandas."""
    return plan.baseline == "pandas" and plan.accelerated != "pandas"


def arm_names(run: Run) -> list[str]:
    """What the two arms are called."""
    first, second = (run.snapshot.arms[arm] for arm in Arm)
    return [first, second if second != first else f"{second} again"]


def build_calls_table(run: Run) -> pd.DataFrame:
    """A row for each call, the fastest by the accelerated arm first; what the arm told, where it did, stands beside
    what was measured."""
    told, labels = _arm_calls(run), run.snapshot.labels()
    baseline, accelerated = arm_names(run)
    excluded_from_total = {step.name for step in run.snapshot.steps if step.excluded_from_total}
    returned = {
        told.step: format_duration(told.returned_s) for told in run.evidence.get(Arm.ACCELERATED, []) if told.returned_s
    }
    found = []
    for comparison in run.statistics:
        if comparison.step == TOTAL:
            continue
        speed = None if comparison.step in excluded_from_total else _step_speed(run, comparison)
        refused = _broken_rules(run, comparison.step) if speed in (Speed.FASTER, Speed.SLOWER) else []
        of_call = told.get(comparison.step, {})
        found.append(
            {
                "call": labels[comparison.step],
                "verdict": f"{speed.value}{', claim refused' * bool(refused)}" if speed else "nothing to compare",
                baseline: format_duration(comparison.baseline.median),
                accelerated: format_duration(comparison.accelerated.median),
                "ratio": format_ratio(comparison.ratio.value),
                "95 %": format_interval(comparison.ratio),
                "results": _describe_results(run, comparison.step),
                "why": of_call.get("why it may be slower", "") if speed in (Speed.SLOWER, None) else "",
                BROKEN_RULES_COLUMN: ", ".join(refused),
                "to return": returned.get(comparison.step, ""),
                "first call": of_call.get("first call", ""),
                "partitions": of_call.get("partitions", ""),
                "stored": of_call.get("stored", ""),
                "defaulted": of_call.get("defaulted", ""),
                "place": (
                    SPEED_ORDER.get(speed, len(SPEED_ORDER)) + len(SPEED_ORDER) * bool(refused),
                    -comparison.ratio.value,
                ),
            }
        )
    nothing = [name for name in (BROKEN_RULES_COLUMN, *ARM_COLUMNS) if not any(row[name] for row in found)]
    return pd.DataFrame(sorted(found, key=lambda row: row["place"])).drop(columns=["place", *nothing])


def _step_speed(run: Run, comparison: Comparison) -> Speed:
    made = run.claim(comparison.step)
    if made is not None:
        return made.verdict.speed
    ratio = comparison.ratio
    return Speed.SAME if ratio.includes(1) else Speed.FASTER if ratio.value > 1 else Speed.SLOWER


def _arm_calls(run: Run) -> dict[str, dict[str, str]]:
    """The arm's table of calls, by step and column."""
    table: Table | None = next((table for table in run.tables if table.name == "calls"), None)
    if table is None or not is_pandas_to_modin(run.plan):
        return {}
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def _broken_rules(run: Run, step: str) -> list[str]:
    """The rules that a step's claim breaks, by their titles; none where one is made, or where nobody has judged."""
    made = run.claim(step)
    if made is None or made.made:
        return []
    return [finding.title for finding in made.findings if finding.outcome is Outcome.REFUSED]


def _describe_results(run: Run, step: str) -> str:
    measured = run.quality.agreement if run.quality else []
    shares = [measure.value for measure in measured if measure.step == step]
    if not shares:
        return "not compared"
    return "equal" if min(shares) == 100 else "differ"


def _start_up_s(run: Run) -> float | None:
    """Seconds that Modin costs once, beyond pandas; None where the two did not race."""
    if not is_pandas_to_modin(run.plan):
        return None
    measured = run.quality.agreement if run.quality else []
    return next((measure.value for measure in measured if measure.name == "start"), None)


def describe_payback(run: Run, start: float) -> str:
    """After how many runs of the whole the start-up is earned back, or that it never is."""
    whole = run.comparison()
    assert whole is not None
    paid = f"importing and starting {arm_names(run)[1]}, and what first calls take beyond later ones,"
    if start <= 0:
        return f"{paid} cost no more than pandas' own first calls."
    took = f"{paid} cost {format_duration(start)}"
    whole_of = "the script" if [step.name for step in run.snapshot.steps] == ["etl"] else "the whole"
    made = run.claim(TOTAL)
    speed = _step_speed(run, whole)
    if speed is Speed.SLOWER:
        return f"{took}; at this size {whole_of} does not gain, so that it is never earned back."
    if speed is Speed.SAME:
        return f"{took}; no difference of {whole_of} was detected at this size that could earn it back."
    if made is not None and not made.made:
        return f"{took}; what {whole_of} gains each time is not claimed (see there), nor when it would be earned back."
    gained = whole.baseline.median - whole.accelerated.median
    return (
        f"{took}; {whole_of} gains {format_duration(gained)} each time, so that it pays back after "
        f"{math.ceil(start / gained):,} runs of it in one session."
    )
