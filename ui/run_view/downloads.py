"""What a reader can take away from a run: a file, a command line, a link."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from bench.run.job_record import JobRecord
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.storage.attempts import AttemptSummary, append_attempts, build_report
from ui.run_view.attempts import load_attempts


def share_url(run: Run | None, query: dict[str, str]) -> str:
    """A link to this page with `query`, and with `run` if there is one."""
    parts = urlsplit(st.context.url or "")
    page = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
    return f"{page}?{urlencode(query | ({'run': run.id} if run else {}), safe=':')}"


def draw_command(command: str) -> None:
    """The command line that repeats a race."""
    st.markdown("Run the same race from a shell:")
    st.code(command, language="bash", wrap_lines=True)


MIME_TYPES = {".json": "application/json", ".csv": "text/csv"}


def draw_file_button(
    label: str, make_text: Callable[[], str], file_name: str, *, key: str, help: str | None = None
) -> None:
    """A download of a JSON or CSV file, which `make_text` makes on request."""
    st.download_button(
        label,
        data=make_text,
        file_name=file_name,
        mime=MIME_TYPES[Path(file_name).suffix],
        icon=":material/download:",
        help=help,
        on_click="ignore",
        key=key,
    )


def draw_json_button(record: JobRecord, label: str, *, key: str) -> None:
    """A download of everything that is stored of a race or a measurement."""
    draw_file_button(
        label,
        lambda: json.dumps(_build_report(record), indent=1),
        f"{export_name(record)}.json",
        key=key,
        help="The complete record of this run, including every raw sample."
        if isinstance(record, Run)
        else "Everything that is stored of this measurement.",
    )


def _build_report(record: JobRecord) -> dict[str, Any]:
    # The attempts are counted when the file is made: there may be more than when the page was drawn.
    return build_report(record, load_attempts(record) if isinstance(record, Run) else None)


def export_name(record: JobRecord) -> str:
    """The name of exported files of a job, without a suffix."""
    task = [] if isinstance(record, Run) else [record.task.replace("_", "-")]
    return "-".join(["fairlap", record.plan.workload, *task, record.id[:8]])


def draw_downloads(run: Run, attempts: AttemptSummary | None, key: str) -> None:
    """JSON, the sentence to copy, command line and link of a run."""
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_json_button(run, "Download JSON", key=f"{key}-json")
        with st.popover("Copy the sentence", icon=":material/content_copy:", key=f"{key}-sentence"):
            st.code(append_attempts(describe_outcome(run), attempts), language=None, wrap_lines=True)
        with st.popover("Command line", icon=":material/terminal:", key=f"{key}-command"):
            draw_command(run.snapshot.command)
        with st.popover("Share this run", icon=":material/link:", key=f"{key}-share"):
            st.code(share_url(run, {}), language=None, wrap_lines=True)
