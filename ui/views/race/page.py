"""The race page, the same for every workload: story, controls, the race as it goes, and what came of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.declaration import Code, Workload, registry
from ui import services
from ui.charts import race
from ui.components import claim_card, sidebar
from ui.controls import form
from ui.controls.form import Narrowed
from ui.design import theme
from ui.design.theme import Theme
from ui.run_view import view
from ui.views.runs.page import date_and_time

Tab = Callable[[Plan], None]
"""Draws what stands beside the race, of the plan that the controls say."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tab of a page whose tabs stand above the controls: each has its own part of the workload, and its own race."""

    controls: Narrowed
    """What a plan sets here, and which controls are left."""
    above: Tab
    """Draws what stands above the race: story and code. While a race is on, it is not drawn."""
    below: Tab | None = None
    """Draws what stands below it."""
    code: Callable[[Plan], Code] | None = None
    """The lines that change; None where there is no race."""
    first: Tab | None = None
    """Draws what stands above the run, of what was raced before; not while a race is on."""

    def covers(self, parameters: Mapping[str, object]) -> bool:
        return all(parameters.get(name) == value for name, value in self.controls.sets.items())


Tabs = Mapping[str, Tab | Part | None]
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
    tab: str = ""
    """The tab that it belongs to, where each has a race of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands below the controls."""

    run: Run | None = None
    waits: int | None = None
    """How many races are in front, while the run waits."""
    live: bool = False
    problem: str = ""
    elsewhere: str = ""
    """The tab whose race is on, where that is not the one in sight."""


def page(workload_name: str, tabs: Tabs | None = None) -> None:
    """The whole page. With `tabs`, what each of them draws stands beside the race, which is the one with None; where
    they are parts of the workload, each has its own race."""
    workload, colours = registry()[workload_name], view.theme()
    shown = _followed(workload)
    chosen = _tab_in_sight(workload, tabs, shown) if tabs else ""
    tab = tabs[chosen] if tabs else None
    part = tab if isinstance(tab, Part) else None
    header = st.container()
    if tabs and part:
        _draw_tabs(workload, tabs)
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    messages = st.container()
    story = st.container()
    with row:
        with st.container(width="stretch"):
            plan = form.plan_from_controls(workload, colours, messages, part.controls if part else None)
        if part is None or part.code:
            _buttons(workload, plan, shown, chosen if part else "")
    if tabs:
        st.query_params["tab"] = chosen
    shown = _still_wanted(workload, plan, shown, chosen)
    if part:
        with header:
            _header(workload, plan, shown, folded=True, code=part.code)
        _part(workload, part, plan, shown, story, colours)
        return
    if tabs:
        with story:
            _draw_tabs(workload, tabs)
            if tab is not None:
                _beside(workload, tab, plan)
    if tab is not None:
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


def _tab_in_sight(workload: Workload, tabs: Tabs, shown: Shown) -> str:
    """The tab that was chosen; at first the one of the run or of the settings that the URL asks for."""
    key = tab_key(workload)
    if key in st.session_state:
        return st.session_state[key]
    parts = {name: tab for name, tab in tabs.items() if isinstance(tab, Part) and tab.code}
    defaults = {parameter.name: parameter.default for parameter in workload.parameters}
    asked = st.query_params.get("tab", RACE if "run" in st.query_params else "")
    if shown.run is not None:
        asked = next((name for name, part in parts.items() if part.covers(shown.run.plan.parameters)), asked)
        _follow(workload).tab = asked if asked in parts else ""
    elif asked not in tabs and defaults.keys() & st.query_params.keys():
        wanted = defaults | st.query_params.to_dict()
        asked = next((name for name, part in parts.items() if part.covers(wanted)), "")
    st.session_state[key] = asked if asked in tabs else next(iter(tabs))
    return st.session_state[key]


def _draw_tabs(workload: Workload, tabs: Tabs) -> None:
    st.tabs(list(tabs), key=tab_key(workload), on_change="rerun")


def _beside(workload: Workload, draw: Tab, plan: Plan | None) -> None:
    """What a tab draws in the race's place."""
    if why := plan.unavailable() if plan else workload.unavailable():
        st.warning(why, title="This cannot run here", icon=":material/desktop_access_disabled:")
    elif plan is not None:
        draw(plan)


def _part(
    workload: Workload, part: Part, plan: Plan | None, shown: Shown, place: DeltaGenerator, colours: Theme
) -> None:
    """A part of the workload: its story, its race, and what stands below."""
    if part.code is None:
        _beside(workload, part.above, plan)
        return
    run_in_sight = shown.run is not None
    if plan is not None and not shown.live:
        # Beside a race nothing is drawn that takes the browser long.
        with place:
            if run_in_sight:
                with st.expander("The story and the code", icon=":material/menu_book:"):
                    part.above(plan)
            else:
                part.above(plan)
            if part.first and not plan.unavailable():
                part.first(plan)
    _below(workload, plan, shown, colours, same=True)
    if part.below and plan is not None and not shown.live and not plan.unavailable():
        part.below(plan)


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
            form.adopt(shown.run.plan)
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
        status = services.dispatcher().status(run)
    except (OSError, StoreError) as error:
        return Shown(problem=f"The run cannot be read: {error}")
    live = not status.over
    waits = status.place if status.run is None and live else None
    return Shown(run=status.run, waits=waits, live=live, problem=status.problem)


def _follow(workload: Workload) -> Followed:
    return st.session_state[_slot(workload)]


def _still_wanted(workload: Workload, plan: Plan | None, shown: Shown, tab: str) -> Shown:
    """A run that is over leaves the page when the controls are moved away from it, or another tab's race is wanted."""
    followed: Followed | None = st.session_state.get(_slot(workload))
    if followed is None or plan is None:
        return shown
    if followed.tab and followed.tab != tab:
        if shown.live:
            return Shown(live=True, elsewhere=followed.tab)
        _forget(workload)
        return Shown()
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


def _header(
    workload: Workload,
    plan: Plan | None,
    shown: Shown,
    *,
    folded: bool,
    code: Callable[[Plan], Code] | None = None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"## {workload.icon} {workload.title}", width="content", help=workload.sentence)
        st.space("stretch")
        if folded:
            with st.popover("The lines that change", icon=":material/difference:", type="tertiary"):
                _sentences(workload)
                _diff(code(plan) if code and plan else workload.code)
        if plan is None:
            return
        with st.popover("Command line", icon=":material/terminal:", type="tertiary"):
            st.markdown("The same race from a shell:")
            st.code(plan.command(), language="bash", wrap_lines=True)
        with st.popover("Share", icon=":material/link:", type="tertiary"):
            st.markdown("These settings" + (" and this run:" if shown.run else ":"))
            st.code(view.share_url(shown.run, plan.to_query()), language=None, wrap_lines=True)
        st.page_link(
            services.page("runs"),
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
        _diff(workload.code)


def _sentences(workload: Workload) -> None:
    st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
    st.markdown(f"[Where it comes from]({workload.source})")


def _diff(code: Code) -> None:
    st.code(diff(code), language="diff", wrap_lines=True)


def diff(code: Code) -> str:
    """The lines that change, with all that stay."""
    before, after = code.before.splitlines(), code.after.splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=max(len(before), len(after)))
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


# --- run and stop ---


def _buttons(workload: Workload, plan: Plan | None, shown: Shown, tab: str) -> None:
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
        _start(workload, plan, tab)
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


def _start(workload: Workload, plan: Plan, tab: str = "") -> None:
    """Race `plan`, and show it: in `tab`, or where all of the page's races are."""
    try:
        run = services.dispatcher().submit(plan, origin="page")
    except (OSError, StoreError) as error:
        st.session_state[f"{workload.name}:error"] = (
            f"{error}. Check that the disk has room and may be written, and run again."
        )
        return
    st.session_state[_slot(workload)] = Followed(run, tab=tab)
    st.query_params["run"] = run
    if not tab:
        to_race(workload)
    sidebar.lighten()


def _stop(workload: Workload) -> None:
    followed: Followed | None = st.session_state.get(_slot(workload))
    if followed is None:
        return
    try:
        services.dispatcher().stop(followed.run)
        followed.stopped = True
    except OSError as error:
        st.session_state[f"{workload.name}:error"] = f"{error}. Stop it again; closing Fairlap ends it too."


# --- below the controls ---


def _below(workload: Workload, plan: Plan | None, shown: Shown, colours: Theme, *, same: bool = False) -> bool:
    """What there is to see; whether it is a run, beside which the story folds. With `same` no other plan's run."""
    if why := plan.unavailable() if plan else workload.unavailable():
        st.warning(why, title="This race cannot run here", icon=":material/desktop_access_disabled:")
    if error := st.session_state.pop(f"{workload.name}:error", ""):
        st.error(error, title="That did not work", icon=":material/error:")
    if shown.elsewhere:
        st.fragment(_elsewhere, run_every=EVERY_S)(workload, shown.elsewhere)
        return False
    if shown.live:
        st.html(STEADY)
        live = st.fragment(_live, run_every=_pace(shown))
        live(workload, st.session_state[_slot(workload)].run, waiting=shown.run is None)
        return shown.run is not None
    if shown.problem:
        st.warning(claim_card.plain(shown.problem), icon=":material/info:")
    if shown.run is not None:
        view.draw(shown.run, key=f"{workload.name}-run", live=False)
        return True
    return _before(workload, plan, colours, same)


def _elsewhere(workload: Workload, tab: str) -> None:
    """That another tab's race is on; when it is over, all of the page is drawn anew."""
    if not _look(_follow(workload).run).live:
        st.rerun()
    st.info(f"The race of **{tab}** is on; see its tab. Another can begin when it is over.", icon=":material/tab:")


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
    services.dispatcher().drawing(run)
    with st.container(key=LIVE):
        if shown.run is None:
            _waiting(run, shown.waits or 0)
        else:
            view.draw(shown.run, key=f"{workload.name}-run", live=True)


def _waiting(run: str, place: int) -> None:
    """The queue in front of a run that has not begun."""
    entries = services.dispatcher().entries()
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


def _before(workload: Workload, plan: Plan | None, colours: Theme, only_same: bool) -> bool:
    """Before a run: the last one of this plan, else of this workload, else what was published."""
    try:
        run, same = _last(workload, plan, only_same)
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


def _last(workload: Workload, plan: Plan | None, only_same: bool) -> tuple[Run | None, bool]:
    """The newest finished run, and whether it is of this plan."""
    store = services.store()
    digest = plan.digest if plan else None
    row = store.last(workload=workload.name, digest=digest) if digest else None
    same = row is not None
    row = row or (None if only_same else store.last(workload=workload.name))
    return (services.dispatcher().status(row.id).run, same) if row else (None, False)


def _published(workload: Workload, colours: Theme) -> None:
    """What others measured; nothing was measured here yet."""
    labels, told = workload.labels(), workload.figures()
    if not told:
        st.info("These settings were not raced here yet. Press Run.", icon=":material/sports_score:")
        return
    st.markdown("**Published figures**")
    st.caption("These settings were not raced here yet: press Run to measure them on this machine.")
    st.plotly_chart(
        race.published(workload, colours),
        key=f"{workload.name}-published",
        config=theme.CONFIG,
        alt="Published ratios of every step",
    )
    for step, published in told.items():
        st.caption(
            f"**{labels[step]}**: {published.ratio:g}x, {claim_card.plain(published.source)}. "
            f"{claim_card.plain(published.why_it_differs)}"
        )
