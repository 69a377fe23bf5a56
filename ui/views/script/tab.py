"""The tab Your script: profile a script of one's own, and race all of it, stock against scikit-learn-intelex."""

from __future__ import annotations

import shlex

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.validation import find_workload, make_plan
from bench.run.measurement import MeasurementRecord
from bench.scheduler.script_jobs import TASK, WORKLOAD, estimate_runs_by_profile, explain_no_race
from ui import services
from ui.access.redaction import describe_text
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.design.browser import detect_theme
from ui.views.runs.actions import draw_download_buttons
from ui.views.script import race
from ui.views.script.freshness import has_changed
from ui.views.script.own_code import draw_own_code
from ui.views.script.report import draw_profile
from ui.views.script.settings import draw_consequences, draw_settings

TAB = "Your script"
WAIT = "Wait until the script has ended, or stop it."


def draw_script_tab(page_plan: Plan) -> None:
    """`page_plan` has the number of cores."""
    workload = find_workload(WORKLOAD)
    st.markdown(
        "Which lines of a Python script of yours scikit-learn-intelex accelerates, which not and why, and what that is "
        "worth for the whole script. The script is not changed."
    )
    if reason := workload.unavailable():
        st.warning(describe_text(reason), title="Not available on this machine")
        return
    plan, why_not = draw_settings(page_plan.cores)
    # Without a plan too: a profile or a race that runs is still shown, and can be stopped.
    request = MeasurementRequest(plan or make_plan(WORKLOAD, cores=page_plan.cores), TASK, {})
    job = _find_profile(request, plan)
    changed = plan is not None and job is not None and _has_changed(plan, job)
    profile = None if changed else _find_finished_profile(job)
    script_race = race.find_race(plan)
    live_race = script_race.live_job if script_race else None
    if plan is not None:
        draw_consequences(plan, estimate_runs_by_profile(plan, profile) if profile else None)
    row, messages = st.container(horizontal=True, vertical_alignment="center"), st.container()
    with row:
        job_panel.draw_buttons(
            request,
            job,
            "Profile",
            ":material/biotech:",
            why_not or (WAIT if live_race else ""),
            stop_label="Stop profile",
            messages=messages,
        )
        is_live = live_race is not None or (job is not None and job.live)
        race.draw_buttons(plan, script_race, why_not or _explain_no_race(profile, is_live=is_live), messages)
        st.page_link(
            services.page_script("runs"),
            label="Earlier profiles",
            icon=":material/history:",
            query_params={"kind": "measurement"},
        )
    if live_race is not None and job is not None and job.live:
        st.caption(":material/hourglass_top: A profile waits or runs too. It is shown when the race has ended.")
    race.draw_race(script_race)
    if live_race is not None:
        return  # Nothing else is drawn while a race is timed: it would keep the browser busy.
    if job is not None:
        if changed:
            st.warning("The script has changed since this profile. Profile it again.", icon=":material/edit_document:")
        _draw_job(job, request)
    draw_own_code(_list_commands(plan))


def _find_profile(request: MeasurementRequest, plan: Plan | None) -> DisplayedJob | None:
    """The profile of this script, or one of another script that still runs."""
    job = job_panel.find_job(request, any_settings=True)
    if job is None or job.live:
        return job
    return job if plan is not None and job.same_settings else None


def _find_finished_profile(job: DisplayedJob | None) -> MeasurementRecord | None:
    """The record of a profile of this script that has a result."""
    record = job.record if job is not None and job.same_settings and not job.live else None
    return record if record is not None and record.result is not None else None


def _has_changed(plan: Plan, job: DisplayedJob) -> bool:
    """Whether the script is no longer the one that a finished profile of it has run."""
    record = _find_finished_profile(job)
    return record is not None and has_changed(plan, str((record.result or {}).get("digest", "")))


def _explain_no_race(profile: MeasurementRecord | None, *, is_live: bool) -> str:
    if is_live:
        return WAIT
    return describe_text(explain_no_race(profile)) if profile else ""


def _draw_job(job: DisplayedJob, request: MeasurementRequest) -> None:
    theme = detect_theme()
    if job.live and not job.same_settings:
        st.caption(":material/history: This profile is of another script or of other settings.")
    job_panel.follow_job(job, lambda current: draw_profile(current, theme))
    if job.record is None or job.live:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_download_buttons(job.record)
        st.page_link(
            services.page_script("runs"),
            label="All profiles with these settings",
            icon=":material/history:",
            query_params={"plan": job.record.digest},
        )
    job_panel.draw_origin(job, request)


def _list_commands(plan: Plan | None) -> str:
    words = ["script.py"] if plan is None else race.list_words(plan)
    call = shlex.join(words)
    return (
        f"# Patched, without a change of the script:\npython -m sklearnex {call}\n"
        f"# This profile and race, without a page:\npython -m bench profile {call}\n"
    )
