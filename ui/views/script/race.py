"""The race of a whole script on its tab: the button that starts it, and what it shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.job import JobKind
from bench.scheduler.job_status import JobStatus
from bench.scheduler.script_jobs import WORKLOAD
from bench.storage.store import StoreError
from bench.workload.interface import BadInput
from ui import actions, records, services
from ui.access.redaction import describe_bad_input, describe_error
from ui.access.visitor import Denied
from ui.components import job_panel
from ui.components.announcer import draw_job_announcer
from ui.components.job_panel import DisplayedJob
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown, quote_code
from ui.run_view.attempts import load_attempts
from ui.run_view.header import draw_failure
from ui.run_view.headline import draw_headline
from ui.views.race.announcement import describe_announcement
from ui.views.race.followed_run import DisplayedRun, load_displayed_run
from ui.views.race.live import NO_FADE_STYLE, draw_live_run, refresh_interval_s
from ui.views.script.freshness import has_changed

STARTED_KEY = f"{WORKLOAD}:race"
"""Session key of the last race that this session has started here: digest of the plan, id, and words of the script."""
ANNOUNCER_KEY = "script-race-announcer"
VIEW_KEY = "script-race"


@dataclass(frozen=True, slots=True)
class ScriptRace:
    """The race that the tab shows."""

    run_id: str
    displayed: DisplayedRun
    words: list[str]
    """The script and its arguments."""
    same_settings: bool = True
    """False for a race that this session started with other settings, and that still waits or runs."""

    @property
    def live_job(self) -> DisplayedJob | None:
        """A race that waits or runs, for the button that stops it."""
        if not self.displayed.live:
            return None
        status = JobStatus(record=self.displayed.run, place=self.displayed.queue_position or 0)
        return DisplayedJob(self.run_id, status)


def list_words(plan: Plan) -> list[str]:
    """The script and its arguments."""
    return [str(plan.parameters["script"]), *json.loads(str(plan.parameters["arguments"]))]


def find_race(plan: Plan | None) -> ScriptRace | None:
    """The race to show: one that this session started and that still runs, else one of `plan` that waits or runs, else
    the last of it."""
    digest, run_id, own_words = st.session_state.get(STARTED_KEY, ("", "", []))
    own = load_displayed_run(run_id) if run_id else None
    if own is not None and own.live:
        return ScriptRace(run_id, own, own_words, plan is not None and digest == plan.digest)
    if plan is None:
        return None
    try:
        entries = [entry for entry in records.list_entries() if entry.kind is JobKind.RACE]
        active = next((entry.job_id for entry in entries if entry.digest == plan.digest), "")
        if not active and own is not None and digest == plan.digest:
            return ScriptRace(run_id, own, own_words)
        row = None if active else services.get_store().last_run(workload=WORKLOAD, digest=plan.digest)
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="Stored races cannot be read", icon=":material/database_off:")
        return None
    found = active or (row.id if row else "")
    return ScriptRace(found, load_displayed_run(found), list_words(plan)) if found else None


def draw_buttons(plan: Plan | None, race: ScriptRace | None, why_not: str, messages: DeltaGenerator) -> None:
    """The button that starts the race, disabled with the reason `why_not`, and the one that stops `race`.

    `messages` is the container for the reason why the race does not start.
    """
    why_not = why_not or actions.why_not_start()
    pressed = st.button(
        "Race the script",
        icon=":material/play_arrow:",
        key=f"{WORKLOAD}:race-button",
        disabled=bool(why_not),
        help=why_not
        or "Race the whole script from start to exit, stock against patched, in pairs and without tracing.",
    )
    if pressed and plan is not None:
        with messages:
            is_started = _start(plan)
        if is_started:
            st.rerun()
    job = race.live_job if race else None
    job_panel.draw_stop_button(job, key=f"{WORKLOAD}:race-stop", label="Stop race", noun="race")


def _start(plan: Plan) -> bool:
    """Start the race, or say why that is not possible."""
    try:
        with st.spinner("Checking the script"):
            run_id = actions.start_race(plan)
    except BadInput as error:
        st.error(describe_bad_input(error), title="The race did not start")
    except Denied as denied:
        st.error(describe_error(denied), title="The race did not start")
    except (OSError, StoreError) as error:
        text = f"{describe_error(error)}. Check that the disk has free space and is writable."
        st.error(text, title="The race did not start")
    else:
        st.session_state[STARTED_KEY] = (plan.digest, run_id, list_words(plan))
        services.freeze_loaded_objects()
        return True
    return False


def draw_race(race: ScriptRace | None) -> None:
    """The race as far as it has come, or its headline with a link to all of it."""
    if race is None:
        draw_job_announcer("", "", live=False, key=ANNOUNCER_KEY)
        return
    run_id, displayed = race.run_id, race.displayed
    draw_job_announcer(run_id, describe_announcement(displayed), live=displayed.live, key=ANNOUNCER_KEY)
    script, *arguments = race.words
    draw_heading(f"Race of {quote_code(' '.join([Path(script).name, *arguments]))}")
    if not race.same_settings:
        st.caption(":material/history: This race is of another script or of other settings.")
    if displayed.problem:
        st.warning(escape_markdown(displayed.problem), icon=":material/info:")
    if displayed.live:
        st.html(NO_FADE_STYLE)
        draw = st.fragment(draw_live_run, run_every=refresh_interval_s(displayed))
        draw(find_workload(WORKLOAD), run_id, waiting=displayed.run is None)
        return
    run = displayed.run
    if run is None:
        return
    if run.prepared and has_changed(run.plan, run.prepared[0].data):
        st.warning("The script has changed since this race. Race it again.", icon=":material/edit_document:")
    draw_headline(run, load_attempts(run), VIEW_KEY, detect_theme(), None)
    draw_failure(run)
    st.page_link(
        services.page_script("runs"),
        label="Open the race: claim, samples, evidence",
        icon=":material/open_in_full:",
        query_params={"run": run_id},
    )
