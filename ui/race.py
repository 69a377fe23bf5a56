"""The race page, the same for every workload: story, controls, the race as it goes, and what came of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan import Plan
from bench.record import Run
from bench.store import StoreError
from bench.workload import Workload, registry
from ui import charts, claim, controls, service, sidebar, style, view
from ui.runs import date_and_time
from ui.style import Theme

Tab = Callable[[Plan], None]
"""Draws what stands beside the race, of the plan that the controls say."""
RACE = "Race"
"""The tab of the race itself."""
EVERY_S = 0.5
"""How often the page looks at a race that is on."""
SPARING_S = 1.0
"""The same where the race takes nearly all cores: a browser on this machine then draws on those that are raced on."""
SPARE_CORES = 2
LIVE = "fairlap-live"
STEADY = f"<style>.st-key-{LIVE} [data-stale='true'] {{opacity: 1 !important; transition: none !important}}</style>"
"""Streamlit fades what a redraw has not reached after half a second; beside a race for the cores, it would flicker."""


@dataclass(slots=True)
class Followed:
    """The run that this session's page of a workload shows."""

    run: str
    stopped: bool = False
    """Whether Stop was pressed: a run that waits is then as good as gone."""
    controls: str = ""
    """Digest of the controls' plan when the run was last on: when they say another, the page shows that one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands below the controls."""

    run: Run | None = None
    waits: int | None = None
    """How many races are in front, while the run waits."""
    live: bool = False
    problem: str = ""


def page(workload_name: str, tabs: Mapping[str, Tab | None] | None = None) -> None:
    """The whole page. With `tabs`, what each of them draws stands beside the race, which is the one with None."""
    workload, colours = registry()[workload_name], view.theme()
    shown = _followed(workload)
    header = st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    messages = st.container()
    story = st.container()
    with row:
        with st.container(width="stretch"):
            plan = controls.plan_from_controls(workload, colours, messages)
        _buttons(workload, plan, shown)
    shown = _still_wanted(workload, plan, shown)
    if tabs and _other_tab(workload, tabs, plan, story):
        with header:
            _header(workload, plan, shown, folded=True)
        return
    fold = _below(workload, plan, shown, colours)
    with header:
        _header(workload, plan, shown, folded=fold)
    if not fold:
        # Who waits sees first what is waited for.
        with story if shown.waits is None else st.container():
            _story(workload)


# --- tabs beside the race ---


def tab_key(workload: Workload) -> str:
    """Session key of the tab in sight; it may be set before the page is drawn."""
    return f"{workload.name}:tab"


def _other_tab(workload: Workload, tabs: Mapping[str, Tab | None], plan: Plan | None, place: DeltaGenerator) -> bool:
    """Draw the tabs, and what is on the one in sight; False where that is the race, which is drawn below it."""
    key = tab_key(workload)
    if key not in st.session_state:
        asked = st.query_params.get("tab", RACE if "run" in st.query_params else "")
        st.session_state[key] = asked if asked in tabs else next(iter(tabs))
    with place:
        st.tabs(list(tabs), key=key, on_change="rerun")
    chosen = st.session_state[key]
    st.query_params["tab"] = chosen
    draw = tabs[chosen]
    if draw is None:
        return False
    if why := plan.unavailable() if plan else workload.unavailable():
        st.warning(why, title="This cannot run here", icon=":material/desktop_access_disabled:")
    elif plan is not None:
        draw(plan)
    return True


def to_race(workload: Workload) -> None:
    """Show the race when the page is drawn next; for callbacks, and before the page is drawn."""
    st.session_state[tab_key(workload)] = RACE


# --- which run ---


def _slot(workload: Workload) -> str:
    return f"{workload.name}:followed"


def _followed(workload: Workload) -> Shown:
    """The run that the URL names, or the one that this session follows; its settings go to the controls."""
    asked = st.query_params.get("run")
    followed: Followed | None = st.session_state.get(_slot(workload))
    if asked and (followed is None or followed.run != asked):
        shown = _look(asked)
        if shown.run is not None and shown.run.plan.workload != workload.name:
            st.query_params.pop("run", None)
            return Shown(problem=f"The run {asked[:8]} is of {shown.run.plan.declaration.title}, not of this page.")
        st.session_state[_slot(workload)] = Followed(asked)
        if shown.run is not None:
            controls.adopt(shown.run.plan)
        return shown
    if followed is None:
        return Shown()
    if not asked:
        st.query_params["run"] = followed.run
    shown = _look(followed.run)
    if followed.stopped and shown.waits is not None:
        return Shown(problem="It was stopped before its turn came; nothing was measured.")
    return shown


def _look(run: str) -> Shown:
    """Where a run stands now."""
    try:
        status = service.dispatcher().status(run)
    except (OSError, StoreError) as error:
        return Shown(problem=f"The run cannot be read: {error}")
    live = not status.over
    waits = status.place if status.run is None and live else None
    return Shown(run=status.run, waits=waits, live=live, problem=status.problem)


def _still_wanted(workload: Workload, plan: Plan | None, shown: Shown) -> Shown:
    """A run that is over leaves the page when the controls are moved away from it."""
    followed: Followed | None = st.session_state.get(_slot(workload))
    if followed is None or plan is None:
        return shown
    if shown.live or not followed.controls:
        followed.controls = plan.digest
    elif followed.controls != plan.digest:
        _forget(workload)
        return Shown()
    return shown


def _forget(workload: Workload) -> None:
    st.session_state.pop(_slot(workload), None)
    st.query_params.pop("run", None)


# --- the head of the page ---


def _header(workload: Workload, plan: Plan | None, shown: Shown, *, folded: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"## {workload.icon} {workload.title}", width="content", help=workload.sentence)
        st.space("stretch")
        if folded:
            with st.popover("The lines that change", icon=":material/difference:", type="tertiary"):
                _sentences(workload)
                _diff(workload)
        if plan is None:
            return
        with st.popover("Command line", icon=":material/terminal:", type="tertiary"):
            st.markdown("The same race from a shell:")
            st.code(plan.command(), language="bash", wrap_lines=True)
        with st.popover("Share", icon=":material/link:", type="tertiary"):
            st.markdown("These settings" + (" and this run:" if shown.run else ":"))
            st.code(view.share_url(shown.run, plan.to_query()), language=None, wrap_lines=True)
        st.page_link(
            service.page("runs"),
            label="Runs of this plan",
            icon=":material/history:",
            query_params={"plan": plan.digest},
            help="Every run of these very settings that was kept",
        )


def _story(workload: Workload) -> None:
    st.markdown(workload.sentence)
    told, code = st.columns([5, 6], gap="medium")
    with told:
        _sentences(workload)
    with code:
        _diff(workload)


def _sentences(workload: Workload) -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
    st.markdown(f"[Where it comes from]({workload.source})")


def _diff(workload: Workload) -> None:
    st.code(diff(workload), language="diff", wrap_lines=True)


def diff(workload: Workload) -> str:
    """The lines that change, with all that stay."""
    before, after = workload.code.before.splitlines(), workload.code.after.splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=max(len(before), len(after)))
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


# --- run and stop ---


def _buttons(workload: Workload, plan: Plan | None, shown: Shown) -> None:
    pressed = st.button(
        "Run",
        icon=":material/play_arrow:",
        type="primary",
        key=f"{workload.name}:run",
        disabled=plan is None or shown.live or bool(plan.unavailable()),
        help="Race both arms on this machine",
    )
    # Here and not in a callback: that would be handed the plan of the last redraw, and whoever moves a slider and
    # presses Run at once would race another one than they see.
    if pressed and plan is not None:
        _start(workload, plan)
        st.rerun()
    st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{workload.name}:stop",
        disabled=not shown.live,
        on_click=_stop,
        args=(workload,),
        help="End the race; what was measured is kept",
    )


def _start(workload: Workload, plan: Plan) -> None:
    try:
        run = service.dispatcher().submit(plan, origin="page")
    except (OSError, StoreError) as error:
        st.session_state[f"{workload.name}:error"] = (
            f"{error}. Check that the disk has room and may be written, and run again."
        )
        return
    st.session_state[_slot(workload)] = Followed(run)
    st.query_params["run"] = run
    to_race(workload)
    sidebar.lighten()


def _stop(workload: Workload) -> None:
    followed: Followed | None = st.session_state.get(_slot(workload))
    if followed is None:
        return
    try:
        service.dispatcher().stop(followed.run)
        followed.stopped = True
    except OSError as error:
        st.session_state[f"{workload.name}:error"] = f"{error}. Stop it again; closing Fairlap ends it too."


# --- below the controls ---


def _below(workload: Workload, plan: Plan | None, shown: Shown, colours: Theme) -> bool:
    """What there is to see; whether it is a run, beside which the story folds."""
    if why := plan.unavailable() if plan else workload.unavailable():
        st.warning(why, title="This race cannot run here", icon=":material/desktop_access_disabled:")
    if error := st.session_state.pop(f"{workload.name}:error", ""):
        st.error(error, title="That did not work", icon=":material/error:")
    if shown.live:
        st.html(STEADY)
        live = st.fragment(_live, run_every=_pace(shown))
        live(workload, st.session_state[_slot(workload)].run, waiting=shown.run is None)
        return shown.run is not None
    if shown.problem:
        st.warning(claim.plain(shown.problem), icon=":material/info:")
    if shown.run is not None:
        view.draw(shown.run, key=f"{workload.name}-run", live=False)
        return True
    return _before(workload, plan, colours)


def _pace(shown: Shown) -> float:
    """Seconds between two redraws."""
    if shown.run is None:
        return EVERY_S
    spare = len(shown.run.machine.usable_cores) - shown.run.plan.cores
    return EVERY_S if spare >= SPARE_CORES else SPARING_S


def _live(workload: Workload, run: str, *, waiting: bool) -> None:
    """The race as it goes. When it begins and when it ends, all of the page is drawn anew; then the clock stops."""
    shown = _look(run)
    if not shown.live or (waiting and shown.run is not None):
        st.rerun()
    service.dispatcher().drawing(run)
    with st.container(key=LIVE):
        if shown.run is None:
            _waiting(run, shown.waits or 0)
        else:
            view.draw(shown.run, key=f"{workload.name}-run", live=True)


def _waiting(run: str, place: int) -> None:
    """The queue in front of a run that has not begun."""
    entries = service.dispatcher().entries()
    in_front = entries[:place]
    if not in_front:
        st.info("Its turn has come: the arms are being started.", icon=":material/hourglass_top:")
        return
    races = "1 race is" if place == 1 else f"{place} races are"
    names = ", ".join(f"{entry.title} (from the {entry.origin})" for entry in in_front)
    st.info(
        f"{names}. One race at a time runs on a machine, so that none disturbs another; yours begins by itself.",
        title=f"{races} in front of yours",
        icon=":material/hourglass_top:",
    )


def _before(workload: Workload, plan: Plan | None, colours: Theme) -> bool:
    """Before a run: the last one of this plan, else of this workload, else what was published."""
    try:
        run, same = _last(workload, plan)
    except (OSError, StoreError) as error:
        st.error(str(error), title="Stored runs cannot be read", icon=":material/database_off:")
        run, same = None, False
    if run is None:
        _published(workload, colours)
        return False
    when = date_and_time(run.started)
    if same:
        st.caption(f":material/history: Last run of this plan on this machine, {when}. Press **Run** to race it again.")
    else:
        st.caption(
            f":material/history: No run of these settings yet. This is the last one **of another setting**, {when}: "
            f"`{run.plan.command().removeprefix('python -m bench run ')}`"
        )
    view.draw(run, key=f"{workload.name}-run", live=False)
    return True


def _last(workload: Workload, plan: Plan | None) -> tuple[Run | None, bool]:
    """The newest finished run, and whether it is of this plan."""
    store = service.store()
    digest = plan.digest if plan else None
    row = store.last(workload=workload.name, digest=digest) if digest else None
    same = row is not None
    row = row or store.last(workload=workload.name)
    return (service.dispatcher().status(row.id).run, same) if row else (None, False)


def _published(workload: Workload, colours: Theme) -> None:
    """What others measured; nothing was measured here yet."""
    labels, told = workload.labels(), workload.figures()
    if not told:
        st.info("Nothing was raced here yet. Press Run.", icon=":material/sports_score:")
        return
    st.markdown("**Published figures**")
    st.caption("Nothing was raced here yet: press Run to measure it on this machine.")
    st.plotly_chart(
        charts.published(workload, colours),
        key=f"{workload.name}-published",
        config=style.CONFIG,
        alt="Published ratios of every step",
    )
    for step, published in told.items():
        st.caption(
            f"**{labels[step]}**: {published.ratio:g}x, {claim.plain(published.source)}. "
            f"{claim.plain(published.why_it_differs)}"
        )
