"""The recorded run that the page Method explains and tries its tricks on."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bench.claims.tricks.judging import decide_honest_claim
from bench.formatting import format_ratio
from bench.run.record import Run
from bench.storage.job_row import JobRow
from bench.values.claims import Claim
from ui import records, services
from ui.access.redaction import shows_everything
from ui.design.text import format_date_time
from ui.history import list_example_results
from ui.records import SHORT_ID_CHARS
from ui.views.home.start import draw_start

RUN_KEY = "method-run"
RUN_PARAMETER = "run"


def list_examples() -> dict[str, JobRow]:
    """The runs that can be chosen, by id, the best first. Raises StoreError."""
    return {row.id: row for row in list_example_results(services.get_machine())}


def draw_missing_example() -> None:
    """Why there is nothing to show, with the race that makes an example."""
    st.info(
        "The page explains everything on a recorded run of this machine, and there is none yet. The race below takes a "
        "minute, and its run is enough.",
        icon=":material/history:",
    )
    with st.container(border=True):
        draw_start()


def choose_example(examples: Mapping[str, JobRow]) -> Run | None:
    """The chosen run, the first at first; None if it was deleted meanwhile. Raises StoreError."""
    _read_url(list(examples))
    run_id = st.selectbox(
        "Example run",
        list(examples),
        format_func=lambda run_id: _describe_row(examples[run_id]),
        key=RUN_KEY,
        help="Recorded runs of this machine: the newest of each case, those with a claim first.",
    )
    st.query_params[RUN_PARAMETER] = run_id[:SHORT_ID_CHARS]
    return _load_run(run_id, shows_everything())


def _read_url(run_ids: list[str]) -> None:
    """Choose the run that the address names, once; and the first if the chosen one is gone."""
    if st.session_state.get(RUN_KEY) not in run_ids:
        wanted = st.query_params.get(RUN_PARAMETER, "")
        named = [run_id for run_id in run_ids if wanted and run_id.startswith(wanted)]
        st.session_state[RUN_KEY] = (named or run_ids)[0]


def _describe_row(row: JobRow) -> str:
    ratio = format_ratio(row.ratio) if row.ratio else ""
    return f"{row.title}: {ratio}, {format_date_time(row.started)}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_run(run_id: str, everything: bool) -> Run | None:
    """A stored run, read once for all sessions that may see as much of it. Nothing changes it."""
    record = records.load_record(run_id)
    return record if isinstance(record, Run) else None


def decide_claim(run: Run) -> Claim:
    """The claim of the total of a run, by today's rules."""
    return _decide_claim(run.id, shows_everything(), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _decide_claim(run_id: str, everything: bool, _run: Run) -> Claim:
    return decide_honest_claim(_run)
