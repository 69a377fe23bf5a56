"""What a reader can take away from a run: files, and the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from bench.claims.headline import report_headline
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.storage.attempts import build_report
from ui.run_view.attempts import load_attempts


def draw_command(what: str, command: str) -> None:
    """The command line that repeats `what`, a race or a measurement."""
    st.markdown(f"Run the same {what} from a shell:")
    st.code(command, language="bash", wrap_lines=True)


MIME_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def draw_file_button(
    label: str, make_content: Callable[[], str | bytes], file_name: str, *, key: str, help: str | None = None
) -> None:
    """A download of a file of one of `MIME_TYPES`, which `make_content` makes on request."""
    st.download_button(
        label,
        data=make_content,
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
    attempts = load_attempts(record) if isinstance(record, Run) else None
    return build_report(record, attempts, report_headline(record))


def export_name(record: JobRecord) -> str:
    """The name of exported files of a job, without a suffix."""
    task = [] if isinstance(record, Run) else [record.task.replace("_", "-")]
    name = "-".join(["fairlap", record.plan.workload, *task, record.id[:8]])
    return re.sub(r"[^A-Za-z0-9-]", "_", name)
