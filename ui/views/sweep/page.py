"""The page Sweep: choose a grid, race its cells, and see where which arm wins, and which cell suits a latency."""

from __future__ import annotations

import math

import streamlit as st

from bench.formatting import format_count
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.sweep import CellState, SweepRecord
from bench.scheduler.race_time import RaceDuration
from bench.scheduler.sweep_estimate import estimate_sweep, find_durations
from bench.scheduler.sweep_liveness import is_live, is_reachable
from bench.scheduler.sweep_series import SweepRequest, SweepSeries, digest_request
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components.announcer import draw_announcer
from ui.design.browser import detect_theme
from ui.design.glossary import explain
from ui.design.markdown import escape_markdown, quote_code
from ui.design.progress import draw_progress
from ui.design.text import format_date_time
from ui.run_view.report_form import draw_report_button
from ui.views.sweep.result import draw_sweep
from ui.views.sweep.settings import choose_plan, choose_request, choose_workload

REFRESH_S = 2.0
"""Time between two looks at a sweep that goes on. The page may be drawn on the cores of a race."""
MESSAGE_KEY = "sweep:message"
"""Session key of an error, as Markdown, that the next rerun shows."""
ANNOUNCER_KEY = "sweep-announcer"


def draw_sweep_page() -> None:
    st.title("Sweep")
    st.markdown(
        "At which batch, with how many cores, with which settings? One short race in each cell of a grid, all by the "
        "usual rules. Cells that were measured before are reused.",
        help=explain("sweep"),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="sweep-controls"):
        workload = choose_workload()
        messages = st.container()
        plan = choose_plan(workload, messages)
    if plan is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="sweep-grid"):
        request = choose_request(plan, messages)
    if request is None:
        return
    if message := st.session_state.pop(MESSAGE_KEY, ""):
        st.error(message, title="The last action failed", icon=":material/error:")
    try:
        shown = _find_sweep(workload, request)
        _draw_buttons(request, shown)
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="The sweeps cannot be read", icon=":material/database_off:")
        return
    if shown is None:
        st.info(
            "No sweep of this workload is stored yet. Choose two settings and press **Sweep**.",
            icon=":material/grid_on:",
        )
        return
    _draw_shown(shown, request)


def _find_sweep(workload: Workload, request: SweepRequest) -> SweepRecord | None:
    """The sweep of the visitor that goes on, else the newest over this grid, else the newest of the workload. Raises
    OSError and StoreError."""
    series = _find_own()
    if series is not None and not series.progress.over and series.record.plan.workload == workload.name:
        # Its thread may not have stored it yet.
        return _load(series.record.id) or series.record
    digest = digest_request(request)
    rows = records.list_rows(kind=JobKind.SWEEP, digest=digest, limit=1)
    rows = rows or records.list_rows(kind=JobKind.SWEEP, workload=workload.name, limit=1)
    return _load(rows[0].id) if rows else None


def _find_own() -> SweepSeries | None:
    series = actions.find_series()
    return series if isinstance(series, SweepSeries) else None


def _find_own_record(sweep_id: str) -> SweepRecord | None:
    series = _find_own()
    return series.record if series is not None and series.record.id == sweep_id else None


def goes_on(record: SweepRecord) -> bool:
    """Whether a sweep goes on: in this process, also while its thread begins, or in another one."""
    return _is_own(record) or is_live(record, services.get_machine())


def _is_own(record: SweepRecord) -> bool:
    series = _find_own()
    return series is not None and series.record.id == record.id and not series.progress.over


def _load(sweep_id: str) -> SweepRecord | None:
    record = records.load_record(sweep_id)
    return record if isinstance(record, SweepRecord) else None


def _draw_buttons(request: SweepRequest, shown: SweepRecord | None) -> None:
    series = actions.find_series()
    has_series = series is not None and not series.progress.over
    is_same = shown is not None and shown.digest == digest_request(request)
    live = shown is not None and goes_on(shown)
    can_stop = shown is not None and live and (_is_own(shown) or is_reachable(shown.id))
    is_complete = is_same and shown is not None and shown.state is State.FINISHED
    why_not = actions.why_not_start()
    if has_series:
        why_not = why_not or "A series of races goes on. Stop it, or wait until it ends."
    elif live and is_same:
        why_not = why_not or "This sweep goes on in another program."
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            _describe_button(request, shown if is_same else None),
            type="primary",
            icon=":material/grid_on:",
            key="sweep-start",
            disabled=bool(why_not),
            help=why_not or "The races wait in the queue like all others. You can close the page.",
        )
        stopped = st.button(
            "Stop",
            icon=":material/stop:",
            key="sweep-stop",
            disabled=not can_stop,
            help="End the race that runs, and queue no more. Cells that are measured are kept."
            if can_stop or not live
            else "Another server is running it. Stop it there.",
        )
    if pressed:
        _start(request, again=is_complete)
    if stopped and shown is not None:
        _stop(shown)


def _describe_button(request: SweepRequest, same: SweepRecord | None) -> str:
    """With the number of races and the time that they take."""
    plans = {cell.plan.digest: cell.plan for cell in request.make_cells() if cell.plan and not cell.problem}
    what = "Sweep"
    if same is not None and same.state is State.FINISHED:
        what = "Sweep again"
    else:
        done = _list_measured(tuple(sorted(plans)))
        if same is not None:
            what = "Continue the sweep"
        plans = {digest: plan for digest, plan in plans.items() if digest not in done}
    if not plans:
        return f"{what} (no race to make)"
    estimate = estimate_sweep(list(plans.values()), _load_durations(request.plan.workload, request.plan.case, request))
    low, high = (max(1, math.ceil(end / 60)) for end in (estimate.seconds.low, estimate.seconds.high))
    minutes = f"{low} min" if low == high else f"{low} to {high} min"
    return f"{what} ({format_count(len(plans), 'race')}, {minutes})"


def _load_durations(workload: str, case: str, request: SweepRequest) -> list[RaceDuration]:
    newest = records.list_rows(kind=JobKind.RACE, workload=workload, case_name=case, limit=1)
    return _read_durations(workload, case, newest[0].id if newest else "", request)


@st.cache_data(max_entries=50, show_spinner=False)
def _read_durations(workload: str, case: str, newest: str, _request: SweepRequest) -> list[RaceDuration]:
    """Read again when a race is stored. Raises StoreError."""
    return find_durations(services.get_store(), _request.plan, services.get_machine())


def _list_measured(digests: tuple[str, ...]) -> set[str]:
    """The plans that have a finished race on this machine. Raises StoreError."""
    machine = services.get_machine()
    rows = records.list_rows(kind=JobKind.RACE, digests=digests, state=State.FINISHED)
    return {row.digest for row in rows if row.is_from(machine) and not row.edited}


def _start(request: SweepRequest, *, again: bool) -> None:
    try:
        actions.start_sweep(
            SweepRequest(request.plan, request.axes, request.core_limit, again=again) if again else request
        )
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    except PlanError as error:
        st.session_state[MESSAGE_KEY] = describe_text(str(error))
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = describe_error(error)
    services.freeze_loaded_objects()
    st.rerun()


def _stop(shown: SweepRecord) -> None:
    try:
        series = _find_own()
        if series is not None and series.record.id == shown.id:
            actions.stop_series()
        else:
            actions.stop_job(shown.id)
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = f"{describe_error(error)}. Press Stop again."
    st.rerun()


def _draw_shown(shown: SweepRecord, request: SweepRequest) -> None:
    others = "" if shown.digest == digest_request(request) else " **over another grid, or with other settings**"
    st.caption(
        f":material/history: Sweep {quote_code(shown.id[:8])} of {format_date_time(shown.started)}{others}: "
        f"{quote_code(shown.snapshot.command)}"
    )
    if goes_on(shown):
        st.fragment(draw_live_sweep, run_every=REFRESH_S)(shown.id)
        return
    draw_announcer(f"The sweep is {shown.state}.", key=ANNOUNCER_KEY)
    draw_end(shown)
    draw_report_button([shown], key=f"sweep-{shown.id}")
    draw_sweep(shown, detect_theme(), key=f"sweep-{shown.id}")


def draw_end(record: SweepRecord) -> None:
    """Why a sweep is not complete, if it is not."""
    if record.state is not State.FINISHED:
        why = describe_text(record.why or "its process ended").rstrip(".")
        st.warning(
            f"{why}. Measured cells are kept; press **Continue the sweep** for the others.",
            title=f"The sweep was {escape_markdown(str(record.state))}",
            icon=":material/pause_circle:",
        )


def draw_live_sweep(sweep_id: str) -> None:
    """The map of a sweep that goes on, redrawn as it fills in; the whole page when it ends."""
    try:
        record = _load(sweep_id) or _find_own_record(sweep_id)
        entries = records.list_entries()
    except (OSError, StoreError) as error:
        services.draw_store_error(error)
        return
    if record is None or not goes_on(record):
        st.rerun()
    sweep = record.sweep
    done = sum(cell.state is not CellState.WAITING for cell in sweep.cells)
    active = next((cell for cell in sweep.cells if cell.digest and cell.digest == sweep.active), None)
    place = next((place for place, entry in enumerate(entries) if active and entry.digest == active.digest), 0)
    doing = "Checking the inputs" if active is None else escape_markdown(sweep.describe_values(active.values))
    if place:
        doing = f"{format_count(place, 'other job')} in front of {doing}"
    draw_progress(done / len(sweep.cells), f":material/flag: {doing}, {done} of {len(sweep.cells)} cells", "Cells")
    draw_announcer(f"{done} of {len(sweep.cells)} cells", key=ANNOUNCER_KEY)
    draw_sweep(record, detect_theme(), key=f"sweep-{sweep_id}", live=True)
