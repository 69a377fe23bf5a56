"""TODO: ui.views.runs.table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pandas as pd
import streamlit as st

from bench.formatting import format_duration, format_interval, format_ratio
from bench.run.events import State
from bench.storage.csv_export import jobs_csv
from bench.storage.store import JobRow
from bench.values import Interval
from ui.design.badges import CLAIM_COLOURS, CLAIM_WORDS

MAX_RUNS = 1000
"""Runs that the list shows, the newest first; filters by workload and plan look through all."""


VERDICT_COLOURS = {
    "faster": "green",
    "slower": "orange",
    "no difference detected": "gray",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
}


def filter_rows(rows: Sequence[JobRow]) -> list[JobRow]:
    """The rows that the filters above the table let through."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="runs_text",
            type="search",
            placeholder="any words",
            help="Looks in ids, workloads, arms, machines, verdicts and the sentences of the claims.",
            persist_state="session",
        )
        titles = {row.workload: row.workload_title for row in reversed(rows)}
        workload = _draw_filter("Workload", titles, lambda name: titles[name])
        state = _draw_filter("State", [str(row.state) for row in rows], str)
        claim = _draw_filter("Claim", [CLAIM_WORDS[row.claimed] for row in rows], str)
    return [
        row
        for row in rows
        if workload in (None, row.workload)
        and state in (None, str(row.state))
        and claim in (None, CLAIM_WORDS[row.claimed])
        and _matches_words(row, text or "")
    ]


def _draw_filter(label: str, present: Iterable[str], named: Callable[[str], str]) -> str | None:
    """One of the values that are present, or None for all."""
    options = sorted(set(present))
    key = f"runs_{label.lower()}"
    if st.session_state.get(key) not in (None, *options):
        st.session_state[key] = None  # What was chosen is no longer there.
    return st.selectbox(
        label, options, index=None, key=key, format_func=named, placeholder="all", persist_state="session", width=190
    )


def _matches_words(row: JobRow, text: str) -> bool:
    """Whether every word of `text` occurs in what the row says."""
    said = " ".join(
        (
            *(row.id, row.digest, row.workload, row.title, row.baseline, row.accelerated),
            *(
                row.baseline_label,
                row.accelerated_label,
                row.machine,
                row.sentence or "",
                row.speed or "",
                str(row.state),
                row.origin,
            ),
        )
    ).lower()
    return all(word in said for word in text.lower().split())


def draw_table(rows: Sequence[JobRow], *, narrowed: bool) -> list[JobRow]:
    """The list, and below it how long it is; the rows that are selected."""
    if not rows:
        st.info("No run passes these filters.", icon=":material/filter_alt_off:")
        return []
    shown = [row.id for row in rows]
    st.session_state["runs_shown"] = shown
    event = st.dataframe(
        _build_frame(rows),
        hide_index=True,
        height="auto",
        column_config=_column_config(),
        # A selection is of places: with other rows in them, it must not live on.
        key=f"runs_table_{hash(tuple(shown))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Runs, the newest first",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f"{len(rows)} run{'s' * (len(rows) != 1)}" + (" pass the filters" if narrowed else "")
        limit = f", the newest {MAX_RUNS}" if len(rows) == MAX_RUNS else ""
        st.caption(f"{count}{limit}. Select one to open, download or delete it; two to compare them.", width="stretch")
        st.download_button(
            "List as CSV",
            data=lambda: jobs_csv(rows),
            file_name="fairlap-runs.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="runs_csv",
        )
    return [rows[place] for place in event.selection.rows if place < len(rows)]


def _build_frame(rows: Sequence[JobRow]) -> pd.io.formats.style.Styler:
    """The rows as the table shows them: times stay numbers, so that they sort, written with the unit that suits."""
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
        }
    ).astype({"baseline": float, "accelerated": float, "ratio": float})
    return frame.style.format(
        {"baseline": format_duration, "accelerated": format_duration, "ratio": format_ratio}, na_rep=""
    )


def _format_row_interval(row: JobRow) -> str:
    if row.ratio is None or row.ratio_low is None or row.ratio_high is None:
        return ""
    return format_interval(Interval(value=row.ratio, low=row.ratio_low, high=row.ratio_high))


def _verdict_words(row: JobRow) -> list[str]:
    """What a run came to; its state too, where it is not the ordinary one."""
    state = [] if row.state is State.FINISHED else [str(row.state)]
    return state + ([row.speed] if row.speed else [])


def _column_config() -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key="runs_open", on_click=_open_clicked_row, type="tertiary", width=36),
        "when": config.DatetimeColumn("When", format="D MMM YY, HH:mm", timezone=st.context.timezone, width=118),
        "workload": config.TextColumn("Workload", width=132),
        "arms": config.TextColumn("Arms", width=114, help="Baseline | accelerated: the two settings of the lever."),
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
        "origin": config.TextColumn("Origin", width=104),
    }


def _open_clicked_row() -> None:
    shown: list[str] = st.session_state["runs_shown"]
    place = st.session_state["runs_open"].row
    if place < len(shown):
        st.query_params["run"] = shown[place]
