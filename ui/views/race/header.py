"""The title line of a race page, and the introduction of its workload."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import streamlit as st

from bench.plan.command import format_command
from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.resolved import resolve
from bench.plan.validation import find_case
from bench.workload.cases import Code
from bench.workload.declaration import Workload
from ui import services
from ui.run_view.downloads import draw_command
from ui.run_view.share import build_link, draw_link
from ui.views.race.followed_run import DisplayedRun, get_session_run
from ui.views.race.load_warning import draw_load_warning


def draw_header(
    workload: Workload, plan: Plan | None, displayed: DisplayedRun, code: Callable[[Plan], Code] | None = None
) -> None:
    """Title, a warning if the machine is busy, and links. The code is that of `code`, else of the case.

    During a race there is no warning: looking at the queue every few seconds would be part of the load.
    """
    st.markdown(f"# {workload.icon} {workload.title}", width="content", help=workload.summary)
    st.space("stretch")
    with st.container(width="content", key="race-load"):
        if not displayed.live:
            draw_load_warning()
    with st.popover("Code changes", icon=":material/difference:", type="tertiary", key="race-code-button"):
        _draw_story(workload)
        draw_diff(code(plan) if code and plan else _case_code(workload, plan))
    if plan is None:
        return
    with st.popover("Link and command", icon=":material/link:", type="tertiary"):
        # A run that is over is shared from its headline.
        followed = get_session_run(workload)
        if displayed.live and followed and not displayed.other_tab:
            st.markdown("Link to this run:")
            draw_link(build_link(followed.run_id, {}))
        draw_command("race", format_command(plan))
        st.markdown("Link to these settings:")
        draw_link(build_link(None, to_query(plan)))
        st.page_link(
            services.page_script("runs"),
            label="All runs with these settings",
            icon=":material/history:",
            query_params={"plan": plan.digest},
        )


def draw_introduction(workload: Workload, plan: Plan | None) -> None:
    """Summary, story and code of a workload, side by side."""
    st.markdown(workload.summary)
    story, code = st.columns([5, 6], gap="medium")
    with story:
        _draw_story(workload)
    with code.container(key="race-code"):
        draw_diff(_case_code(workload, plan))


def _draw_story(workload: Workload) -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
    st.markdown(f"[Source]({workload.source})")


def _case_code(workload: Workload, plan: Plan | None) -> Code:
    return resolve(plan).code() if plan else find_case(workload, None).code


def draw_diff(code: Code) -> None:
    """The code of both arms, as a diff. Long lines scroll: a wrapped line would begin without its '+' or '-'."""
    st.code(format_diff(code), language="diff")


def format_diff(code: Code) -> str:
    """All lines of the code, with '+' and '-' before those that differ."""
    before, after = code.before.splitlines(), code.after.splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=max(len(before), len(after)))
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
