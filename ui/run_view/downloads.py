"""TODO: ui.run_view.downloads."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

import streamlit as st

from bench.run.record import Run


def share_url(run: Run | None, query: dict[str, str]) -> str:
    """A link to this page with a plan, and with a run of it."""
    parts = urlsplit(st.context.url or "")
    base = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
    return f"{base}?{urlencode(query | ({'run': run.id} if run else {}), safe=':')}"


def draw_json_button(run: Run, label: str, *, key: str) -> None:
    """The run as a file; it is made when somebody asks for it."""
    st.download_button(
        label,
        data=lambda: json.dumps(run.report(), indent=1),
        file_name=f"fairlap-{run.plan.workload}-{run.id[:8]}.json",
        mime="application/json",
        icon=":material/download:",
        help="Everything that was kept of this run, each raw sample included.",
        on_click="ignore",
        key=key,
    )


def draw_downloads(run: Run, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_json_button(run, "Run as JSON", key=f"{key}-json")
        with st.popover("Command line", icon=":material/terminal:", key=f"{key}-command"):
            st.markdown("The same race from a shell:")
            st.code(run.snapshot.command, language="bash", wrap_lines=True)
        with st.popover("Share this run", icon=":material/link:", key=f"{key}-share"):
            st.code(share_url(run, {}), language=None, wrap_lines=True)
