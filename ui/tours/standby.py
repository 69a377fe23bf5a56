"""The next race of a tour, held with its arms ready, so that its first pair appears as soon as Run is pressed."""

from __future__ import annotations

import logging

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.scheduler.preparation import list_preparations
from bench.storage.store import StoreError
from ui import actions, services
from ui.tours.model import Step, Tour
from ui.tours.racing import find_step_run, is_race_of, is_run_unread
from ui.tours.session import TourSession, make_step_plan

LOGGER = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""How often a race is held that was not started: another job may have ended it, or it fails."""


def hold_next_race(session: TourSession, tour: Tour) -> None:
    """Hold the race of this step, or that of the next step with one. Not while another job waits or runs, or before the
    page has opened the run of its address: the next rerun tries again. A race that is not prepared is not held: nobody
    has asked to build models yet.

    An error, such as a full disk, is logged and counts as an attempt: the page is shown, and Run reports its own."""
    if is_run_unread(tour.steps[session.position]):
        return
    plan = find_next_plan(session, tour)
    if plan is None or resolve(plan).unavailable() or session.holds.get(plan.digest, 0) >= MAX_ATTEMPTS:
        return
    try:
        is_held = is_prepared(plan) and actions.hold_race(plan)
    except (OSError, StoreError) as error:
        LOGGER.warning("The next race of the tour %s cannot be held: %s", tour.name, error)
        is_held = True
    if is_held:
        session.holds[plan.digest] = session.holds.get(plan.digest, 0) + 1


def find_next_plan(session: TourSession, tour: Tour) -> Plan | None:
    """The plan of the first race from this step on that fits this machine; not of this step if its race was started
    already."""
    for position, step in enumerate(tour.steps[session.position :]):
        plan = _make_plan(step, session) if step.race else None
        if plan is not None and (position or not _was_started(step, session)):
            return plan
    return None


def is_prepared(plan: Plan) -> bool:
    """Whether what the race needs was made since the machine was started. Raises StoreError."""
    preparations = list_preparations([plan], services.get_store(), services.get_machine())
    return all(preparation.is_ready for preparation in preparations)


def _make_plan(step: Step, session: TourSession) -> Plan | None:
    try:
        return make_step_plan(step, session.rehearsal)
    except PlanError:
        return None  # The page of the step shows why.


def _was_started(step: Step, session: TourSession) -> bool:
    displayed = find_step_run(step)
    run = displayed.run if displayed else None
    return run is not None and is_race_of(step, run, rehearsal=session.rehearsal)
