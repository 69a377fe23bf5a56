"""The parts of the gallery that need several races of a case: its break-even, and its scaling over cores."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_cores
from bench.scheduler.series_goals import Goal, ResultGoal
from bench.stats.break_even import SizeVerdict
from ui.charts.gallery_cores import build_core_counts_figure
from ui.charts.gallery_sizes import SizesRow, build_sizes_figure
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.views.estimators.gallery_cases import Gallery
from ui.views.estimators.gallery_series import draw_start, format_minutes
from ui.views.estimators.gallery_settings import WORKLOAD

ALL_CASES = ""
CASE_KEY = f"{WORKLOAD}:gallery-search-case"
CASE_WIDTH_PX = 260


def draw_break_even(gallery: Gallery, max_rows: int) -> None:
    draw_heading(
        "Break-even",
        "The number of rows from which on the total is faster. Each mark is a race of its own: a size is faster or "
        "slower only if the whole 95 % interval is on one side of 1, and counts neither way without a claim.",
    )
    labels = {case.plan.case: case.label for case in gallery.cases}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get(CASE_KEY) not in labels:
            st.session_state[CASE_KEY] = ALL_CASES
        chosen = st.selectbox(
            "Case",
            [ALL_CASES, *labels],
            format_func=lambda name: labels.get(name, f"all {len(labels)} cases"),
            key=CASE_KEY,
            width=CASE_WIDTH_PX,
        )
        goals: list[Goal] = [case.search for case in gallery.cases if chosen in (ALL_CASES, case.plan.case)]
        draw_start(
            _label_start("Find break-even", gallery, goals),
            key="break-even",
            goals=goals,
            again=not gallery.count_races(goals),
            help_text="Short races: at the rows above, at the fewest, at the most (up to "
            f"{max_rows:,}) that fit into memory and time budget, and then in the middle of what is between. Stored "
            "results are used, and sizes that failed with the same libraries are left out. When the search needs no "
            "more sizes, all are raced again.",
        )
    rows = [SizesRow(case.label, case.break_even.text, case.sizes) for case in gallery.cases if len(case.sizes) > 1]
    if rows:
        draw_figure(
            build_sizes_figure(rows, detect_theme()),
            key="estimators-gallery-sizes",
            alt="Break-even: " + "; ".join(f"{row.label} {row.text}" for row in rows),
        )
    else:
        st.info("No case was raced at several numbers of rows yet.", icon=":material/straighten:")
    _draw_missing_sizes(gallery)


def _draw_missing_sizes(gallery: Gallery) -> None:
    """The sizes that failed, with the reasons. That of the gallery is named above."""
    lines = [
        f"- **{escape_markdown(case.label)}** at {size.rows:,} rows: {escape_markdown(size.reason)}"
        for case in gallery.cases
        for size in case.sizes
        if size.verdict is SizeVerdict.FAILED and size.rows != case.plan.batch
    ]
    if lines:
        st.markdown("\n".join([":material/info: Sizes without a result:", "", *lines]))


def draw_core_counts(gallery: Gallery, core_counts: Sequence[int]) -> None:
    draw_heading(
        "Scaling over cores",
        "Times of both arms, and their ratio with its 95 % interval, by the number of cores left of the marks. Both "
        "arms have as many cores.",
    )
    if len(core_counts) < 2:
        st.info("Fairlap may use one core only on this machine.", icon=":material/memory:")
        return
    *fewer, most = core_counts
    names = f"{', '.join(map(str, fewer))} and {format_cores(most)}"
    goals: list[Goal] = [ResultGoal(plan) for plan in gallery.core_plans]
    draw_start(
        _label_start(f"Race on {names}", gallery, goals),
        key="cores",
        goals=goals,
        again=not gallery.count_races(goals),
        help_text="Short races. Stored results are used. With a result for each, all are raced again.",
    )
    compared = [
        case.core_lines
        for case in gallery.cases
        if sum(line.comparison is not None for line in case.core_lines.values()) > 1
    ]
    if not compared:
        st.info("No case was raced on several numbers of cores yet.", icon=":material/memory:")
        return
    draw_figure(
        build_core_counts_figure(compared, detect_theme()),
        key="estimators-gallery-cores",
        alt=f"Times and ratios of {len(compared)} cases on {names}",
    )


def _label_start(text: str, gallery: Gallery, goals: Sequence[Goal]) -> str:
    """The label of a button that starts `goals`, with the time that their races take."""
    if not gallery.count_races(goals):
        return f"{text} again (at most {format_minutes(gallery.estimate_s(goals, again=True))})"
    return f"{text} (at most {format_minutes(gallery.estimate_s(goals))})"
