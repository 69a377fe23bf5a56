"""The list of stored races."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from bench.claims.headline import is_only_undetected
from bench.formatting import format_batch, format_estimate, format_interval, format_uncertain_time
from bench.run.events import State
from bench.run.job import IMPORT_ORIGIN, JobKind
from bench.storage.attempts import AttemptSummary, format_position
from bench.storage.job_row import JobRow
from bench.values.claims import UNDECIDED, ClaimState, Outcome, Speed
from bench.workload.registry import load_workloads
from ui import services
from ui.access.identity import find_visitor
from ui.design.badges import CLAIM_STATE_BADGES, NOT_DETECTED, UNDECIDED_BADGE
from ui.views.runs.actions import open_clicked_row
from ui.views.runs.job_list import ChoiceFilter, JobList, describe_requester
from ui.views.runs.selection import draw_selection

KEY = "runs"
EDITED = "edited"
"""Of rows that were edited after they were stored."""
IMPORTED = "imported"
"""Of rows that were read from a file of another Fairlap."""
VERDICT_COLOURS = {
    Speed.FASTER.value: "green",
    Speed.SLOWER.value: "orange",
    NOT_DETECTED: "gray",
    Speed.SAME_CODE.value: "gray",
    State.FINISHED.value: "gray",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
    EDITED: "red",
    IMPORTED: "violet",
}
CLAIM_CHIPS: Mapping[str | None, str] = {
    ClaimState.MADE: ClaimState.MADE.value,
    ClaimState.RESERVED: "with reservations",
    ClaimState.NONE: ClaimState.NONE.value,
    None: UNDECIDED,
}
"""The words of the column Claim and of its filter: short, because a screen of 1280 pixels has to show the column State
too. None is a run that ended before a decision, or whose row is damaged."""
CLAIM_COLOURS = [(CLAIM_STATE_BADGES[ClaimState(state)] if state else UNDECIDED_BADGE).colour for state in CLAIM_CHIPS]
"""The colours of `CLAIM_CHIPS`, in their order."""


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
    visitor = find_visitor()
    frame = pd.DataFrame(
        {
            "open": [":material/open_in_full:"] * len(rows),
            "when": [row.started for row in rows],
            "workload": [row.title for row in rows],
            "baseline": [row.baseline_s for row in rows],
            "accelerated": [row.accelerated_s for row in rows],
            "ratio": [row.ratio for row in rows],
            "interval": [format_interval(row.interval) if row.interval else "" for row in rows],
            "claim": [[CLAIM_CHIPS[row.claim_state]] for row in rows],
            "verdict": [_verdict_words(row) for row in rows],
            "arms": [f"{row.baseline_label} | {row.accelerated_label}" for row in rows],
            "attempt": [format_position(attempts[row.id]) for row in rows],
            "cores": [row.cores for row in rows],
            "batch": [row.batch for row in rows],
            "origin": [row.origin for row in rows],
            "requester": [describe_requester(row, visitor) for row in rows],
            "sentence": [row.race_sentence for row in rows],
        }
    ).astype({"baseline": float, "accelerated": float, "ratio": float})
    style = frame.style
    # A formatter gets a number alone, so the digits that its interval supports are looked up.
    ratios = {row.ratio: format_estimate(row.interval) for row in rows if row.interval}
    times = {seconds: text for row in rows for seconds, text in _format_times(row).items()}
    style.format({"baseline": times.get, "accelerated": times.get, "ratio": ratios.get}, na_rep="")
    nouns = {name: workload.batch.noun for name, workload in load_workloads().items() if workload.batch.noun}
    for name, noun in nouns.items():
        of_workload = [number for number, row in enumerate(rows) if row.workload == name]
        style.format({"batch": partial(format_batch, noun=noun)}, subset=pd.IndexSlice[of_workload, ["batch"]])
    return style


def _format_times(row: JobRow) -> dict[float, str]:
    """The times of a race, by their seconds. Rows have no spread of the samples: the digits follow the interval of the
    ratio, which is as wide as the times are uncertain. Without an interval, there are two digits."""
    interval = row.interval
    width = (interval.high - interval.low) / interval.value if interval and interval.value else 1.0
    medians = [seconds for seconds in (row.baseline_s, row.accelerated_s) if seconds is not None]
    return {seconds: format_uncertain_time(seconds, seconds * width) for seconds in medians}


def _verdict_words(row: JobRow) -> list[str]:
    """What was found, else the state of the run, and whether the row was edited.

    Without a claim no arm was found to be faster, whatever the times look like. If another rule than the interval
    refuses the claim, the interval shows nothing either.
    """
    words = str(row.state)
    if row.state is State.FINISHED and row.speed:
        refused = [finding.rule for finding in row.list_findings() if finding.outcome == Outcome.REFUSED]
        if row.claimed or row.speed == Speed.SAME_CODE:
            words = row.speed
        elif is_only_undetected(refused):
            words = NOT_DETECTED
    return [EDITED] * row.edited + [IMPORTED] * (row.origin == IMPORT_ORIGIN) + [words]


def _column_config() -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key=f"{KEY}_open", on_click=open_clicked_row, args=(KEY,), width=32),
        "when": config.DatetimeColumn("When", format="D MMM YY, HH:mm", timezone=st.context.timezone, width=112),
        "workload": config.TextColumn("Workload", width=118),
        "baseline": config.NumberColumn("Baseline", width=68, help="Median of the total time, baseline arm."),
        "accelerated": config.NumberColumn("Accelerated", width=84, help="Median of the total time, accelerated arm."),
        "ratio": config.NumberColumn("Ratio", width=52, help="Baseline over accelerated."),
        "interval": config.TextColumn("95 % interval", width=96, help="Interval of the ratio of the total time."),
        "claim": config.MultiselectColumn(
            "Claim",
            options=list(CLAIM_CHIPS.values()),
            color=CLAIM_COLOURS,
            width=150,
        ),
        "verdict": config.MultiselectColumn(
            "State",
            options=list(VERDICT_COLOURS),
            color=list(VERDICT_COLOURS.values()),
            width=110,
            help="Which arm was faster, if that is claimed. Not detected: no difference was detected, and nothing else "
            "refused the claim. Otherwise the state of the run. Edited: the run was edited after it was stored. "
            "Imported: it was read from a file, and was made elsewhere.",
        ),
        "arms": config.TextColumn("Arms", width=250, help="Baseline | accelerated: the two values of the lever."),
        "attempt": config.TextColumn(
            "Attempt",
            width=112,
            help="Number of this run among all runs of its plan on its machine, deleted ones included.",
        ),
        "cores": config.NumberColumn("Cores", width=58),
        "batch": config.NumberColumn("Batch", width=96),
        "origin": config.TextColumn("Origin", width=104, help="Where the run was started."),
        "requester": config.TextColumn("By", width=90, help="Name of the person who started it."),
        "sentence": config.TextColumn("Sentence", width=400, help="The claim, or why there is none and what to do."),
    }


RACES = JobList(
    kind=JobKind.RACE,
    key=KEY,
    noun="run",
    hint="Select one to open, download or delete it; 2 to 20 to compare or report them.",
    choice_filters=(
        ChoiceFilter("Case", "case_name"),
        ChoiceFilter("State", "state"),
        ChoiceFilter("Claim", "claim_state", lambda state: CLAIM_CHIPS.get(state, str(state))),
    ),
    draw_table=_draw_table,
    draw_selected=draw_selection,
)
