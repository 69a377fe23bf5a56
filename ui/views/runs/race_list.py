"""The list of stored races."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from bench.formatting import format_duration, format_interval, format_ratio
from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.csv_export import jobs_csv
from bench.storage.store import JobRow
from bench.values import Interval
from ui import services
from ui.design.badges import CLAIM_COLOURS, CLAIM_WORDS
from ui.views.runs import filters
from ui.views.runs.actions import open_clicked_row
from ui.views.runs.selection import draw_selection

KEY = "runs"
VERDICT_COLOURS = {
    "faster": "green",
    "slower": "orange",
    "no difference detected": "gray",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
}


def draw_list(digest: str | None) -> None:
    """The races, or those of one plan, that pass the filters on the page, the newest first. Raises StoreError."""
    all_races = filters.make_filter(JobKind.RACE, digest)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = filters.draw_words_filter(KEY)
        titles = services.get_store().workload_titles(**all_races)
        chosen |= filters.draw_choice_filter("Workload", f"{KEY}_workload", "workload", all_races, titles.__getitem__)
        chosen |= filters.draw_choice_filter("Case", f"{KEY}_case", "case_name", all_races)
        chosen |= filters.draw_choice_filter("State", f"{KEY}_state", "state", all_races)
        chosen |= filters.draw_choice_filter("Claim", f"{KEY}_claim", "claimed", all_races, CLAIM_WORDS.__getitem__)
    shown = all_races | chosen
    rows, count = filters.load_page(shown, KEY)
    if not rows:
        st.info("No run passes these filters.", icon=":material/filter_alt_off:")
        return
    selected = _draw_table(rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        text = filters.describe_count("run", count, services.get_store().count(**all_races), len(rows))
        st.caption(f"{text}. Select one to open, download or delete it; two to compare them.", width="stretch")
        filters.draw_page_choice(count, KEY)
        st.download_button(
            "List as CSV",
            data=lambda: jobs_csv(services.get_store().rows(limit=filters.CSV_LIMIT, **shown)),
            file_name="fairlap-runs.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="runs_csv",
        )
    if selected:
        draw_selection(selected)


def _draw_table(rows: Sequence[JobRow]) -> list[JobRow]:
    """The table; returns the selected rows."""
    ids = [row.id for row in rows]
    st.session_state["runs_shown"] = ids
    event = st.dataframe(
        _build_frame(rows),
        hide_index=True,
        height="auto",
        column_config=_column_config(),
        # Streamlit keeps a selection by row number, which means other jobs when the rows change.
        key=f"runs_table_{hash(tuple(ids))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Runs, the newest first",
    )
    return [rows[number] for number in event.selection.rows if number < len(rows)]


def _build_frame(rows: Sequence[JobRow]) -> Styler:
    """The rows of the table. Times stay numbers, so that they can be sorted, and are formatted with units."""
    frame = pd.DataFrame(
        {
            "open": [":material/open_in_full:"] * len(rows),
            "when": [row.started for row in rows],
            "workload": [row.title for row in rows],
            "arms": [f"{row.baseline} | {row.accelerated}" for row in rows],
            "baseline": [row.baseline_s for row in rows],
            "accelerated": [row.accelerated_s for row in rows],
            "ratio": [row.ratio for row in rows],
            "interval": [_format_row_interval(row) for row in rows],
            "claim": [[CLAIM_WORDS[row.claimed]] for row in rows],
            "verdict": [_verdict_words(row) for row in rows],
            "cores": [row.cores for row in rows],
            "batch": [row.batch for row in rows],
            "origin": [row.origin for row in rows],
            "requester": [row.requester for row in rows],
        }
    ).astype({"baseline": float, "accelerated": float, "ratio": float})
    style = frame.style
    style.format({"baseline": format_duration, "accelerated": format_duration, "ratio": format_ratio}, na_rep="")
    return style


def _format_row_interval(row: JobRow) -> str:
    if row.ratio is None or row.ratio_low is None or row.ratio_high is None:
        return ""
    return format_interval(Interval(value=row.ratio, low=row.ratio_low, high=row.ratio_high))


def _verdict_words(row: JobRow) -> list[str]:
    """The verdict, and the state of a run that did not finish."""
    state = [] if row.state is State.FINISHED else [str(row.state)]
    return state + ([row.speed] if row.speed else [])


def _column_config() -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key="runs_open", on_click=open_clicked_row, args=(KEY,), width=36),
        "when": config.DatetimeColumn("When", format="D MMM YY, HH:mm", timezone=st.context.timezone, width=118),
        "workload": config.TextColumn("Workload", width=132),
        "arms": config.TextColumn("Arms", width=114, help="Baseline | accelerated: the two values of the lever."),
        "baseline": config.NumberColumn("Baseline", width=76, help="Median time of the whole, baseline arm."),
        "accelerated": config.NumberColumn("Accelerated", width=92, help="Median time of the whole, accelerated arm."),
        "ratio": config.NumberColumn("Ratio", width=64, help="Baseline over accelerated."),
        "interval": config.TextColumn("95 % interval", width=102, help="Bootstrap interval of the ratio."),
        "claim": config.MultiselectColumn(
            "Claim", options=list(CLAIM_COLOURS), color=list(CLAIM_COLOURS.values()), width=76
        ),
        "verdict": config.MultiselectColumn(
            "Verdict", options=list(VERDICT_COLOURS), color=list(VERDICT_COLOURS.values()), width=170
        ),
        "cores": config.NumberColumn("Cores", width=58),
        "batch": config.NumberColumn("Batch", width=58),
        "origin": config.TextColumn("Origin", width=104, help="Where the run was started."),
        "requester": config.TextColumn("By", width=90, help="User name of the person who started it."),
    }
