"""The profile of a script: where its time goes, which calls run accelerated, why others do not, and its output."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from bench.formatting import format_count, format_duration, format_ratio
from bench.run.measurement import MeasurementRecord
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown, quote_code
from ui.design.theme import Theme
from ui.views.script.chart import build_profile_figure
from workloads.script.call_table import COLUMNS, format_share, is_shown, make_outside_row, make_row
from workloads.script.measurements import CallSite, OutputLog, ProfileResult

PATH_COLOURS = {
    "accelerated": "green",
    "partial": "blue",
    "fallback": "orange",
    "stock": "gray",
    "not called": "violet",
}
"""By what the patched script ran."""
MAX_TABLE_ROWS = 14
"""A longer table scrolls."""
TABLE_PX = 540
LOG_PX = 320


def draw_profile(job: DisplayedJob, theme: Theme) -> None:
    """A profile, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    if record is None:
        return
    result = record.result_as(ProfileResult)
    if result is not None:
        _draw_result(record, result, theme)
    if not job.live:
        # Not while it runs: the page is drawn twice a second then.
        _draw_logs(record.reports_as("output", OutputLog))


def _draw_result(record: MeasurementRecord, result: ProfileResult, theme: Theme) -> None:
    arguments = f" {' '.join(result.arguments)}" if result.arguments else ""
    draw_heading(f"Profile of {quote_code(f'{Path(result.script).name}{arguments}')}")
    st.markdown(" ".join(map(escape_markdown, result.text.heading)))
    if result.sites:
        _draw_metrics(result)
        draw_figure(
            build_profile_figure(result, theme),
            key=f"script-profile-{record.id}",
            alt="Time of the traced stock run by the place that calls scikit-learn, and outside of its calls",
        )
        _draw_table(record, result)
    st.markdown("\n".join(f"- {escape_markdown(note)}" for note in result.text.notes))


def _draw_metrics(result: ProfileResult) -> None:
    with st.container(horizontal=True):
        st.metric("Stock, one run", format_duration(result.times.stock), width="content")
        st.metric("Patched, one run", format_duration(result.times.patched), width="content")
        st.metric(
            "In accelerated calls",
            format_share(result.accelerated_share),
            width="content",
            help="Share of the traced stock run in calls that run accelerated when the script is patched.",
        )
        st.metric(
            "At most",
            format_ratio(result.bound) if result.bound else "not limited",
            width="content",
            help="How many times faster the whole script would be if these calls took no time (Amdahl's law). The rest "
            "of the script stays as slow as it is.",
        )


def _draw_table(record: MeasurementRecord, result: ProfileResult) -> None:
    short = [site for site in result.sites if is_shown(site)]
    everything = False
    if len(short) < len(result.sites):
        everything = st.toggle(
            f"All {format_count(len(result.sites), 'call')}",
            key=f"script-all-{record.id}",
            help="Also calls inside of others that take little time or are never accelerated.",
        )
    rows = build_table(result, result.sites if everything else short)
    config = st.column_config
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(rows) <= MAX_TABLE_ROWS else TABLE_PX,
        column_config={
            "line": config.TextColumn("Line", width=52),
            "source": config.TextColumn("Source", width=150, help="The line of the script."),
            "call": config.TextColumn("Call", width=206, help="Calls inside of another one are indented below it."),
            "calls": config.TextColumn("Calls", width=50, help="Two numbers if the patched script makes another one."),
            "stock": config.TextColumn("Stock", width=66, help="In the traced run, with all that the calls do."),
            "patched": config.TextColumn("Patched", width=70),
            "ran": config.MultiselectColumn(
                "Ran",
                options=list(PATH_COLOURS),
                color=list(PATH_COLOURS.values()),
                width=104,
                help="What the patched script ran, by its log and by calls of oneDAL.",
            ),
            "share": config.TextColumn("Share", width=54, help="Of the traced stock run."),
            "at most": config.TextColumn(
                "At most", width=66, help="The speed of the whole script if these calls took no time (Amdahl's law)."
            ),
            "reason": config.TextColumn(
                "Reason", width=520, help="Why it did not run accelerated, in the words of the library."
            ),
        },
        key=f"script-calls-{record.id}",
        placeholder="",
        alt="Calls of scikit-learn with their line, time and path",
    )


def build_table(result: ProfileResult, sites: list[CallSite]) -> pd.DataFrame:
    """One row for each of `sites`, and one for the time outside of all calls. Lists of words in the column `ran`."""
    script = Path(result.script)
    texts = [make_row(site, script) for site in sites]
    texts.append(make_outside_row(result.outside_s, result.patched_outside_s, result.times.stock_traced))
    sources = [*("" if len(site.path) > 1 else site.source for site in sites), ""]
    rows: list[dict[str, object]] = []
    for values, source in zip(texts, sources, strict=True):
        row = dict(zip(COLUMNS, values, strict=True))
        rows.append({"line": row["line"], "source": source, **row, "ran": [row["ran"]] if row["ran"] else []})
    return pd.DataFrame(rows)


def _draw_logs(logs: list[OutputLog]) -> None:
    """What the script printed, as plain text."""
    for log in logs:
        for name, text in (("output", log.stdout), ("messages (standard error)", log.stderr)):
            if not text.strip():
                continue
            label = f"{log.run.capitalize()} script: {name}, {format_count(len(text.splitlines()), 'line')}"
            with st.expander(escape_markdown(label), icon=":material/terminal:"):
                st.code(text, language=None, wrap_lines=True, height="content" if len(text) < 2_000 else LOG_PX)
