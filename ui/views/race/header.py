"""TODO: ui.views.race.header."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import streamlit as st

from bench.plan.command import format_command
from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.validation import find_case
from bench.workload.declaration import Code, Workload
from ui import services
from ui.run_view import downloads
from ui.views.race.followed_run import DisplayedRun


def draw_header(
    workload: Workload,
    plan: Plan | None,
    shown: DisplayedRun,
    *,
    folded: bool,
    code: Callable[[Plan], Code] | None = None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"## {workload.icon} {workload.title}", width="content", help=workload.summary)
        st.space("stretch")
        if folded:
            with st.popover("The lines that change", icon=":material/difference:", type="tertiary"):
                _draw_sentences(workload)
                _draw_diff(code(plan) if code and plan else find_case(workload, plan.case if plan else None).code)
        if plan is None:
            return
        with st.popover("Command line", icon=":material/terminal:", type="tertiary"):
            st.markdown("The same race from a shell:")
            st.code(format_command(plan), language="bash", wrap_lines=True)
        with st.popover("Share", icon=":material/link:", type="tertiary"):
            st.markdown("These settings" + (" and this run:" if shown.run else ":"))
            st.code(downloads.share_url(shown.run, to_query(plan)), language=None, wrap_lines=True)
        st.page_link(
            services.page_script("runs"),
            label="Runs of this plan",
            icon=":material/history:",
            query_params={"plan": plan.digest},
            help="Every run of these very settings that was kept",
        )


def draw_story(workload: Workload, plan: Plan | None) -> None:
    st.markdown(workload.summary)
    told, code = st.columns([5, 6], gap="medium")
    with told:
        _draw_sentences(workload)
    with code:
        _draw_diff(find_case(workload, plan.case if plan else None).code)


def _draw_sentences(workload: Workload) -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
    st.markdown(f"[Where it comes from]({workload.source})")


def _draw_diff(code: Code) -> None:
    st.code(format_diff(code), language="diff", wrap_lines=True)


def format_diff(code: Code) -> str:
    """The lines that change, with all that stay."""
    before, after = code.before.splitlines(), code.after.splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=max(len(before), len(after)))
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
