"""The history of runs: find one, open it again as it was drawn, take it away as a file, compare two, delete.

The words and figures that lists of runs share stand here too: the home page shows last results with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st

from bench.claims.verdict import bounds, duration, interval_text, ratio_figure
from bench.run.events import State
from bench.run.record import Run
from bench.storage.csv_export import rows_csv, samples_csv
from bench.storage.store import Row, Store, StoreError
from bench.values import Interval, Side, Summary
from bench.workload.declaration import registry
from ui import services
from ui.design import theme
from ui.run_view import view

MOST = 1000
"""Runs that the list shows, the newest first; filters by workload and plan look through all."""
CLAIMS = {True: "made", False: "refused", None: "none"}
CLAIM_COLOURS = {"made": "green", "refused": "red", "none": "gray"}
VERDICT_COLOURS = {
    "faster": "green",
    "slower": "orange",
    "no difference detected": "gray",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
}
ENDED = {State.FAILED: "failed", State.STOPPED: "was stopped", State.INTERRUPTED: "was interrupted"}


def draw() -> None:
    """One run where the address names one, else the list."""
    if asked := st.query_params.get("run"):
        _draw_one(asked)
    else:
        _draw_list()


# What lists of runs share


def ratio_text(ratio: float | None, low: float | None, high: float | None) -> str:
    """'2.37x (2.31 to 2.44)'; empty where there is none."""
    if ratio is None or low is None or high is None:
        return ""
    return interval_text(Interval(value=ratio, low=low, high=high))


def claim_badge(made: bool | None) -> str:
    """Markdown that says whether a run supports a claim."""
    word = CLAIMS[made]
    icon = {"made": "verified", "refused": "gpp_bad", "none": "remove"}[word]
    text = "no claim" if made is None else f"claim {word}"
    return f":{CLAIM_COLOURS[word]}-badge[:material/{icon}: {text}]"


def date_and_time(moment: datetime) -> str:
    """Where the reader is: '24 Nov 2025, 02:25'."""
    return f"{moment.astimezone(zone()):%-d %b %Y, %H:%M}"


def zone() -> ZoneInfo | None:
    """The browser's time zone; None, which means the server's, where it is not known."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def size(count: float) -> str:
    """Bytes with the binary unit that suits: '23.5 GiB'."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if count == int(count) else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def page_of(workload: str) -> str | None:
    """The script of a workload's page; None where it has none."""
    known = registry().get(workload)
    return services.page(workload) if known and not known.hidden else None


def last_on(store: Store, workload: str, machine: str) -> Row | None:
    """The newest finished race of two different arms on this machine, else on any: a database may be shared."""
    rows = store.rows(workload=workload, limit=100)
    results = [r for r in rows if r.state is State.FINISHED and r.ratio is not None and r.baseline != r.accelerated]
    return next((row for row in results if row.machine == machine), results[0] if results else None)


def title_of(workload: str) -> str:
    known = registry().get(workload)
    return known.title if known else workload


# The list


def _draw_list() -> None:
    st.title("Runs")
    plan = st.query_params.get("plan")
    try:
        rows = services.store().rows(digest=plan, limit=MOST)
    except StoreError as error:
        st.error(str(error), title="The runs cannot be read", icon=":material/database_off:")
        return
    if plan:
        _plan_strip(plan, len(rows))
    if not rows:
        if not plan:
            _draw_empty()
        return
    shown = _filtered(rows)
    chosen = _table(shown, narrowed=len(shown) < len(rows))
    if chosen:
        _chosen(chosen)


def _draw_empty() -> None:
    """How to make the first run."""
    with st.container(border=True):
        st.markdown("#### :material/history: No run has been kept yet")
        st.markdown(
            "Choose a race and press **Run**: every sample of it is kept here, to look at again and to compare."
        )
        for workload in registry().values():
            if page := page_of(workload.name):
                st.page_link(page, label=workload.title, icon=workload.icon)
        first = next((workload.name for workload in registry().values() if not workload.hidden), None)
        if first:
            st.markdown("Or from the command line:")
            st.code(f"python -m bench run {first}", language="bash")


def _plan_strip(plan: str, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            st.markdown(f":material/filter_alt: Only the {count} run{'s' * (count != 1)} of the plan `{plan}`.")
        else:
            st.markdown(f":material/filter_alt: No run of the plan `{plan}` has been kept on this machine.")
        st.button("Show all runs", icon=":material/close:", type="tertiary", on_click=_forget, args=("plan",))


def _forget(parameter: str) -> None:
    st.query_params.pop(parameter, None)


def _filtered(rows: Sequence[Row]) -> list[Row]:
    """The rows that the filters above the table let through."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="runs_text",
            type="search",
            placeholder="any words",
            help="Looks in ids, workloads, arms, machines, verdicts and the sentences of the claims.",
            persist_state="session",
        )
        workload = _choice("Workload", [row.workload for row in rows], title_of)
        state = _choice("State", [row.state.value for row in rows], str)
        claim = _choice("Claim", [CLAIMS[row.claimed] for row in rows], str)
    return [
        row
        for row in rows
        if workload in (None, row.workload)
        and state in (None, row.state.value)
        and claim in (None, CLAIMS[row.claimed])
        and _contains(row, text or "")
    ]


def _choice(label: str, present: Iterable[str], named: Callable[[str], str]) -> str | None:
    """One of the values that are present, or None for all."""
    options = sorted(set(present))
    key = f"runs_{label.lower()}"
    if st.session_state.get(key) not in (None, *options):
        st.session_state[key] = None  # What was chosen is no longer there.
    return st.selectbox(
        label, options, index=None, key=key, format_func=named, placeholder="all", persist_state="session", width=190
    )


def _contains(row: Row, text: str) -> bool:
    """Whether every word of `text` occurs in what the row says."""
    said = " ".join(
        (
            *(row.id, row.digest, row.workload, title_of(row.workload), row.baseline, row.accelerated),
            *(row.machine, row.sentence or "", row.speed or "", row.state.value, row.origin),
        )
    ).lower()
    return all(word in said for word in text.lower().split())


def _table(rows: Sequence[Row], *, narrowed: bool) -> list[Row]:
    """The list, and below it how long it is; the rows that are selected."""
    if not rows:
        st.info("No run passes these filters.", icon=":material/filter_alt_off:")
        return []
    shown = [row.id for row in rows]
    st.session_state["runs_shown"] = shown
    event = st.dataframe(
        _frame(rows),
        hide_index=True,
        height="auto",
        column_config=_columns(),
        # A selection is of places: with other rows in them, it must not live on.
        key=f"runs_table_{hash(tuple(shown))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Runs, the newest first",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f"{len(rows)} run{'s' * (len(rows) != 1)}" + (" pass the filters" if narrowed else "")
        limit = f", the newest {MOST}" if len(rows) == MOST else ""
        st.caption(f"{count}{limit}. Select one to open, download or delete it; two to compare them.", width="stretch")
        st.download_button(
            "List as CSV",
            data=lambda: rows_csv(rows),
            file_name="fairlap-runs.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="runs_csv",
        )
    return [rows[place] for place in event.selection.rows if place < len(rows)]


def _frame(rows: Sequence[Row]) -> pd.io.formats.style.Styler:
    """The rows as the table shows them: times stay numbers, so that they sort, written with the unit that suits."""
    frame = pd.DataFrame(
        {
            "open": [":material/open_in_full:"] * len(rows),
            "when": [row.started for row in rows],
            "workload": [title_of(row.workload) for row in rows],
            "arms": [f"{row.baseline} | {row.accelerated}" for row in rows],
            "baseline": [row.baseline_s for row in rows],
            "accelerated": [row.accelerated_s for row in rows],
            "ratio": [row.ratio for row in rows],
            "interval": [_interval(row) for row in rows],
            "claim": [[CLAIMS[row.claimed]] for row in rows],
            "verdict": [_verdict(row) for row in rows],
            "cores": [row.cores for row in rows],
            "batch": [row.batch for row in rows],
            "origin": [row.origin for row in rows],
        }
    ).astype({"baseline": float, "accelerated": float, "ratio": float})
    return frame.style.format({"baseline": duration, "accelerated": duration, "ratio": ratio_figure}, na_rep="")


def _interval(row: Row) -> str:
    if row.ratio is None or row.ratio_low is None or row.ratio_high is None:
        return ""
    return bounds(Interval(value=row.ratio, low=row.ratio_low, high=row.ratio_high))


def _verdict(row: Row) -> list[str]:
    """What a run came to; its state too, where it is not the ordinary one."""
    state = [] if row.state is State.FINISHED else [row.state.value]
    return state + ([row.speed] if row.speed else [])


def _columns() -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key="runs_open", on_click=_open_clicked, type="tertiary", width=36),
        "when": config.DatetimeColumn("When", format="D MMM YY, HH:mm", timezone=st.context.timezone, width=118),
        "workload": config.TextColumn("Workload", width=132),
        "arms": config.TextColumn("Arms", width=114, help="Baseline | accelerated: the two settings of the lever."),
        "baseline": config.NumberColumn("Baseline", width=76, help="Median time of the whole, baseline arm."),
        "accelerated": config.NumberColumn("Accelerated", width=92, help="Median time of the whole, accelerated arm."),
        "ratio": config.NumberColumn("Ratio", width=64, help="Baseline over accelerated."),
        "interval": config.TextColumn("95 % interval", width=102, help="Bootstrap interval of the ratio."),
        "claim": config.MultiselectColumn(
            "Claim", options=list(CLAIM_COLOURS), color=list(CLAIM_COLOURS.values()), width=76
        ),
        "verdict": config.MultiselectColumn(
            "Verdict", options=list(VERDICT_COLOURS), color=list(VERDICT_COLOURS.values()), width=170
        ),
        "cores": config.NumberColumn("Cores", width=58),
        "batch": config.NumberColumn("Batch", width=58),
        "origin": config.TextColumn("Origin", width=104),
    }


def _open_clicked() -> None:
    shown: list[str] = st.session_state["runs_shown"]
    place = st.session_state["runs_open"].row
    if place < len(shown):
        st.query_params["run"] = shown[place]


# What can be done with the selected


def _chosen(rows: list[Row]) -> None:
    with st.container(border=True):
        if len(rows) == 1:
            _one_chosen(rows[0])
        else:
            _several_chosen(rows)


def _one_chosen(row: Row) -> None:
    st.markdown(f"**{title_of(row.workload)}**, {date_and_time(row.started)} {claim_badge(row.claimed)} `{row.id[:8]}`")
    st.markdown(row.sentence or f"It {ENDED.get(row.state, 'ended')} before it came to a verdict.")
    run = _loaded(row.id)
    with st.container(horizontal=True):
        if run:
            icon = ":material/open_in_full:"
            st.button("Open", icon=icon, type="primary", on_click=_open, args=(row.id,), key="runs_open_one")
            _downloads(run)
        _delete_button([row])


def _open(run: str) -> None:
    st.query_params["run"] = run


def _several_chosen(rows: list[Row]) -> None:
    if len(rows) == 2:
        # The earlier one first, in whatever order they were selected.
        runs = [_loaded(row.id) for row in sorted(rows, key=lambda row: row.started)]
        if all(runs):
            _compare(*runs)
    else:
        st.markdown(f"**{len(rows)} runs are selected.** Two can be compared.")
    with st.container(horizontal=True):
        _delete_button(rows)


def _loaded(run: str) -> Run | None:
    """The stored run; where it cannot be read, the reason is shown in its place."""
    try:
        found = services.store().load(run)
    except StoreError as error:
        st.error(_first_line(str(error)), title="This run cannot be read", icon=":material/broken_image:")
        return None
    if found is None:
        st.error("It has been deleted meanwhile.", title="There is no such run", icon=":material/search_off:")
    return found


def _first_line(text: str) -> str:
    """Without the details that a validator adds line by line; they are for a log."""
    first, *more = text.splitlines()
    return f"{first} …" if more else first


def _downloads(run: Run) -> None:
    view.download_json(run, "JSON", key=f"json_{run.id}")
    st.download_button(
        "Samples as CSV",
        data=lambda: samples_csv(run),
        file_name=f"fairlap-{run.plan.workload}-{run.id[:8]}-samples.csv",
        mime="text/csv",
        icon=":material/download:",
        help="One row a sample and step, for a spreadsheet or a notebook.",
        on_click="ignore",
        key=f"csv_{run.id}",
    )


def _delete_button(rows: list[Row]) -> None:
    label = "Delete" if len(rows) == 1 else f"Delete {len(rows)} runs"
    if st.button(label, icon=":material/delete:", key="runs_delete"):
        _confirm_deletion(rows)


@st.dialog("Delete for good?", icon=":material/delete:")
def _confirm_deletion(rows: list[Row]) -> None:
    for row in rows[:5]:
        st.markdown(f"- {title_of(row.workload)}, {date_and_time(row.started)}, `{row.id[:8]}`")
    if len(rows) > 5:
        st.markdown(f"- and {len(rows) - 5} more")
    st.markdown("The raw samples go with it; they cannot be brought back.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep", key="runs_keep"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete:", key="runs_delete_really"):
            _delete([row.id for row in rows])


def _delete(runs: list[str]) -> None:
    try:
        for run in runs:
            services.store().delete(run)
    except StoreError as error:
        st.error(str(error), icon=":material/database_off:")
        return
    if st.query_params.get("run") in runs:
        _forget("run")
    st.toast(f"{len(runs)} run{'s' * (len(runs) != 1)} deleted.", icon=":material/delete:")
    st.rerun()


# Two runs side by side


def differences(one: Run, other: Run) -> list[str]:
    """Why the two may not be compared, a sentence each; empty where they may.

    What matters is what would move the times by itself: the work, the arms' cores and the machine with its software.
    Budget, target and the limit of accuracy do not.
    """
    if one.plan.workload != other.plan.workload:
        return [f"workload: {title_of(one.plan.workload)} and {title_of(other.plan.workload)}"]
    plans = [
        ("arms", f"{one.plan.baseline} | {one.plan.accelerated}", f"{other.plan.baseline} | {other.plan.accelerated}"),
        ("cores", one.plan.cores, other.plan.cores),
        ("batch", one.plan.batch, other.plan.batch),
        ("seed", one.plan.seed, other.plan.seed),
    ]
    machines = [
        ("processor", one.machine.processor, other.machine.processor),
        ("hypervisor", one.machine.hypervisor or "none", other.machine.hypervisor or "none"),
        ("kernel", one.machine.kernel, other.machine.kernel),
        ("Python", one.machine.python, other.machine.python),
    ]
    names = [*dict.fromkeys([*one.plan.parameters, *other.plan.parameters])]
    parameters = [(name, one.plan.parameters.get(name), other.plan.parameters.get(name)) for name in names]
    libraries = sorted({*one.machine.versions, *other.machine.versions})
    versions = [(name, one.machine.versions.get(name), other.machine.versions.get(name)) for name in libraries]
    return [
        f"{name}: {'none' if a is None else a} and {'none' if b is None else b}"
        for name, a, b in [*plans, *parameters, *machines, *versions]
        if a != b
    ] + [f"run {run.id[:8]} has too few pairs for a ratio" for run in (one, other) if not run.comparison()]


def _compare(one: Run, other: Run) -> None:
    reasons = differences(one, other)
    if reasons:
        st.warning(
            "They differ in what moves the times by itself. Race both with the same plan on the same machine.\n"
            + "\n".join(f"- {reason}" for reason in reasons),
            title="These two runs may not be compared",
            icon=":material/compare_arrows:",
        )
        return
    st.markdown("**The whole, side by side**")
    frame = pd.DataFrame({f"{date_and_time(run.started)} `{run.id[:8]}`": _compared(run) for run in (one, other)})
    st.table(frame, border="horizontal", alt="Two runs side by side: medians of both arms and their ratio")
    ratios = [run.comparison().ratio for run in (one, other)]
    apart = ratios[0].high < ratios[1].low or ratios[1].high < ratios[0].low
    st.caption(
        "The intervals of the two ratios do not overlap: something changed between the runs."
        if apart
        else "The intervals of the two ratios overlap: the runs agree within what they can tell."
    )


def _compared(run: Run) -> dict[str, str]:
    comparison, claim = run.comparison(), run.claim()
    ratio = comparison.ratio
    lever = run.plan.declaration.lever
    return {
        theme.named(Side.BASELINE, lever[run.plan.baseline].label, view.theme()): _median(comparison.baseline),
        theme.named(Side.ACCELERATED, lever[run.plan.accelerated].label, view.theme()): _median(comparison.accelerated),
        "ratio, 95 % interval": f"**{ratio_text(ratio.value, ratio.low, ratio.high)}**",
        "pairs": str(comparison.baseline.count),
        "claim": claim_badge(claim.made if claim else None),
    }


def _median(summary: Summary) -> str:
    quartiles = f"{duration(summary.lower_quartile)} to {duration(summary.upper_quartile)}"
    return f"**{duration(summary.median)}**, middle half {quartiles}"


# One run


def _draw_one(asked: str) -> None:
    back = ":material/arrow_back:"
    st.button("All runs", icon=back, type="tertiary", on_click=_forget, args=("run",), key="runs_back")
    run = _found(asked)
    if run is None:
        return
    st.title(title_of(run.plan.workload))
    st.caption(f"Raced {date_and_time(run.started)} from the {run.origin} on {run.machine.short} · run {run.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _links(run)
        _downloads(run)
        if row := _row_of(run):
            _delete_button([row])
    # Exactly as it was drawn when it ended.
    view.draw(run, key=f"kept-{run.id}", live=False)


def _found(asked: str) -> Run | None:
    """The run that the address names, by its id or by the beginning of it."""
    try:
        found = services.store().find(asked)
    except StoreError as error:
        st.error(str(error), icon=":material/database_off:")
        return None
    if len(found) == 1:
        return _loaded(found[0])
    if found:
        st.warning(f"{len(found)} runs have ids that begin with `{asked}`: name more of it.", icon=":material/search:")
        return None
    racing = next((entry for entry in services.dispatcher().entries() if entry.run == asked), None)
    if racing:
        st.info(f"{racing.title} is still waiting or racing; it is kept when it is over.", icon=":material/flag:")
        if page := page_of(racing.workload):
            st.page_link(page, label="Watch it", icon=":material/visibility:", query_params={"run": asked})
        return None
    st.error(
        f"No run with the id `{asked}` is kept here. It was deleted, or was made on another machine.",
        title="There is no such run",
        icon=":material/search_off:",
    )
    return None


def _links(run: Run) -> None:
    if page := page_of(run.plan.workload):
        st.page_link(page, label="Race it again", icon=":material/replay:", query_params=run.plan.to_query())
    plan = {"plan": run.plan.digest}
    st.page_link(services.page("runs"), label="Runs of this plan", icon=":material/history:", query_params=plan)


def _row_of(run: Run) -> Row | None:
    return next((row for row in services.store().rows(digest=run.plan.digest) if row.id == run.id), None)
