"""The page Tours: all tours, each with its audience, its steps and where this session left it."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count
from ui.access.redaction import shows_everything
from ui.design.markdown import escape_markdown, quote_code
from ui.tours.catalogue import FOLDERS_VARIABLE, load_catalogue
from ui.tours.model import Tour
from ui.tours.preflight import draw_preflight
from ui.tours.reading import TourError
from ui.tours.session import begin_tour, find_place, find_tour_session

LINK_ERROR_KEY = "tour:link-error"
"""Session key of what was wrong with the link to a tour."""
PREFLIGHT_KEY = "tour:preflight"
"""Session key of the name of the tour whose pre-flight is shown."""
MIN_CARD_WIDTH_PX = 340


def draw_tours_page() -> None:
    st.title("Tours")
    st.markdown(
        "Guided walks through the real pages: what to look at, what to say, and the races to run. Start one, and step "
        "through it with the panel at the bottom or the arrow keys."
    )
    if problem := st.session_state.pop(LINK_ERROR_KEY, ""):
        st.warning(escape_markdown(problem), icon=":material/link_off:")
    catalogue = load_catalogue()
    _draw_errors(catalogue.errors)
    if shown := catalogue.tours.get(st.session_state.get(PREFLIGHT_KEY, "")):
        _draw_preflight_of(shown)
    grid = st.grid(3, min_column_width=MIN_CARD_WIDTH_PX)
    for tour in catalogue.tours.values():
        with grid.container(border=True, height="stretch", key=f"tour-card-{tour.name}"):
            _draw_card(tour)
    st.caption(
        f"A tour is a TOML file. To add your own, set {FOLDERS_VARIABLE} to the folder that has them; docs/tours.md "
        "explains the format."
    )


def _draw_errors(errors: tuple[TourError, ...]) -> None:
    if not errors or not shows_everything():
        return
    for error in errors:
        problems = "\n".join(f"- {escape_markdown(str(problem))}" for problem in error.problems)
        st.error(
            f"{quote_code(str(error.file))}\n{problems}",
            title="This file is no tour",
            icon=":material/error:",
        )


def _draw_preflight_of(tour: Tour) -> None:
    session = find_tour_session()
    with st.container(border=True, key="tour-preflight"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f"Pre-flight: {escape_markdown(tour.title)}", anchor=False)
            st.space("stretch")
            st.button(
                "Close", icon=":material/close:", type="tertiary", key="preflight-close", on_click=_show_preflight
            )
        draw_preflight(tour, rehearsal=bool(session and session.name == tour.name and session.rehearsal))


def _show_preflight(name: str = "") -> None:
    """Show the pre-flight of a tour from the next rerun on; without a name, none."""
    st.session_state[PREFLIGHT_KEY] = name


def _draw_card(tour: Tour) -> None:
    session = find_tour_session()
    place = find_place(tour)
    races = sum(step.race for step in tour.steps)
    st.markdown(f"### {escape_markdown(tour.title)}")
    st.caption(
        f"{escape_markdown(tour.audience)}  \n{tour.minutes} min, {format_count(len(tour.steps), 'step')}, "
        f"{format_count(races, 'race')}{'' if tour.shipped else ', your own'}"
    )
    with st.expander("Steps"):
        st.markdown("\n".join(f"1. {escape_markdown(step.title)}" for step in tour.steps))
    if tour.source:
        st.markdown(f":small[[Source](<{tour.source}>)]")
    st.space("stretch")
    with st.container(horizontal=True):
        if place:
            st.button(
                f"Continue at step {place + 1}",
                icon=":material/play_arrow:",
                type="primary",
                key=f"tour-continue-{tour.name}",
                on_click=begin_tour,
                args=(tour,),
            )
        st.button(
            "Start again" if place else "Start",
            icon=":material/restart_alt:" if place else ":material/play_arrow:",
            type="secondary" if place or session else "primary",
            key=f"tour-start-{tour.name}",
            on_click=begin_tour,
            args=(tour, 0),
        )
        if races:
            st.button(
                "Pre-flight",
                icon=":material/checklist:",
                key=f"tour-preflight-{tour.name}",
                on_click=_show_preflight,
                args=(tour.name,),
                help="Check what the races need, and prepare what is missing",
            )
