"""The title line of a race page, and the introduction of its workload."""

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
from ui.run_view.downloads import draw_command, share_url
from ui.views.race.followed_run import DisplayedRun


def draw_header(
    workload: Workload,
    plan: Plan | None,
    displayed: DisplayedRun,
    *,
    with_code: bool,
    code: Callable[[Plan], Code] | None = None,
) -> None:
    """Title and links. With `with_code`, a popover holds the introduction and the code that changes: that of `code`,
    else of the case."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"## {workload.icon} {workload.title}", width="content", help=workload.summary)
        st.space("stretch")
        if with_code:
            with st.popover("Code changes", icon=":material/difference:", type="tertiary"):
                _draw_story(workload)
                draw_diff(code(plan) if code and plan else _case_code(workload, plan))
        if plan is None:
            return
        with st.popover("Command line", icon=":material/terminal:", type="tertiary"):
            draw_command(format_command(plan))
        with st.popover("Share", icon=":material/link:", type="tertiary"):
            st.markdown("Link to these settings and this run:" if displayed.run else "Link to these settings:")
            st.code(share_url(displayed.run, to_query(plan)), language=None, wrap_lines=True)
        st.page_link(
            services.page_script("runs"),
            label="Runs of this plan",
            icon=":material/history:",
            query_params={"plan": plan.digest},
            help="All stored runs with exactly these settings",
        )


def draw_introduction(workload: Workload, plan: Plan | None) -> None:
    """Summary, story and code of a workload, side by side."""
    st.markdown(workload.summary)
    story, code = st.columns([5, 6], gap="medium")
    with story:
        _draw_story(workload)
    with code:
        draw_diff(_case_code(workload, plan))


def _draw_story(workload: Workload) -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
    st.markdown(f"[Source]({workload.source})")


def _case_code(workload: Workload, plan: Plan | None) -> Code:
    return find_case(workload, plan.case if plan else None).code


def draw_diff(code: Code) -> None:
    """The code of both arms, as a diff."""
    st.code(format_diff(code), language="diff", wrap_lines=True)


def format_diff(code: Code) -> str:
    """All lines of the code, with '+' and '-' before those that differ."""
    before, after = code.before.splitlines(), code.after.splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=max(len(before), len(after)))
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
