"""What can be done with a stored race or measurement: open, load, download and delete it."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count
from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.storage.csv_export import samples_csv
from bench.storage.job_row import JobRow
from bench.storage.measurement_csv import measurement_csv
from bench.storage.store import StoreError
from ui import actions, records
from ui.access.identity import find_visitor
from ui.access.redaction import describe_error
from ui.access.visitor import Denied, why_not_end
from ui.design import markdown
from ui.design.text import format_date_time
from ui.run_view import downloads

NOUNS: dict[JobKind | str, str] = {JobKind.MEASUREMENT: "measurement", JobKind.SWEEP: "sweep"}
"""What a list calls a job of a kind; a run if nothing else is said."""
MAX_NAMED_ROWS = 5
"""Jobs that are named in the question before they are deleted."""


def clear_url_parameter(parameter: str) -> None:
    st.query_params.pop(parameter, None)


def open_job(job_id: str) -> None:
    st.query_params["run"] = job_id


def open_comparison(*run_ids: str) -> None:
    st.query_params.update(records.comparison_query(*run_ids))


def open_clicked_row(key: str) -> None:
    """Open the job in whose row of the table `key` the button was clicked."""
    ids: list[str] = st.session_state[f"{key}_shown"]
    number = st.session_state[f"{key}_open"].row
    if number < len(ids):
        open_job(ids[number])


def load_record(job_id: str) -> JobRecord | None:
    """A stored job; if it cannot be read, the reason is shown in its place."""
    try:
        record = records.load_record(job_id)
    except StoreError as error:
        text = _first_line(describe_error(error))
        st.error(text, title="This run cannot be read", icon=":material/broken_image:")
        return None
    if record is None:
        st.error("It was deleted in the meantime.", title="There is no such run", icon=":material/search_off:")
    return record


def _first_line(text: str) -> str:
    """Without the details that a validator adds line by line."""
    first, *more = text.splitlines()
    return f"{first} …" if more else first


def draw_download_buttons(record: JobRecord) -> None:
    """JSON with everything, and CSV: the samples of a race, the tables of a measurement."""
    downloads.draw_json_button(record, "JSON", key=f"json_{record.id}")
    name, key = downloads.export_name(record), f"csv_{record.id}"
    if isinstance(record, Run):
        downloads.draw_file_button(
            "Samples as CSV",
            lambda: samples_csv(record),
            f"{name}-samples.csv",
            key=key,
            help="One row per sample and step, for a spreadsheet or a notebook.",
        )
    else:
        downloads.draw_file_button(
            "CSV",
            lambda: measurement_csv(record),
            f"{name}.csv",
            key=key,
            help="One row per reported value and per entry of the result, for a spreadsheet or a notebook.",
        )


def draw_delete_button(rows: list[JobRow]) -> None:
    """Disabled with the reason if the visitor may not delete one of the jobs."""
    visitor = find_visitor()
    why_not = next(filter(None, (why_not_end(visitor, row.owner) for row in rows)), None)
    label = "Delete" if len(rows) == 1 else f"Delete {_count(rows)}"
    if st.button(label, icon=":material/delete:", key="runs_delete", disabled=bool(why_not), help=why_not):
        _confirm_deletion(rows)


def _count(rows: list[JobRow]) -> str:
    kinds = {row.kind for row in rows}
    return format_count(len(rows), NOUNS.get(kinds.pop(), "run") if len(kinds) == 1 else "run")


@st.dialog("Delete permanently?", icon=":material/delete:")
def _confirm_deletion(rows: list[JobRow]) -> None:
    for row in rows[:MAX_NAMED_ROWS]:
        title, number = markdown.escape_markdown(row.title), markdown.quote_code(row.id[:8])
        st.markdown(f"- {title}, {format_date_time(row.started)}, {number}")
    if len(rows) > MAX_NAMED_ROWS:
        st.markdown(f"- and {len(rows) - MAX_NAMED_ROWS} more")
    st.markdown("Everything that was measured is deleted with them. This cannot be undone.")
    if any(row.kind is JobKind.RACE for row in rows):
        st.caption("The count of attempts stays: other runs of the same plan still say that it was raced this often.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep", key="runs_keep"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete:", key="runs_delete_really"):
            _delete(rows)


def _delete(rows: list[JobRow]) -> None:
    ids = [row.id for row in rows]
    try:
        actions.delete_jobs(ids)
    except Denied as denied:
        st.error(describe_error(denied), icon=":material/lock:")
        return
    except StoreError as error:
        st.error(describe_error(error), icon=":material/database_off:")
        return
    if st.query_params.get("run") in ids:
        clear_url_parameter("run")
    st.toast(f"{_count(rows)} deleted.", icon=":material/delete:")
    st.rerun()
