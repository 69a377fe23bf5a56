"""Runs a page inside of the tour that the session takes, if it takes one."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from ui import actions, services
from ui.tours.catalogue import load_catalogue
from ui.tours.model import Tour
from ui.tours.notes import PAGE as NOTES_PAGE
from ui.tours.notes import follow_window
from ui.tours.page import LINK_ERROR_KEY
from ui.tours.panel import act, draw_panel, run_if_asked
from ui.tours.presenter import draw_presenter
from ui.tours.replay import draw_replay, draw_replay_problem
from ui.tours.session import TourSession, find_tour_session, follow_address, leave_tour, open_step
from ui.tours.standby import hold_next_race


def open_asked_step(page: Page) -> None:
    """Switch to the page of the step that a link, a key or a button asks for. Does not return then.

    Call it before anything is drawn: a run that draws a part of one page and ends with the switch to another one can
    leave the browser with fragments of both.
    """
    if _name_page(page) == NOTES_PAGE:
        return
    if problem := follow_address(load_catalogue(), _name_page(page)):
        st.session_state[LINK_ERROR_KEY] = problem
        if find_tour_session() is None:
            st.switch_page(services.page_script("tours"))
    session, tour = _find_tour()
    if session is None:
        return
    if tour is None:
        # Its file was removed, or is no valid tour any more.
        leave_tour()
        return
    session.position = min(session.position, len(tour.steps) - 1)
    session.has_moved |= session.presenting and _name_page(page) != tour.steps[session.position].page
    open_step(session, tour, _name_page(page))


def _name_page(page: Page) -> str:
    # The page that the server opens without a path has none.
    return page.url_path or "home"


def _find_tour() -> tuple[TourSession | None, Tour | None]:
    """The tour that the session takes; without it if its file is no valid tour now."""
    session = find_tour_session()
    return session, load_catalogue().tours.get(session.name) if session else None


def run_in_tour(page: Page) -> None:
    """Run a page, with the panel of the tour below it; or draw the presenter view in its place."""
    name = _name_page(page)
    session, tour = _find_tour()
    if name == NOTES_PAGE or session is None or tour is None:
        page.run()
        return
    run_if_asked(session, tour, name)
    step = tour.steps[session.position]
    if name == step.page:
        hold_next_race(session, tour)
    else:
        # What this page measures must not wait for it.
        actions.release_held_race()
    if session.presenting:
        draw_presenter(session, tour, page)
        return
    draw_panel(session, tour, name)
    follow_window(session, lambda action: act(session, tour, action))
    if name == step.page and session.replay:
        draw_replay(session, step)
        return
    draw_replay_problem()
    page.run()
