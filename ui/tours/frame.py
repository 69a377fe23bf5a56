"""Runs a page inside of the tour that the session takes, if it takes one."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from ui import actions, services
from ui.tours.catalogue import load_catalogue
from ui.tours.notes import PAGE as NOTES_PAGE
from ui.tours.notes import follow_window
from ui.tours.page import LINK_ERROR_KEY
from ui.tours.panel import act, draw_panel, run_if_asked
from ui.tours.presenter import draw_presenter
from ui.tours.replay import draw_replay, draw_replay_problem
from ui.tours.session import find_tour_session, follow_address, leave_tour, open_step
from ui.tours.standby import hold_next_race


def run_in_tour(page: Page) -> None:
    """Run a page, with the panel of the tour below it; or draw the presenter view in its place."""
    # The page that the server opens without a path has none.
    name = page.url_path or "home"
    if name == NOTES_PAGE:
        page.run()
        return
    catalogue = load_catalogue()
    if problem := follow_address(catalogue):
        st.session_state[LINK_ERROR_KEY] = problem
        if find_tour_session() is None:
            st.switch_page(services.page_script("tours"))
    session = find_tour_session()
    tour = catalogue.tours.get(session.name) if session else None
    if session is None or tour is None:
        if session:
            # Its file was removed, or is no valid tour any more.
            leave_tour()
        page.run()
        return
    session.position = min(session.position, len(tour.steps) - 1)
    session.has_moved |= session.presenting and name != tour.steps[session.position].page
    open_step(session, tour)
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
