"""The panel of a tour at the bottom of every page: the text of the step, its place, and what to do next."""

from __future__ import annotations

import streamlit as st

from bench.plan.validation import find_workload
from ui import actions
from ui.design.markdown import escape_markdown
from ui.design.page_style import PROGRESS_COLOURS
from ui.design.theme import PALETTES, Theme, light_dark
from ui.run_view.share import build_link, draw_link
from ui.tours.contracts import list_parts
from ui.tours.keys import draw_keys
from ui.tours.model import Step, Tour
from ui.tours.notes import find_place, share_place
from ui.tours.racing import find_step_run, needs_recording, start_step_race
from ui.tours.replay import toggle_replay
from ui.tours.session import TourSession, leave_tour, link_query, move_to
from ui.views.race.followed_run import DisplayedRun

PANEL_KEY = "tour-panel"
PAGE_KEYS = {
    **{"ArrowRight": "next", "ArrowLeft": "back", "r": "run", "p": "replay", "e": "end"},
    **{"s": "rehearse", "v": "present", "n": "notes"},
}
"""The keys beside the panel, with their actions."""
MAX_TEXT_HEIGHT = "min(8.5rem, 24vh)"
"""A longer text scrolls: the page above stays in view."""
HIGHLIGHT_COLOURS: dict[Theme, str] = {"light": "#B45309", "dark": "#F0A84B"}


def draw_panel(session: TourSession, tour: Tour, current_page: str) -> None:
    """Draw the panel, and do what its buttons or keys ask for. `current_page` is the name of the page above it."""
    step = tour.steps[session.position]
    on_page = current_page == step.page
    displayed = find_step_run(step) if on_page else None
    address = share_place(session, find_place(session, step))
    st.html(_build_style(step if on_page else None, (session.position + 1) / len(tour.steps)))
    with st.bottom, st.container(key=PANEL_KEY, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tour-bar"):
            st.markdown(_describe_place(session, tour, step), width="content")
            st.space("stretch")
            _draw_buttons(session, tour, step, displayed, on_page, address)
        with st.container(key="tour-text", gap="xsmall"):
            st.markdown(step.text)
        part = list_parts(step.page)[step.look_at[0]] if on_page and step.look_at else None
        draw_keys(
            PAGE_KEYS,
            lambda action: act(session, tour, action),
            place=f"{tour.name} {session.position}",
            selector=part.selector if part else "",
            windows={"notes": address} if address else {},
        )


def act(session: TourSession, tour: Tour, action: str) -> None:
    """Do what a button or a key asks for. For callbacks."""
    match action:
        case "next":
            move_to(session, tour, session.position + 1)
        case "back":
            move_to(session, tour, session.position - 1)
        case "return":
            move_to(session, tour, session.position)
        case "run":
            session.wants_race, session.replay = True, None
        case "replay":
            toggle_replay(session, tour)
        case "end":
            if session.replay:
                session.replay.skip_to_end()
        case "present":
            session.presenting = not session.presenting
        case "notes":
            session.notes_opened = bool(session.notes_token)
        case "rehearse":
            session.rehearsal = not session.rehearsal
            move_to(session, tour, session.position)
        case _:
            leave_tour()
            actions.release_held_race()


def _act_once(session: TourSession, tour: Tour, action: str, handled: int) -> None:
    """Do what a button asks for that was drawn after so many handled ones. Streamlit may call it twice for one click,
    if another rerun interrupts the first one."""
    if session.handled == handled:
        session.handled += 1
        act(session, tour, action)


def run_if_asked(session: TourSession, tour: Tour, current_page: str) -> None:
    """Start the race that a button or a key asked for, unless one is live. Before the page is drawn."""
    step = tour.steps[session.position]
    if not session.wants_race:
        return
    session.wants_race = False
    if not step.race or current_page != step.page or actions.why_not_start():
        return
    displayed = find_step_run(step)
    if displayed is None or not displayed.live:
        start_step_race(step, rehearsal=session.rehearsal)


def _describe_place(session: TourSession, tour: Tour, step: Step) -> str:
    rehearsal = ", rehearsal with short races" if session.rehearsal else ""
    place = f"{escape_markdown(tour.title)}, step {session.position + 1} of {len(tour.steps)}{rehearsal}"
    return f":gray[:small[{place}]]  \n**{escape_markdown(step.title)}**"


def _draw_buttons(
    session: TourSession,
    tour: Tour,
    step: Step,
    displayed: DisplayedRun | None,
    on_page: bool,
    notes_address: str,
) -> None:
    """`notes_address` is that of the speaker notes; empty for a visitor without."""
    last = session.position == len(tour.steps) - 1
    needs_replay = needs_recording(step, displayed, rehearsal=session.rehearsal)

    def button(
        label: str, action: str, icon: str, help_text: str, *, primary: bool = False, disabled: bool = False
    ) -> None:
        st.button(
            label,
            icon=f":material/{icon}:",
            key=f"tour-{action}",
            on_click=_act_once,
            args=(session, tour, action, session.handled),
            help=help_text,
            type="primary" if primary else "secondary",
            disabled=disabled,
        )

    if not on_page:
        button("Return to the step", "return", "keyboard_return", "The page of this step", primary=True)
    elif step.race:
        why_not = actions.why_not_start() or find_workload(step.page).unavailable()
        live = displayed is not None and displayed.live
        button(
            "Run this",
            "run",
            "play_arrow",
            why_not or "Start the race of this step. Key: R",
            primary=not live and not needs_replay,
            disabled=live or bool(why_not),
        )
    if on_page and step.shows_run:
        label = "Play the recording" if step.race else "Show the recording"
        button(
            "Stop the recording" if session.replay else label,
            "replay",
            "stop" if session.replay else "history",
            "A finished run of this race, marked as recorded. Key: P",
            primary=needs_replay and not session.replay,
        )
    button("Back", "back", "arrow_back", "The step before. Key: left arrow", disabled=session.position == 0)
    button("Next", "next", "arrow_forward", "The next step. Key: right arrow", disabled=last)
    with st.popover("", icon=":material/more_horiz:", key="tour-more", help="Presenter view, rehearsal, link, leave"):
        button("Presenter view", "present", "present_to_all", "Large type, one thing at a time. Key: V")
        if notes_address:
            st.link_button(
                "Speaker notes",
                notes_address,
                icon=":material/speaker_notes:",
                help="A second window that follows this one. Key: N",
            )
        # The key S changes it too.
        st.session_state[_rehearsal_key(session)] = session.rehearsal
        st.toggle(
            "Rehearse with short races",
            key=_rehearsal_key(session),
            on_change=_act_once,
            args=(session, tour, "rehearse", session.handled),
            help="Races of 6 seconds, to go through the tour quickly. They are stored like all others. Key: S",
        )
        st.markdown("Link to this step:")
        draw_link(build_link(None, link_query(tour, session.position)))
        button("Leave the tour", "leave", "close", "The tour keeps its place")


def _rehearsal_key(session: TourSession) -> str:
    return f"tour-rehearsal-{session.name}"


def _build_style(step: Step | None, share: float) -> str:
    """Of the panel, whose upper edge is filled by the share of the tour that is done, and of the part that the step
    points at; None on other pages."""
    border = light_dark({theme: palette.border for theme, palette in PALETTES.items()})
    done = light_dark(PROGRESS_COLOURS)
    highlight = ""
    if step and step.look_at:
        colour = light_dark(HIGHLIGHT_COLOURS)
        selector = list_parts(step.page)[step.look_at[0]].selector
        highlight = f"""
:is({selector}) {{
  outline: 3px solid {colour}; outline-offset: 4px; border-radius: 0.5rem; scroll-margin: 9rem 0 14rem;
}}"""
    return f"""<style>
.st-key-{PANEL_KEY} {{
  border-top: 3px solid; border-image: linear-gradient(90deg, {done} {100 * share:.1f}%, {border} {100 * share:.1f}%) 1;
  padding-top: 0.5rem;
}}
.st-key-tour-text {{max-height: {MAX_TEXT_HEIGHT}; overflow-y: auto}}
[data-testid="stBottomBlockContainer"] {{padding-bottom: 0.75rem; padding-top: 0.25rem}}{highlight}
</style>"""
