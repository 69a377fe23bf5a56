"""The table of the gallery: one row for the total of each case, or one for each step too."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from bench.claims.case_table import CSV_COLUMNS, CaseLine, list_csv_values
from bench.formatting import (
    format_cores,
    format_estimate,
    format_interval,
    format_median,
    format_ratio_with_interval,
    format_time_change,
)
from bench.plan.validation import find_workload
from bench.storage.csv_export import format_csv
from bench.storage.store import StoreError
from bench.values.base import Arm
from bench.values.claims import UNDECIDED
from ui import records
from ui.access.redaction import describe_error
from ui.design.badges import CLAIM_STATE_BADGES, UNDECIDED_BADGE
from ui.run_view import downloads
from ui.views.estimators.gallery_cases import GalleryCase
from ui.views.estimators.gallery_settings import WORKLOAD
from ui.views.race.buttons import error_key
from ui.views.race.followed_run import open_run
from ui.views.race.tabs import RACE_TAB, show_tab

KEY = "estimators-gallery"
OPEN_KEY, SHOWN_KEY, STEPS_KEY = f"{KEY}-open", f"{KEY}-shown", f"{KEY}-steps"
STATUS_COLOURS = {"in the queue": "blue", "no result": "red", "not yet": "gray"}
RESULT_COLOURS = (
    {state.value: badge.colour for state, badge in CLAIM_STATE_BADGES.items()}
    | {UNDECIDED: UNDECIDED_BADGE.colour}
    | STATUS_COLOURS
)
OPEN_ICON = ":material/open_in_full:"


def draw_table(cases: Sequence[GalleryCase], core_counts: Sequence[int]) -> None:
    """The times on each of `core_counts` have a column once a case has results on several."""
    compared = list(core_counts) if any(len(case.core_lines) > 1 for case in cases) else []
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with_steps = st.toggle("Every step", key=STEPS_KEY, persist_state="session")
        downloads.draw_file_button(
            "Table as CSV",
            lambda: format_csv(CSV_COLUMNS, _list_csv_values(cases)),
            "fairlap-estimators.csv",
            key=f"{KEY}-csv",
            help="Totals and steps of the cases that have a result, and the totals on other numbers of cores, with all "
            "digits.",
        )
    rows = [
        (case, line)
        for case in cases
        for line in (case.lines or (None,))
        if with_steps or line is None or line.is_total
    ]
    st.session_state[SHOWN_KEY] = [line.run_id if line else "" for _, line in rows]
    st.dataframe(
        _build_frame(rows, compared),
        hide_index=True,
        height="content",
        column_config=_configure_columns(with_steps, compared),
        column_order=[name for name in _configure_columns(with_steps, compared) if with_steps or name != "step"],
        key=f"{KEY}-table",
        placeholder="",
        alt="Times, ratio, quality and path of every case",
    )


def _list_csv_values(cases: Sequence[GalleryCase]) -> list[list[str | int | float | None]]:
    lines = [line for case in cases for line in (*case.lines, *_list_other_cores(case))]
    break_evens = {case.lines[0].run_id: case.break_even for case in cases if case.lines and len(case.sizes) > 1}
    return list_csv_values(lines, break_evens)


def _list_other_cores(case: GalleryCase) -> list[CaseLine]:
    """The totals of a case on other numbers of cores than its own."""
    return [line for cores, line in case.core_lines.items() if cores != case.plan.cores]


def _build_frame(rows: Sequence[tuple[GalleryCase, CaseLine | None]], compared: Sequence[int]) -> Styler:
    """Times and ratios stay numbers, so that they can be sorted, and are formatted with units."""
    found = [line.comparison if line else None for _, line in rows]
    frame = pd.DataFrame(
        {
            "open": [OPEN_ICON if line else None for _, line in rows],
            "estimator": [case.label for case, _ in rows],
            "step": [line.step_label if line else "" for _, line in rows],
            "baseline": [comparison.baseline.median if comparison else None for comparison in found],
            "accelerated": [comparison.accelerated.median if comparison else None for comparison in found],
            "ratio": [comparison.ratio.value if comparison else None for comparison in found],
            "interval": [format_interval(comparison.ratio) if comparison else "" for comparison in found],
            "result": [[_describe_result(case, line)] for case, line in rows],
            "path": [line.path.value if line else "" for _, line in rows],
            "break_even": [_describe_break_even(case, line) for case, line in rows],
            "sizes": [case.break_even.sizes if _describe_break_even(case, line) else "" for case, line in rows],
            "cores": [
                " | ".join(f"{comparison.summary(arm).effective_cores:.2f}" for arm in Arm) if comparison else ""
                for comparison in found
            ],
            "quality": [line.quality if line and line.is_total else "" for _, line in rows],
            "data": [_describe_data(line) if line else "" for _, line in rows],
            "reason": [line.reason if line and not case.problem else case.problem for case, line in rows],
        }
        | {f"cores-{count}": [_describe_core_count(case, line, count) for case, line in rows] for count in compared}
    ).astype({"baseline": float, "accelerated": float, "ratio": float})
    # A formatter gets a number alone, so the digits that its spread supports are looked up.
    times, ratios = {}, {}
    for comparison in filter(None, found):
        ratios[comparison.ratio.value] = format_estimate(comparison.ratio)
        for arm in Arm:
            times[comparison.summary(arm).median] = format_median(comparison.summary(arm))
    style = frame.style
    style.format({"baseline": times.get, "accelerated": times.get, "ratio": ratios.get}, na_rep="")
    return style


def _describe_result(case: GalleryCase, line: CaseLine | None) -> str:
    if case.status:
        return case.status
    return line.claim_state.value if line and line.claim_state else UNDECIDED


def _describe_break_even(case: GalleryCase, line: CaseLine | None) -> str:
    """Empty for a step, and if no size but one was raced."""
    return case.break_even.text if len(case.sizes) > 1 and (line is None or line.is_total) else ""


def _describe_core_count(case: GalleryCase, line: CaseLine | None, count: int) -> str:
    """`38 → 10 ms, 3.8x (3.6 to 3.9)`, of the total only."""
    found = case.core_lines.get(count)
    if found is None or found.comparison is None or (line is not None and not line.is_total):
        return ""
    comparison = found.comparison
    times = format_time_change(comparison.baseline, comparison.accelerated)
    return f"{times}, {format_ratio_with_interval(comparison.ratio)}"


def _describe_data(line: CaseLine) -> str:
    if line.rows is None:
        return ""
    return f"{line.rows:,} × {line.columns:,}" if line.columns else f"{line.rows:,}"


def _configure_columns(with_steps: bool, compared: Sequence[int]) -> dict:
    config = st.column_config
    by_cores = {
        f"cores-{count}": config.TextColumn(
            format_cores(count), width=230, help="Times of the total, stock → accelerated, and their ratio."
        )
        for count in compared
    }
    columns = {
        "open": config.ButtonColumn("", key=OPEN_KEY, on_click=_open_clicked_row, width=32),
        "estimator": config.TextColumn("Estimator", width=190, pinned=with_steps),
        "step": config.TextColumn("Step", width=90),
        "baseline": config.NumberColumn("Stock", width=72, help="Median time, stock scikit-learn."),
        "accelerated": config.NumberColumn("Accelerated", width=84, help="Median time, scikit-learn-intelex."),
        "ratio": config.NumberColumn("Ratio", width=60, help="Stock over accelerated."),
        "interval": config.TextColumn("95 % interval", width=100, help="Interval of the ratio."),
        "result": config.MultiselectColumn(
            "Claim", options=list(RESULT_COLOURS), color=list(RESULT_COLOURS.values()), width=170
        ),
        "path": config.TextColumn("Path", width=96, help="What ran, by the evidence of the race."),
        "break_even": config.TextColumn(
            "Break-even", width=230, help="The number of rows from which on it is faster, of those that were raced."
        ),
        "sizes": config.TextColumn("Sizes raced", width=230, help="Each number of rows, and what its race shows."),
        "cores": config.TextColumn("Cores used", width=96, help="Stock | accelerated."),
        "quality": config.TextColumn("Quality", width=230, help="Stock | accelerated, on held-out rows."),
        "data": config.TextColumn("Rows × columns", width=120),
        "reason": config.TextColumn(
            "Reason", width=600, help="Why it is not accelerated, in the words of the library; why there is no claim."
        ),
    }
    reason = {"reason": columns.pop("reason")}
    return columns | by_cores | reason


def _open_clicked_row() -> None:
    """Show the race of the clicked row on the tab with the race."""
    ids: list[str] = st.session_state[SHOWN_KEY]
    number = st.session_state[OPEN_KEY].row
    run_id = ids[number] if number < len(ids) else ""
    if not run_id:
        return
    workload = find_workload(WORKLOAD)
    show_tab(workload, RACE_TAB)
    try:
        if run := records.read_status(run_id).run:
            open_run(workload, run)
    except (OSError, StoreError) as error:
        st.session_state[error_key(workload)] = describe_error(error)
