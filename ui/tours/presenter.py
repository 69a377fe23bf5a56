"""The presenter view: one part of a step at a time, in type that is readable from the back of a room."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from bench.plan.validation import find_workload
from ui import actions
from ui.controls.url import plan_from_url
from ui.design.markdown import escape_markdown
from ui.tours.contracts import list_parts
from ui.tours.fit import draw_fit
from ui.tours.keys import draw_keys
from ui.tours.model import Step, Tour
from ui.tours.notes import find_place, follow_window, share_place
from ui.tours.panel import act
from ui.tours.parts import PLAN_PARTS
from ui.tours.presented_race import draw_introduction, draw_race_part, draw_replayed_part, has_race
from ui.tours.presenter_style import (
    AREA_KEY,
    BODY_KEY,
    CONTENT_KEY,
    FOOTER_KEY,
    LEAVE_KEY,
    TITLE_KEY,
    build_style,
)
from ui.tours.replay import draw_replay_problem
from ui.tours.session import TourSession, list_view
from ui.views.race.buttons import error_key
from ui.views.race.followed_run import get_session_run, resolve_displayed_run

INTRODUCTION = "introduction"
"""The first part of every step: its title and text."""
WHOLE_PAGE = "page"
"""The part of a step on a page without a race that names no part of it."""
FIRST_RUN_PART = "times"
"""The part that a race has if its step names none of a run."""
PRESENTER_KEYS = {
    **dict.fromkeys(("ArrowRight", "ArrowDown", "PageDown", " "), "next"),
    **dict.fromkeys(("ArrowLeft", "ArrowUp", "PageUp"), "back"),
    "r": "run",
    "p": "replay",
    "e": "end",
    "n": "notes",
    "v": "present",
    "Escape": "present",
}
"""The keys of the presenter view, with their actions. Clickers send PageDown and PageUp."""
OWN_ZOOM = (0.7, 1.0)
"""Smallest and largest factor of a part that has the sizes of this view."""
CODE_ZOOM = (0.85, 1.25)
PAGE_ZOOM = (0.7, 1.75)
"""The same of a part that was made for a page, whose texts have 15 pixels."""
OWN_PARTS = (INTRODUCTION, "times", "ratio", "quality", "claim", "headline", "phases", "controls", "evidence")


def draw_presenter(session: TourSession, tour: Tour, page: Page) -> None:
    """Draw the present part of the present step in place of `page`, which is that of the step."""
    step = tour.steps[session.position]
    parts = list_presented_parts(step)
    session.part = min(session.part, len(parts) - 1)
    if has_race(step):
        _follow_run_of_address(step)
    part = parts[session.part]
    address = share_place(session, find_place(session, step, describe_part(step, part)))
    known = list_parts(step.page)
    selector = known[part].selector if part in known and not has_race(step) else ""
    st.html(build_style(selector))
    with st.container(key=TITLE_KEY):
        st.markdown(f"# {escape_markdown(step.title)}")
    body = st.container(key=BODY_KEY)
    with st.container(key=FOOTER_KEY):
        _draw_footer(session, tour, step, len(parts), has_notes=bool(address))
    follow_window(session, lambda action: act_on_parts(session, tour, action))
    smallest, largest = find_zoom(step, part)
    draw_fit(
        body=f".st-key-{BODY_KEY}",
        area=f".st-key-{AREA_KEY}",
        content=f".st-key-{CONTENT_KEY}",
        smallest=smallest,
        largest=largest,
    )
    try:
        with body:
            _draw_part(session, step, part, page)
    finally:
        # Last, because the page may write its address: see `draw_keys`.
        draw_keys(
            PRESENTER_KEYS,
            lambda action: act_on_parts(session, tour, action),
            place=f"{tour.name} {session.position} {part}",
            selector="",
            windows={"notes": address} if address else {},
            parameters=list_view(session),
        )


def _draw_part(session: TourSession, step: Step, part: str, page: Page) -> None:
    draw_replay_problem()
    if session.replay and is_run_part(part):
        draw_replayed_part(session.replay, part)
    elif part == INTRODUCTION:
        draw_introduction(step, rehearsal=session.rehearsal)
    elif has_race(step):
        draw_race_part(step, part, rehearsal=session.rehearsal)
    else:
        with st.container(key=AREA_KEY), st.container(key=CONTENT_KEY):
            page.run()


def _follow_run_of_address(step: Step) -> None:
    """Follow the run of the address after a reload, as the page of the step would."""
    workload = find_workload(step.page)
    if get_session_run(workload) is not None:
        return
    displayed = resolve_displayed_run(workload)
    followed = get_session_run(workload)
    if followed is not None and displayed.live:
        # A race that waits has no record of its plan.
        followed.plan = plan_from_url(workload)


def list_presented_parts(step: Step) -> tuple[str, ...]:
    """The parts of a step in the order in which they are shown."""
    parts = (INTRODUCTION, *step.look_at)
    if not has_race(step):
        return parts if step.look_at else (*parts, WHOLE_PAGE)
    if step.race and not any(is_run_part(part) for part in parts):
        return (*parts, FIRST_RUN_PART)
    return parts


def is_run_part(part: str) -> bool:
    """Whether a part of a race is about its run."""
    return part not in (INTRODUCTION, *PLAN_PARTS)


def describe_part(step: Step, part: str) -> str:
    """What a part is, as a noun."""
    known = list_parts(step.page)
    return known[part].label if part in known else {INTRODUCTION: "the text", WHOLE_PAGE: "the page"}[part]


def find_zoom(step: Step, part: str) -> tuple[float, float]:
    """Smallest and largest factor by which a part is enlarged."""
    if part == "code":
        return CODE_ZOOM
    return OWN_ZOOM if part in OWN_PARTS and (has_race(step) or part == INTRODUCTION) else PAGE_ZOOM


def act_on_parts(session: TourSession, tour: Tour, action: str) -> None:
    """Do what a key of the presenter view asks for. For callbacks."""
    step = tour.steps[session.position]
    parts = list_presented_parts(step)
    match action:
        case "next" if session.part < len(parts) - 1:
            session.part += 1
        case "back" if session.part > 0:
            session.part -= 1
        case "back" if session.position > 0:
            act(session, tour, action)
            session.part = len(list_presented_parts(tour.steps[session.position])) - 1
        case "next" if session.position < len(tour.steps) - 1:
            act(session, tour, action)
        case "run" if step.race:
            st.session_state.pop(error_key(find_workload(step.page)), None)
            _show_run_part(session, parts)
            act(session, tour, action)
        case "replay" if step.shows_run:
            _show_run_part(session, parts)
            act(session, tour, action)
        case "present":
            session.presenting = False
            # The controls of the page are drawn anew, from the settings of the step.
            session.has_moved, session.opened = True, None
        case "next" | "back" | "run":
            pass  # The first and the last part of the tour stay, and a step without a race has nothing to run.
        case _:
            act(session, tour, action)


def _show_run_part(session: TourSession, parts: tuple[str, ...]) -> None:
    """Go to the first part of the step that is about a run, unless one is shown."""
    if not is_run_part(parts[session.part]):
        session.part = next(index for index, part in enumerate(parts) if is_run_part(part))


def _draw_footer(session: TourSession, tour: Tour, step: Step, part_count: int, *, has_notes: bool) -> None:
    """The place in the tour, and the keys, for the speaker."""
    done = session.position + (session.part + 1) / part_count
    keys = ["→ next", "← back", *_list_race_keys(session, step), *(["N notes"] if has_notes else [])]
    rehearsal = ", rehearsal with short races" if session.rehearsal else ""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(
            f"{escape_markdown(tour.title)}, step {session.position + 1} of {len(tour.steps)}, "
            f"part {session.part + 1} of {part_count}{rehearsal}",
            width="content",
        )
        with st.container(horizontal=True, width="content", gap="small"):
            st.markdown(", ".join(keys), width="content")
            # Also for those who have no keyboard.
            st.button(
                "Esc leave",
                key=LEAVE_KEY,
                type="tertiary",
                on_click=act_on_parts,
                args=(session, tour, "present"),
            )
    st.html(f'<div class="fairlap-tour-progress" style="width: {100 * done / len(tour.steps):.1f}%"></div>')


def _list_race_keys(session: TourSession, step: Step) -> list[str]:
    if session.replay:
        return [*([] if session.replay.is_over else ["E its end"]), "P stop the recording"]
    run = ["R run"] if step.race and not actions.why_not_start() else []
    return [*run, "P recording"] if step.shows_run else []
