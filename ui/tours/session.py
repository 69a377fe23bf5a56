"""The tour of a session: which one, where in it, and how it is shown.

Tour, step and view are in the address too: a link opens a step, and a reload shows the same. A tour that was left keeps
its place in the session.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import from_query, to_query
from bench.plan.validation import PlanError, find_workload
from bench.system.limits import core_limit
from ui import services
from ui.controls.url import adopt_plan, plan_from_url
from ui.records import (
    TOUR_PARAMETER,
    TOUR_PARAMETERS,
    TOUR_PART_PARAMETER,
    TOUR_REHEARSAL_PARAMETER,
    TOUR_STEP_PARAMETER,
    WORKLOAD_PARAMETER,
)
from ui.tours.catalogue import Catalogue
from ui.tours.model import TAB_SETTING, Step, Tour
from ui.tours.playing import ReplaySession
from ui.tours.presentations import find_session_id, get_presentations
from ui.views.race.tabs import show_tab, show_tab_of

SWEEP_PAGE = "sweep"
REHEARSAL_BUDGET_S = 6.0
"""Time budget of every race of a rehearsal. Eight pairs of most races take no longer."""
SESSION_KEY = "tour:session"
PLACES_KEY = "tour:places"
ADDRESS_KEY = "tour:address"
"""Session key of the tour and the step that were last read from the address or written into it."""


@dataclass(slots=True)
class TourSession:
    name: str
    """Name of the tour."""
    position: int = 0
    """Number of the step, from 0."""
    has_moved: bool = True
    """Whether the page of the step has yet to be opened."""
    opened: tuple[str, dict[str, str]] | None = None
    """The page and all its settings with which a step was opened last; None if the next step must set them again."""
    rehearsal: bool = False
    """Whether races have a short time budget."""
    presenting: bool = False
    """Whether the presenter view is on."""
    part: int = 0
    """Number of the part of the step that the presenter view shows, from 0."""
    notes_token: str = ""
    """Secret of the window with the speaker notes; empty before there is one. See `ui.tours.presentations`."""
    notes_opened: bool = False
    """Whether the key for that window was pressed."""
    wants_race: bool = False
    """Whether the next rerun starts the race of the step."""
    handled: int = 0
    """Number of clicks on buttons of the panel that were handled."""
    holds: dict[str, int] = field(default_factory=dict[str, int])
    """How often the race of a plan was held, by its digest. See `ui.tours.standby`."""
    began_at: float = field(default_factory=time.monotonic)
    """When the session began to take the tour, by `time.monotonic`."""
    replay: ReplaySession | None = None
    """The recording that is played in place of the page of the step; None for the page."""

    def move_to(self, position: int) -> None:
        self.position, self.part, self.has_moved, self.replay = position, 0, True, None


def find_tour_session() -> TourSession | None:
    """The tour that this session takes; None if it takes none."""
    return st.session_state.get(SESSION_KEY)


def is_presenting() -> bool:
    """Whether this session shows the presenter view."""
    session = find_tour_session()
    return session is not None and session.presenting


def begin_tour(tour: Tour, position: int | None = None) -> None:
    """Take a tour from a step (from 0), by default from where it was left."""
    place = find_place(tour) if position is None else position
    session = find_tour_session()
    if session is None or session.name != tour.name:
        _close_notes(session)
        session = st.session_state[SESSION_KEY] = TourSession(tour.name)
    session.opened = None
    session.move_to(min(max(0, place), len(tour.steps) - 1))
    _keep_place(session)


def move_to(session: TourSession, tour: Tour, position: int) -> None:
    """Go to a step; beyond the ends, to the first or the last."""
    session.move_to(min(max(0, position), len(tour.steps) - 1))
    _keep_place(session)


def leave_tour() -> None:
    """End the tour and keep its place."""
    _close_notes(find_tour_session())
    st.session_state.pop(SESSION_KEY, None)
    st.session_state.pop(ADDRESS_KEY, None)
    for name in TOUR_PARAMETERS:
        st.query_params.pop(name, None)


def _close_notes(session: TourSession | None) -> None:
    if session is not None and session.notes_token:
        get_presentations().close(session.notes_token, find_session_id())


def find_place(tour: Tour) -> int:
    """The step, from 0, where this session was last; 0 if it never took the tour."""
    return min(st.session_state.get(PLACES_KEY, {}).get(tour.name, 0), len(tour.steps) - 1)


def _keep_place(session: TourSession) -> None:
    st.session_state[PLACES_KEY] = st.session_state.get(PLACES_KEY, {}) | {session.name: session.position}


def follow_address(catalogue: Catalogue, page: str) -> str:
    """Take the tour that the address of `page` names. Returns what is wrong with the address; empty if nothing is.

    A session that did not take the tour already shows the step as the address says, and if that is the address of the
    page of the step, as after a reload, leaves the page as it is.
    """
    name = st.query_params.get(TOUR_PARAMETER, "")
    step = st.query_params.get(TOUR_STEP_PARAMETER, "")
    if not name or (name, step) == st.session_state.get(ADDRESS_KEY):
        return ""
    st.session_state[ADDRESS_KEY] = (name, step)
    tour = catalogue.tours.get(name)
    if tour is None:
        return f"There is no tour {name!r}. Choose one of the list."
    before = find_tour_session()
    if step and not (re.fullmatch(r"[0-9]{1,4}", step) and 1 <= int(step) <= len(tour.steps)):
        begin_tour(tour)
        return f"The tour has {len(tour.steps)} steps, and the link names step {step!r}."
    begin_tour(tour, int(step) - 1 if step else None)
    session = find_tour_session()
    if session is not None and session is not before:
        _read_view(session, tour.steps[session.position], page)
    return ""


def _read_view(session: TourSession, step: Step, page: str) -> None:
    """Show the step as the address says. If it is the address of its page, as after a reload, the page stays as it is:
    with the settings and the run that the address names."""
    part = st.query_params.get(TOUR_PART_PARAMETER, "")
    if re.fullmatch(r"[1-9][0-9]?", part):
        session.presenting, session.part = True, int(part) - 1
    session.rehearsal = st.query_params.get(TOUR_REHEARSAL_PARAMETER) == "1"
    # Pages with a plan write the cores, and of the other settings those that differ from the defaults.
    names = {"cores"} if step.has_plan or step.page == SWEEP_PAGE else set(step.settings)
    if page == step.page and names <= set(st.query_params):
        session.has_moved, session.opened = False, _find_opened(step, session.rehearsal)
        if session.presenting and step.has_plan and (plan := plan_from_url(find_workload(step.page))):
            # The presenter view draws no controls that would read the address.
            adopt_plan(plan)


def list_view(session: TourSession) -> dict[str, str]:
    """The query parameters that say how the step is shown; empty ones are not written into the address."""
    return {
        TOUR_PART_PARAMETER: str(session.part + 1) if session.presenting else "",
        TOUR_REHEARSAL_PARAMETER: "1" if session.rehearsal else "",
    }


def open_step(session: TourSession, tour: Tour, page: str) -> None:
    """Switch from `page` to that of the step if this has yet to be done. Does not return then."""
    if not session.has_moved:
        return
    session.has_moved = False
    step = tour.steps[session.position]
    st.session_state[ADDRESS_KEY] = (tour.name, str(session.position + 1))
    view = {name: value for name, value in list_view(session).items() if value}
    if page != step.page:
        session.opened = None
    query = _set_page(session, step) | _list_place(tour, session.position) | view
    st.switch_page(services.page_script(step.page), query_params=query)


def _set_page(session: TourSession, step: Step) -> dict[str, str]:
    """Set the controls and the tab of the page of a step; returns the query parameters of its settings.

    If the step before had the same plan, the page stays as it is: somebody may have changed settings, and it shows the
    run of them. The controls are set here, because the presenter view and a replay draw no page that would read them
    from its address.
    """
    before, session.opened = session.opened, _find_opened(step, session.rehearsal)
    if step.has_plan:
        _show_tab(step)
    if session.opened is None:
        return dict(step.settings)  # The page says what is wrong, and what it shows instead.
    tab = {TAB_SETTING: step.tab} if step.tab else {}
    if step.has_plan:
        if session.opened == before:
            others = (*TOUR_PARAMETERS, TAB_SETTING)
            return {name: value for name, value in st.query_params.items() if name not in others} | tab
        adopt_plan(make_step_plan(step, session.rehearsal))
    return session.opened[1] | tab


def _show_tab(step: Step) -> None:
    workload = find_workload(step.page)
    if step.tab:
        show_tab(workload, step.tab)
        return
    try:
        show_tab_of(workload, step.plan(None))
    except PlanError:
        return  # The page says what is wrong, on the tab that is open.


def _find_opened(step: Step, rehearsal: bool) -> tuple[str, dict[str, str]] | None:
    """The page of a step and the query parameters of all its settings but its tab: those that the step does not name
    have their defaults. None if this machine does not allow them."""
    settings = dict(step.settings)
    try:
        if step.has_plan:
            settings = to_query(make_step_plan(step, rehearsal))
        elif step.page == SWEEP_PAGE:
            workload = settings.pop(WORKLOAD_PARAMETER)
            plan = from_query(workload, settings, core_limit=core_limit())
            settings = to_query(plan) | {WORKLOAD_PARAMETER: workload}
    except PlanError:
        return None
    return step.page, settings


def link_query(tour: Tour, position: int) -> dict[str, str]:
    """The query parameters of a link to a step: its settings and its place."""
    return dict(tour.steps[position].settings) | _list_place(tour, position)


def _list_place(tour: Tour, position: int) -> dict[str, str]:
    return {TOUR_PARAMETER: tour.name, TOUR_STEP_PARAMETER: str(position + 1)}


def make_step_plan(step: Step, rehearsal: bool) -> Plan:
    """The plan of a step of a workload's page. Raises PlanError."""
    plan = step.plan(core_limit())
    return plan.model_copy(update={"budget_s": REHEARSAL_BUDGET_S}) if rehearsal else plan
