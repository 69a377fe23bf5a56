"""The settings of the tab: which script, with which arguments, and how long it may run."""

from __future__ import annotations

import shlex
from pathlib import Path

import streamlit as st

from bench.formatting import format_budget, format_count
from bench.plan.plan import Plan
from bench.plan.validation import PlanError
from bench.run.job import current_requester
from bench.scheduler.script_jobs import EACH_TIME, PROFILE_RUNS, WORKLOAD, estimate_race_runs, plan_script
from ui.access.redaction import describe_text
from ui.controls.tab_settings import TabSetting
from ui.design.markdown import quote_code
from ui.views.script import links
from workloads.script.script_call import EXAMPLE

MAX_NUMBER = 1_000_000
"""Larger numbers of an address are not taken over; what is too large for a plan has an error."""
NUMBER_WIDTH_PX = 230
DEFAULT_SECONDS = 60
NO_SCRIPT = "Enter the path of a script first."


def _parse_text(text: str) -> str | None:
    return text if text.isprintable() else None


def _parse_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(MAX_NUMBER)) else None


PATH = TabSetting(WORKLOAD, "script", "path", "", _parse_text)
ARGUMENTS = TabSetting(WORKLOAD, "script", "arguments", "", _parse_text)
LIMIT = TabSetting(WORKLOAD, "script", "limit", DEFAULT_SECONDS, _parse_number)
BUDGET = TabSetting(WORKLOAD, "script", "budget", DEFAULT_SECONDS, _parse_number)


def draw_settings(cores: int) -> tuple[Plan | None, str]:
    """Draw the fields, and return their plan, or None and why there is none. An error or a hint says more."""
    for text in (PATH, ARGUMENTS):
        links.restore_setting(text)
    for number in (LIMIT, BUDGET):
        number.restore()
    path, arguments = st.columns([5, 4], gap="small")
    path.text_input(
        "Script",
        key=PATH.key,
        persist_state="session",
        placeholder="/home/me/train.py",
        help="Path of a Python file on this machine. It runs where it is, because it may import the modules and read "
        "the files beside it.",
    )
    arguments.text_input(
        "Arguments",
        key=ARGUMENTS.key,
        persist_state="session",
        placeholder="--rows 100000",
        help="As on a command line: separated by spaces, with quotes around an argument that has spaces. No shell "
        "reads them, so * and $ are what they are. They are stored with the job: give no passwords.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _draw_number("Time limit of a run [s]", LIMIT, "A run that takes longer is ended, and the job fails.")
        _draw_number("Time budget of the race [s]", BUDGET, "Time for the pairs of the race. The profile has none.")
        if not st.session_state[PATH.key]:
            st.button("Use the example", icon=":material/edit_note:", on_click=PATH.set, args=(str(EXAMPLE),))
    for setting in (PATH, ARGUMENTS, LIMIT, BUDGET):
        setting.write()
    plan = _make_plan(cores)
    if plan is None:
        return None, NO_SCRIPT
    if links.needs_confirmation(PATH, ARGUMENTS):
        links.draw_confirmation(PATH, ARGUMENTS)
        return None, links.WHY_NOT
    links.confirm_present(PATH, ARGUMENTS)
    return plan, ""


def _draw_number(label: str, setting: TabSetting[int], help: str) -> None:
    # Without bounds: what a plan does not allow has the same error here and in an address.
    st.number_input(label, step=1, key=setting.key, persist_state="session", help=help, width=NUMBER_WIDTH_PX)


def _make_plan(cores: int) -> Plan | None:
    text = str(st.session_state[PATH.key]).strip()
    if not text:
        st.info(
            "Enter the path of a Python script on this machine, or use the example: recognizing hand-written digits.",
            icon=":material/description:",
        )
        return None
    try:
        _require_whole_path(text)
        words = split_arguments(str(st.session_state[ARGUMENTS.key]))
        return plan_script(
            text,
            words,
            cores=cores,
            budget_s=float(st.session_state[BUDGET.key]),
            limit_s=int(st.session_state[LIMIT.key]),
        )
    except PlanError as error:
        st.error(
            "\n".join(f"- {describe_text(problem)}" for problem in error.problems),
            title="This script cannot be run",
            icon=":material/error:",
        )
        return None


def _require_whole_path(text: str) -> None:
    """Raises PlanError for a relative path: a page has no folder that it could be relative to."""
    if not text.startswith(("/", "~")):
        raise PlanError(
            [
                f"{text}: enter the whole path, such as /home/me/train.py. Here a relative path would be one in the "
                f"folder of the server, {Path.cwd() / text}"
            ]
        )


def split_arguments(text: str) -> list[str]:
    """The arguments in `text`, as a shell splits them. Raises PlanError for a quote that is not closed."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PlanError([f"arguments: {str(error)[:1].lower()}{str(error)[1:]} in {text}"]) from error


def draw_consequences(plan: Plan, race_runs: int | None) -> None:
    """What the buttons will do. `race_runs` is the number of runs of a race; None if no profile of it is known."""
    script = Path(str(plan.parameters["script"]))
    if race_runs is None:
        least = estimate_race_runs(plan.budget_s, plan.budget_s)
        race = f"as often as {format_budget(plan.budget_s)} allow, at least {least} times,"
    else:
        race = f"up to about {format_count(race_runs, 'time')}"
    st.markdown(
        f":material/info: *Profile* runs {quote_code(script.name)} **{PROFILE_RUNS} times**, *Race the script* {race} "
        f"on this machine, in {quote_code(str(script.parent))}, with all rights of the user "
        f"**{describe_text(current_requester())}**. {EACH_TIME} So it must not change its own input, and you should "
        "trust it. Its standard input is empty, and what it imports must be installed in Fairlap's environment."
    )
