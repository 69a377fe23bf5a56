"""The list of stored races."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from bench.formatting import format_duration, format_interval, format_ratio
from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.attempts import AttemptSummary, format_position
from bench.storage.store import JobRow
from bench.values import Interval
from ui import services
from ui.design.badges import CLAIM_COLOURS, CLAIM_WORDS
from ui.views.runs.actions import open_clicked_row
from ui.views.runs.job_list import ChoiceFilter, JobList
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


def _draw_table(rows: Sequence[JobRow]) -> list[JobRow]:
    """The table; returns the selected rows."""
    ids = [row.id for row in rows]
    st.session_state[f"{KEY}_shown"] = ids
    event = st.dataframe(
        _build_frame(rows, services.get_store().summarize_attempts_of_all(rows)),
        hide_index=True,
        height="auto",
        column_config=_column_config(),
        # Streamlit keeps a selection by row number, which means other jobs when the rows change.
        key=f"{KEY}_table_{hash(tuple(ids))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Runs, the newest first",
    )
    return [rows[number] for number in event.selection.rows if number < len(rows)]


def _build_frame(rows: Sequence[JobRow], attempts: Mapping[str, AttemptSummary]) -> Styler:
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
            "attempt": [format_position(attempts[row.id]) for row in rows],
            "cores": [row.cores for row in rows],
            "batch": [row.batch for row in rows],
            "origin": [row.origin for row in rows],
            "requester": [row.requester for row in rows],
            "sentence": [row.race_sentence for row in rows],
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
        "open": config.ButtonColumn("", key=f"{KEY}_open", on_click=open_clicked_row, args=(KEY,), width=36),
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
        "attempt": config.TextColumn(
            "Attempt",
            width=76,
            help="Number of this run among all runs of its plan on its machine, deleted ones included.",
        ),
        "cores": config.NumberColumn("Cores", width=58),
        "batch": config.NumberColumn("Batch", width=58),
        "origin": config.TextColumn("Origin", width=104, help="Where the run was started."),
        "requester": config.TextColumn("By", width=90, help="User name of the person who started it."),
        "sentence": config.TextColumn("Sentence", width=400, help="The claim, or why there is none and what to do."),
    }


RACES = JobList(
    kind=JobKind.RACE,
    key=KEY,
    noun="run",
    hint="Select one to open, download or delete it; two to compare them.",
    choice_filters=(
        ChoiceFilter("Case", "case_name"),
        ChoiceFilter("State", "state"),
        ChoiceFilter("Claim", "claimed", CLAIM_WORDS.__getitem__),
    ),
    draw_table=_draw_table,
    draw_selected=draw_selection,
)
