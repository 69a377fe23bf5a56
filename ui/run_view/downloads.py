"""What a reader can take away from a run: a file, a command line, a link."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

import streamlit as st

from bench.run.record import Run


def share_url(run: Run | None, query: dict[str, str]) -> str:
    """A link to this page with `query`, and with `run` if there is one."""
    parts = urlsplit(st.context.url or "")
    page = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
    return f"{page}?{urlencode(query | ({'run': run.id} if run else {}), safe=':')}"


def draw_command(command: str) -> None:
    """The command line that repeats a race."""
    st.markdown("Run the same race from a shell:")
    st.code(command, language="bash", wrap_lines=True)


def draw_json_button(run: Run, label: str, *, key: str) -> None:
    """A download of the run. The file is made on request."""
    st.download_button(
        label,
        data=lambda: json.dumps(run.report(), indent=1),
        file_name=f"fairlap-{run.plan.workload}-{run.id[:8]}.json",
        mime="application/json",
        icon=":material/download:",
        help="The complete record of this run, including every raw sample.",
        on_click="ignore",
        key=key,
    )


def draw_downloads(run: Run, key: str) -> None:
    """JSON, command line and link of a run."""
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_json_button(run, "Download JSON", key=f"{key}-json")
        with st.popover("Command line", icon=":material/terminal:", key=f"{key}-command"):
            draw_command(run.snapshot.command)
        with st.popover("Share this run", icon=":material/link:", key=f"{key}-share"):
            st.code(share_url(run, {}), language=None, wrap_lines=True)
