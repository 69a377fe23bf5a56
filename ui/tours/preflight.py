"""The pre-flight of a tour: whether its races can start now, how soon their first pairs appear, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_budget
from bench.plan.plan import Plan
from bench.plan.validation import PlanError
from bench.scheduler.preflight import (
    FIRST_PAIR_GOAL_S,
    Check,
    Outcome,
    PlannedRace,
    Preflight,
    RaceForecast,
    examine_races,
    read_surroundings,
)
from bench.storage.store import StoreError
from ui import actions, services
from ui.access.identity import find_visitor
from ui.access.redaction import describe_text
from ui.components.announcer import draw_job_announcer
from ui.components.machine_load import measure_other_load
from ui.components.noise import measure_noise_if_free
from ui.components.preparation import (
    REFRESH_S,
    draw_preparation_rows,
    draw_start_button,
    draw_stop_button,
    find_active_preparations,
    read_unless_busy,
)
from ui.design.markdown import escape_markdown
from ui.tours.model import Tour
from ui.tours.session import make_step_plan

IDLE_REFRESH_S = 5.0
"""Time between two redraws while no preparation waits or runs: other jobs come and go."""
MARKS = {
    Outcome.OK: ":green[:material/check_circle:]",
    Outcome.WARNING: ":orange[:material/warning:]",
    Outcome.PROBLEM: ":red[:material/error:]",
}
COLOURS = {Outcome.OK: "green", Outcome.WARNING: "orange", Outcome.PROBLEM: "red"}


def list_races(tour: Tour, *, rehearsal: bool = False) -> list[PlannedRace]:
    """The races of a tour, each with the number and the title of its step. A plan that does not fit this machine is
    kept, so that the pre-flight shows why."""
    return [
        PlannedRace(f"{number}. {step.title}", _make_plan(tour, number - 1, rehearsal))
        for number, step in enumerate(tour.steps, start=1)
        if step.race
    ]


def _make_plan(tour: Tour, position: int, rehearsal: bool) -> Plan:
    step = tour.steps[position]
    try:
        return make_step_plan(step, rehearsal)
    except PlanError:
        return step.plan(None)


def draw_preflight(tour: Tour, *, rehearsal: bool = False) -> None:
    """All checks of the races of a tour, and the buttons that prepare what is missing."""
    races = list_races(tour, rehearsal=rehearsal)
    if not races:
        st.caption("This tour has no races: there is nothing to prepare.")
        return
    # It would be a job before all others, and nobody could measure the noise.
    actions.release_held_race()
    plans = [race.plan for race in races]
    live = bool(find_active_preparations(plans, services.get_dispatcher().entries()))
    text = "The preparation has started." if live else "The preparation has ended."
    draw_job_announcer("preflight", text, live=live, key="preflight-announcer")
    st.fragment(_draw_content, run_every=REFRESH_S if live else IDLE_REFRESH_S)(tour.name, races, live)


def _draw_content(name: str, races: Sequence[PlannedRace], was_live: bool) -> None:
    try:
        entries = services.get_dispatcher().entries()
        active = find_active_preparations([race.plan for race in races], entries)
        if bool(active) is not was_live:
            st.rerun()
        # Reading the load would be part of the load of a job.
        load = None if entries else measure_other_load()
        surroundings = read_surroundings(entries, load.busy_cores if load else None)
        preflight = read_unless_busy(
            f"preflight-{name}",
            (tuple(race.plan.digest for race in races), tuple(active.items()), len(entries)),
            lambda: examine_races(
                races, services.get_store(), services.get_machine(), surroundings, is_held=find_visitor().is_operator
            ),
            is_idle=not entries,
        )
    except (OSError, StoreError) as error:
        services.draw_store_error(error)
        return
    with st.container(key="preflight", gap="small"):
        _draw_summary(preflight)
        checks, preparing = st.columns([3, 2], gap="medium")
        with checks.container(gap="xsmall", key="preflight-checks"):
            for check in preflight.checks:
                _draw_check(check)
        with preparing.container(border=True, gap="small"):
            draw_preparation_rows(preflight.preparations, active)
            _draw_buttons(preflight, active)
        _draw_forecasts(preflight.forecasts)


def _draw_summary(preflight: Preflight) -> None:
    icon = MARKS[preflight.outcome].partition("[")[2].removesuffix("]")
    st.markdown(f":{COLOURS[preflight.outcome]}-badge[{icon} {escape_markdown(preflight.summary)}]")


def _draw_check(check: Check) -> None:
    remedy = f"  \n:gray[{describe_text(check.remedy)}]" if check.remedy else ""
    st.markdown(f"{MARKS[check.outcome]} **{check.title}:** {describe_text(check.seen)}{remedy}")


def _draw_buttons(preflight: Preflight, active: dict[str, str]) -> None:
    if why_not := actions.why_not_start():
        st.caption(f":material/lock: {why_not}")
        return
    unprepared = [preparation for preparation in preflight.unprepared if preparation.digest not in active]
    with st.container(horizontal=True, gap="small"):
        if active:
            draw_stop_button(active, "preflight-stop")
        else:
            kind = "primary" if unprepared else "secondary"
            draw_start_button("Prepare everything", unprepared or preflight.preparations, "preflight-prepare", kind)
        if st.button("Measure the noise", icon=":material/graphic_eq:", key="preflight-noise", disabled=bool(active)):
            measure_noise_if_free()
            st.rerun(scope="fragment")
        # A press redraws the fragment, which checks everything.
        st.button("Check again", icon=":material/refresh:", key="preflight-again", disabled=bool(active))


def _draw_forecasts(forecasts: Sequence[RaceForecast]) -> None:
    st.table(
        {
            "Step": [escape_markdown(forecast.race.title) for forecast in forecasts],
            "Prepared": [_describe_prepared(forecast) for forecast in forecasts],
            "Arms ready": [_describe_seconds(forecast.ready_s) for forecast in forecasts],
            "First pair expected": [_describe_first_pair(forecast) for forecast in forecasts],
            "Race takes about": ["–" if forecast.problem else format_budget(forecast.race_s) for forecast in forecasts],
        },
        border="horizontal",
        alt="The races of the tour: whether each is prepared, when its first pair is expected, and how long it takes",
    )


def _describe_prepared(forecast: RaceForecast) -> str:
    if forecast.problem:
        return f"{MARKS[Outcome.PROBLEM]} cannot run here"
    if forecast.preparation is None:
        return f"{MARKS[Outcome.OK]} nothing to prepare"
    if forecast.is_prepared:
        return f"{MARKS[Outcome.OK]} yes"
    return f"{MARKS[Outcome.WARNING]} {escape_markdown(forecast.preparation.why_open)}"


def _describe_seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"after about {seconds:.0f} s"


def _describe_first_pair(forecast: RaceForecast) -> str:
    if forecast.problem:
        return "–"
    if forecast.first_pair_s is None:
        return "not known: rehearse it once" if forecast.is_prepared else "not known until it is prepared"
    if forecast.first_pair_s <= FIRST_PAIR_GOAL_S:
        return f"within {FIRST_PAIR_GOAL_S:.0f} s of Run"
    return _describe_seconds(forecast.first_pair_s)
