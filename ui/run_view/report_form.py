"""The form that makes a report of one or several runs, or of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.run.record import Run
from bench.run.sweep import SweepRecord
from ui.reports.content import DEFAULT_TITLE, MAX_FIELD_CHARS, ReportedRun, ReportFields
from ui.run_view.attempts import load_attempts
from ui.run_view.downloads import draw_file_button, export_name

MAX_REPORTED_RUNS = 20


def draw_report_button(runs: Sequence[Run | SweepRecord], key: str) -> None:
    """A button that opens the form."""
    with st.popover("Report", icon=":material/description:", key=f"{key}-report"):
        draw_report_form(runs, key)


def draw_report_form(runs: Sequence[Run | SweepRecord], key: str) -> None:
    """Title, customer and author, and a download for each format. The file is made when it is asked for."""
    if len(runs) > MAX_REPORTED_RUNS:
        st.markdown(f"A report has at most {MAX_REPORTED_RUNS} runs.")
        return
    fields = ReportFields(
        title=_draw_field("Title", f"{key}-report-title", DEFAULT_TITLE),
        customer=_draw_field("Customer", f"{key}-report-customer", "optional"),
        author=_draw_field("Author", f"{key}-report-author", "optional"),
        different_machines=len({run.machine.identity.machine_id for run in runs}) > 1
        and st.checkbox("Yes, compare different machines", key=f"{key}-report-machines"),
    )
    name = export_name(runs[0]) if len(runs) == 1 else "fairlap-report"
    with st.container(horizontal=True):
        draw_file_button(
            "HTML",
            lambda: _make_html(fields, runs),
            f"{name}.html",
            key=f"{key}-report-html",
            help="One file that opens without a network: interactive charts, everything that limits the claims, and "
            "every raw sample. About 5 MB.",
        )
        draw_file_button(
            "PowerPoint",
            lambda: _make_slides(fields, runs),
            f"{name}.pptx",
            key=f"{key}-report-pptx",
            help="One claim per slide with a chart that can be edited, then what limits it. Method and machine are on "
            "the last slide.",
        )


def _draw_field(label: str, key: str, placeholder: str) -> str:
    return st.text_input(label, key=key, max_chars=MAX_FIELD_CHARS, placeholder=placeholder, persist_state="session")


def _make_html(fields: ReportFields, runs: Sequence[Run | SweepRecord]) -> str:
    # Here because the templates and Plotly's script are not needed to draw a page.
    from ui.reports.html_report import write_html

    return write_html(fields, _add_attempts(runs), sweeps=_select_sweeps(runs))


def _make_slides(fields: ReportFields, runs: Sequence[Run | SweepRecord]) -> bytes:
    from ui.reports.slides import write_slides

    return write_slides(fields, _add_attempts(runs), sweeps=_select_sweeps(runs))


def _add_attempts(runs: Sequence[Run | SweepRecord]) -> list[ReportedRun]:
    # The attempts are counted when the file is made: there may be more than when the page was drawn.
    return [ReportedRun(run, load_attempts(run)) for run in runs if isinstance(run, Run)]


def _select_sweeps(runs: Sequence[Run | SweepRecord]) -> list[SweepRecord]:
    return [run for run in runs if isinstance(run, SweepRecord)]
