"""The window of speaker notes: the notes of the present step, the clock, and what comes next.

It is a page without a link, opened from a tour in a window of its own, and follows the session that has opened it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st
from streamlit import runtime

from bench.plan.validation import find_workload
from ui.access.identity import find_visitor
from ui.access.visitor import why_not_start
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.run_view.header import STATE_BADGES, describe_progress
from ui.tours.catalogue import load_catalogue
from ui.tours.keys import draw_keys
from ui.tours.model import Step, Tour
from ui.tours.presentations import Place, Presentation, find_session_id, get_presentations
from ui.tours.session import TourSession
from ui.views.race.followed_run import get_session_run, load_displayed_run

PAGE = "tour-notes"
"""Name of the page in its address."""
TOKEN_PARAMETER = "token"
REFRESH_S = 1.0
POLL_S = 0.5
"""Time between two looks of the presenting session for what its window asks."""
NOTES_KEYS = {
    **dict.fromkeys(("ArrowRight", "ArrowDown", "PageDown", " "), "next"),
    **dict.fromkeys(("ArrowLeft", "ArrowUp", "PageUp"), "back"),
}
RELOAD_S = 30.0
"""Time after which a session is not that of a page that was reloaded just now."""
CLICKS_KEY = "notes:clicks"
"""Session key of the number of clicks on the buttons that were handled."""
NO_NOTES = "These notes are not available here."
STYLE = """<style>
.stApp :is([data-testid="stHeader"], [data-testid="stSidebar"], [data-testid="stExpandSidebarButton"]) {
  display: none !important;
}
.stApp [data-testid="stMainBlockContainer"] {padding: 1.5rem 2rem}
.stApp [data-stale="true"] {opacity: 1 !important; transition: none !important}
.st-key-notes-text :is(p, li) {font-size: 1.6rem; line-height: 1.45}
.st-key-notes-now h1 {font-size: 1.3rem; padding: 0 0 0.4rem}
.st-key-notes-clock p {font-size: 1.25rem; font-variant-numeric: tabular-nums}
.st-key-notes-clock h2 {font-size: 2.4rem; padding: 0; font-variant-numeric: tabular-nums}
.st-key-notes-next h2 {font-size: 1.25rem; padding: 0 0 0.4rem}
.st-key-notes-next :is(p, li) {font-size: 1.1rem}
</style>"""


def share_place(session: TourSession, place: Place) -> str:
    """Write down for the window of notes where the session is. Begins a presentation if the session has none, or goes
    on with that of a page that was reloaded. Returns the address of the window relative to every page; empty if the
    visitor may not start jobs, and so has no notes."""
    visitor = find_visitor()
    if why_not_start(visitor):
        return ""
    presentations, session_id = get_presentations(), find_session_id()
    if not session.notes_token:
        _resume_presentation(session)
    if not presentations.update(session.notes_token, session_id, place):
        session.notes_token = presentations.open(visitor, session_id, place)
    return f"{PAGE}?{urlencode({TOKEN_PARAMETER: session.notes_token})}"


def _resume_presentation(session: TourSession) -> bool:
    """Go on with the presentation of a page that was reloaded. Returns whether there is one. Only while the session is
    new: another window of the same person must not take it from a page that loses its connection for a moment."""
    presentations, session_id = get_presentations(), find_session_id()
    resumed = presentations.resume(find_visitor(), session_id, session.name, _is_active)
    if resumed:
        presentations.close(session.notes_token, session_id)
        session.notes_token = resumed
    return bool(resumed)


def _is_new(session: TourSession) -> bool:
    return time.monotonic() - session.began_at < RELOAD_S


def _is_active(session_id: str) -> bool:
    """Whether a session has a page that is open."""
    return not runtime.exists() or runtime.get_instance().is_active_session(session_id)


def follow_window(session: TourSession, act: Callable[[str], None]) -> None:
    """Do what the window of notes asks for, while there is one."""
    presentations = get_presentations()
    if (
        session.notes_opened
        or presentations.is_followed(session.notes_token)
        or (_is_new(session) and presentations.has_window(find_visitor(), session.name))
    ):
        st.fragment(_poll, run_every=POLL_S)(session, act)


def _poll(session: TourSession, act: Callable[[str], None]) -> None:
    presentations = get_presentations()
    # After a reload, the server needs some time to notice that the session before it has ended.
    if _is_new(session) and not presentations.is_followed(session.notes_token) and _resume_presentation(session):
        st.rerun()
    commands = presentations.take_commands(session.notes_token, find_session_id())
    for command in commands:
        act(command)
    if commands:
        st.rerun()


def find_place(session: TourSession, step: Step, part: str = "") -> Place:
    """Where the session is. `part` is what the presenter view shows."""
    followed = get_session_run(find_workload(step.page)) if step.race else None
    return Place(session.name, session.position, part, followed.run_id if followed else "")


def draw_notes_page() -> None:
    st.html(STYLE)
    st.set_page_config(page_title="Speaker notes - Fairlap")
    token = st.query_params.get(TOKEN_PARAMETER, "")
    if _follow(token) is None:
        _draw_refusal()
        return
    draw_keys(NOTES_KEYS, lambda action: _send(token, action), place=PAGE, selector="")
    with st.container(horizontal=True, key="notes-buttons"):
        clicks = st.session_state.get(CLICKS_KEY, 0)
        st.button(
            "Back",
            icon=":material/arrow_back:",
            on_click=_send_once,
            args=(token, "back", clicks),
            key="notes-back",
        )
        st.button(
            "Next",
            icon=":material/arrow_forward:",
            type="primary",
            on_click=_send_once,
            args=(token, "next", clicks),
            key="notes-next-button",
        )
        st.button(
            "Restart the clock",
            icon=":material/timer:",
            type="tertiary",
            on_click=lambda: get_presentations().restart_clock(token, find_visitor()),
            key="notes-clock-button",
        )
    st.fragment(_draw_present, run_every=REFRESH_S)(token)


def _follow(token: str) -> Presentation | None:
    return get_presentations().follow(token, find_visitor()) if token else None


def _send(token: str, action: str) -> None:
    get_presentations().send(token, find_visitor(), action)


def _send_once(token: str, action: str, clicks: int) -> None:
    """Send the action of a button that was drawn after so many clicks. Streamlit may call it twice for one click, if
    another rerun interrupts the first one."""
    if st.session_state.get(CLICKS_KEY, 0) == clicks:
        st.session_state[CLICKS_KEY] = clicks + 1
        _send(token, action)


def _draw_refusal() -> None:
    st.info(
        f"{NO_NOTES} They are shown only to the session that presents the tour, in the browser that presents it. Open "
        "them from there: key N in the presenter view, or Speaker notes in the menu of the tour.",
        icon=":material/speaker_notes_off:",
    )


def _draw_present(token: str) -> None:
    """The present state, drawn again every second."""
    presentation = _follow(token)
    if presentation is None:
        _draw_refusal()
        return
    place = presentation.place
    tour = load_catalogue().tours.get(place.tour)
    if tour is None or place.position >= len(tour.steps):
        st.info("The file of the tour has changed. Start the tour again.", icon=":material/info:")
        return
    step = tour.steps[place.position]
    notes, side = st.columns([3, 2], gap="large")
    with notes:
        with st.container(key="notes-now", gap="xsmall"):
            part = f", showing {place.part}" if place.part else ""
            st.markdown(
                f":gray[Step {place.position + 1} of {len(tour.steps)}{part}]\n\n# {escape_markdown(step.title)}"
            )
        with st.container(key="notes-text"):
            st.markdown(step.notes or ":gray[This step has no notes.]")
    with side:
        with st.container(key="notes-clock", gap="xsmall"):
            _draw_clock(presentation, tour)
            _draw_race(place)
        with st.container(key="notes-next", gap="xsmall", border=True):
            _draw_next(tour, place.position)


def _draw_clock(presentation: Presentation, tour: Tour) -> None:
    total_s, step_s = get_presentations().measure_elapsed_s(presentation)
    planned_s = 60.0 * tour.minutes
    share = planned_s / len(tour.steps)
    st.markdown(f"## {_format_clock(total_s)} of {_format_clock(planned_s)}")
    draw_progress(
        min(1.0, total_s / planned_s),
        f"This step: {_format_clock(step_s)} of about {_format_clock(share)}",
        "Time of the tour",
    )


def _draw_race(place: Place) -> None:
    if not place.run_id:
        return
    displayed = load_displayed_run(place.run_id)
    run = displayed.run
    if run is not None:
        st.markdown(f"Race: {STATE_BADGES[run.state].markdown(run.state)} {describe_progress(run)}")
    elif displayed.queue_position is not None:
        st.markdown("Race: waits for its turn")
    elif displayed.problem:
        st.markdown(f"Race: {escape_markdown(displayed.problem)}")


def _draw_next(tour: Tour, position: int) -> None:
    if position + 1 == len(tour.steps):
        st.markdown("## This is the last step")
        return
    following: Step = tour.steps[position + 1]
    st.markdown(f":gray[Next{', a race' if following.race else ''}]\n\n## {escape_markdown(following.title)}")
    st.markdown(following.text)


def _format_clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
