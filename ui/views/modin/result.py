"""What a race of pandas with Modin found: the calls that win and lose most, those that differ without a claim, and from
which size or core count Modin wins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from pydantic import ValidationError

from bench.claims.headline import write_headline
from bench.formatting import format_cores, format_count, format_estimate, format_interval, format_time_change
from bench.plan.validation import find_workload
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.storage.job_filter import JobFilter
from bench.storage.store import StoreError
from bench.values.claims import Speed
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from ui import actions, records, services
from ui.access.redaction import describe_error, shows_everything
from ui.controls.url import adopt_plan
from ui.design.badges import claim_state_badge
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.views.modin.break_even import TAB, search_for
from ui.views.modin.calls import arm_names, draw_calls, draw_start_up, is_claimed, is_pandas_to_modin, judge_step
from ui.views.modin.scaling import describe_scaling
from ui.views.race.tabs import show_tab
from workloads.modin.measurements import BREAK_EVEN_CALLS, BreakEvenArguments, BreakEvenResult

MAX_SHOWN_CALLS = 3
MAX_SEARCHED_ROWS = 20
SETTINGS_OF_SEARCH = ("columns", "kind")


@dataclass(frozen=True, slots=True)
class RankedCalls:
    """The calls of a run that differ, those that differ most first."""

    won: tuple[Comparison, ...]
    """Faster, by a claim."""
    lost: tuple[Comparison, ...]
    """Slower, by a claim."""
    undecided: tuple[Comparison, ...]
    """Their times differ, but no claim is made."""


def draw_result(run: Run, key: str, theme: Theme) -> None:
    """Nothing for a run without statistics."""
    excluded = {TOTAL, *(step.name for step in run.snapshot.steps if step.excluded_from_total)}
    calls = [comparison for comparison in run.statistics if comparison.step not in excluded]
    if not calls:
        return
    draw_heading("Result", "the calls that differ most")
    if len(calls) > 1:
        _draw_extremes(run, rank_calls(run, calls))
    if is_pandas_to_modin(run.plan):
        if not run.is_replay:
            _draw_break_even(run, calls, key)
        if scaling := describe_scaling(run):
            st.markdown(f"**More cores**: {scaling}")
        draw_start_up(run)
    if len(calls) > 1:
        with st.expander(f"All {len(calls)} calls", icon=":material/table_rows:"):
            draw_calls(run)


def rank_calls(run: Run, calls: Sequence[Comparison]) -> RankedCalls:
    """The calls whose times differ. Only those with a claim win or lose."""
    by_ratio = sorted(calls, key=lambda comparison: comparison.ratio.value)
    speeds = {comparison.step: judge_step(run, comparison) for comparison in calls}
    differing = [call for call in by_ratio if speeds[call.step] in (Speed.FASTER, Speed.SLOWER)]
    claimed = [call for call in differing if is_claimed(run, call.step)]
    undecided = [call for call in differing if not is_claimed(run, call.step)]
    return RankedCalls(
        won=tuple(call for call in reversed(claimed) if speeds[call.step] is Speed.FASTER),
        lost=tuple(call for call in claimed if speeds[call.step] is Speed.SLOWER),
        undecided=tuple(sorted(undecided, key=lambda call: -abs(math.log(call.ratio.value)))),
    )


def _draw_extremes(run: Run, ranked: RankedCalls) -> None:
    accelerated = escape_markdown(arm_names(run)[1])
    for column, verb, word, calls in zip(
        st.columns(2, gap="small"), ("wins", "loses"), ("faster", "slower"), (ranked.won, ranked.lost), strict=True
    ):
        with column, st.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"**Where {accelerated} {verb}**" + (" most" if len(calls) > MAX_SHOWN_CALLS else ""))
            for call in calls[:MAX_SHOWN_CALLS]:
                st.markdown(describe_call(run, call, word))
            if not calls:
                st.markdown(f":gray[There is no claim that a call is {word} here.]")
    if ranked.undecided:
        with st.container(border=True, gap="xsmall"):
            st.markdown("**No claim**: these times differ, but the rules refuse a claim")
            for call in ranked.undecided[:MAX_SHOWN_CALLS]:
                st.markdown(describe_undecided_call(run, call))
            if (more := len(ranked.undecided) - MAX_SHOWN_CALLS) > 0:
                st.markdown(f":gray[{format_count(more, 'more call')} in the table of all calls]")


def describe_call(run: Run, call: Comparison, word: str) -> str:
    """A call with its factor, interval, both times and the state of its claim, as Markdown."""
    ratio = call.ratio.inverse() if word == "slower" else call.ratio
    label = escape_markdown(run.snapshot.labels()[call.step])
    times = format_time_change(call.baseline, call.accelerated)
    state = claim_state_badge(write_headline(run, call.step).state)
    return (
        f"**{label}** {format_estimate(ratio)} {word} :gray[:small[({format_interval(ratio)})]], "
        f"{escape_markdown(times)} {state}"
    )


def describe_undecided_call(run: Run, call: Comparison) -> str:
    """A call without a claim: both times, and why there is no claim, as Markdown."""
    label = escape_markdown(run.snapshot.labels()[call.step])
    times = format_time_change(call.baseline, call.accelerated)
    text = f"**{label}** {escape_markdown(times)}"
    reason = write_headline(run, call.step).reason
    return f"{text} :gray[:small[{escape_markdown(reason)}]]" if reason else text


def _draw_break_even(run: Run, calls: Sequence[Comparison], key: str) -> None:
    """From how many rows on Modin wins, by the newest search on this machine, else a button that starts a search."""
    call = choose_call(calls)
    if run.plan.parameters.get("file") != "synthetic" or not call:
        return
    try:
        search = find_search(run, [comparison.step for comparison in calls])
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="Stored measurements cannot be read", icon=":material/database_off:")
        return
    if search is not None:
        st.markdown(f"**More rows**: {describe_search(search)}")
        return
    code = BREAK_EVEN_CALLS[call].code
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**More rows**: not known yet for {escape_markdown(code)}.", width="content")
        why_not = actions.why_not_start()
        pressed = st.button(
            "Find the break-even size",
            icon=":material/troubleshoot:",
            key=f"{key}-search",
            disabled=bool(why_not),
            help=why_not or f"From how many rows on Modin runs {escape_markdown(code)} faster. Takes some minutes.",
            on_click=_open_search,
            args=(run, call),
        )
    page = services.workload_page_script(run.plan.workload)
    if pressed and page:
        # On the page of the workload, the tab is open by now, and the button is gone.
        st.switch_page(page)


def _open_search(run: Run, call: str) -> None:
    """Open the tab Break-even with the settings of `run`, and start the search. For callbacks."""
    adopt_plan(run.plan)
    search_for(call)
    show_tab(find_workload(run.plan.workload), TAB)


def choose_call(calls: Sequence[Comparison]) -> str:
    """The call to search for: the script, else the call that gains most. Empty if none can be searched for."""
    names = {call.step: call.ratio.value for call in calls if call.step in BREAK_EVEN_CALLS}
    return "etl" if "etl" in names else max(names, key=names.__getitem__, default="")


def find_search(run: Run, calls: Sequence[str]) -> MeasurementRecord | None:
    """The newest finished search for one of `calls` on the machine, the cores and a table like those of `run`.

    The records are read again only if the number of stored searches has changed, or after a minute. Raises OSError or
    StoreError.
    """
    count = services.get_store().count(**_filter_searches(run))
    return _find_search(run, tuple(calls), count, shows_everything())


def _filter_searches(run: Run) -> JobFilter:
    return JobFilter(kind=JobKind.MEASUREMENT, workload=run.plan.workload, task="break_even", state=State.FINISHED)


@st.cache_data(max_entries=64, ttl="1m", show_spinner=False, hash_funcs={Run: lambda run: run.id})
def _find_search(run: Run, calls: Sequence[str], count: int, unredacted: bool) -> MeasurementRecord | None:
    """As `find_search`. `count` and `unredacted` are only part of the key of the cache."""
    for row in records.list_rows(limit=MAX_SEARCHED_ROWS, **_filter_searches(run)):
        if not row.is_from(run.machine) or row.cores != run.plan.cores:
            continue
        record = records.read_status(row.id).measurement
        if record is not None and _is_alike(record, run) and _is_search_for(record, calls):
            return record
    return None


def _is_alike(record: MeasurementRecord, run: Run) -> bool:
    before, now = record.plan.parameters, run.plan.parameters
    return all(before.get(name) == now.get(name) for name in SETTINGS_OF_SEARCH)


def _is_search_for(record: MeasurementRecord, calls: Sequence[str]) -> bool:
    """Whether it searched for one of `calls`. False if it is of a version with other arguments or results."""
    try:
        return record.arguments_as(BreakEvenArguments).call in calls and record.result_as(BreakEvenResult) is not None
    except ValidationError:
        return False


def describe_search(record: MeasurementRecord) -> str:
    """From how many rows on Modin wins, as Markdown."""
    result = record.result_as(BreakEvenResult)
    call = escape_markdown(BREAK_EVEN_CALLS[record.arguments_as(BreakEvenArguments).call].code)
    if result is None:
        return f"the search for {call} has no result."
    on = f"on {format_cores(record.plan.cores)}"
    if result.crossing:
        crossing = result.crossing
        return (
            f"{on}, **Modin wins from about {crossing.rows:,.0f} rows on** for {call} "
            f":gray[:small[(95 %: {crossing.low:,.0f} to {crossing.high:,.0f})]]."
        )
    sentence = escape_markdown(result.sentence)
    loss = "**no size tried wins**. " if result.verdict == "loses" and result.at_every_size else ""
    return f"{on}, {loss}{call}: {sentence}."
