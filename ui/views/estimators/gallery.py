"""The tab Gallery: all estimators as a queue of short races, with one chart and one table of what they found."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.plan.plan import Plan
from bench.storage.store import StoreError
from ui import records
from ui.access.redaction import describe_error
from ui.charts.gallery import build_gallery_figure
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.views.estimators.gallery_cases import GalleryCase, list_digests, load_gallery
from ui.views.estimators.gallery_series import draw_buttons, draw_state, list_problems
from ui.views.estimators.gallery_settings import draw_settings
from ui.views.estimators.gallery_sizes import draw_break_even, draw_core_counts
from ui.views.estimators.gallery_table import draw_table
from ui.views.script.own_code import draw_own_code

TAB = "Gallery"
IN_SHELL = """\
# Patched, without a change of the script:
python -m sklearnex script.py
# Which of its calls are accelerated, and a race of all of it:
python -m bench profile script.py
# This gallery, without a page:
python -m bench gallery --break-even
"""


def draw_gallery_tab(plan: Plan) -> None:
    st.markdown(
        "One short race for each estimator, all with the same cores and settings. Their parameters are the defaults of "
        "each case. The races are stored like all others."
    )
    plans = draw_settings(plan)
    if not plans.selected:
        st.info(
            "No estimator is both of these modules and of this kind. Choose more.", icon=":material/filter_alt_off:"
        )
        return
    try:
        entries = records.list_entries()
        gallery = load_gallery(plans, entries, list_problems())
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="The runs cannot be read", icon=":material/database_off:")
        return
    digests = list_digests(plans)
    active = [entry for entry in entries if entry.digest in digests]
    draw_buttons(gallery, active)
    _draw_slow(gallery.cases)
    draw_state(gallery, active)
    _draw_results(gallery.cases)
    draw_break_even(gallery, plans.max_rows)
    draw_core_counts(gallery, plans.core_counts)
    draw_heading("All cases")
    draw_table(gallery.cases, plans.core_counts)
    draw_own_code(IN_SHELL)


def _draw_slow(cases: Sequence[GalleryCase]) -> None:
    """The cases that will probably make no claim, because the rows are too many for their budget."""
    if slow := [case for case in cases if case.slow]:
        lines = [f"- **{escape_markdown(case.label)}** at {case.plan.batch:,} rows: {case.slow}" for case in slow]
        st.warning(
            "\n".join(["Choose fewer rows or a larger time budget.", "", *lines]),
            title="Too slow for a claim, by their other races or by what they declare",
            icon=":material/hourglass_top:",
        )


def _draw_results(cases: Sequence[GalleryCase]) -> None:
    drawn = [case.lines for case in cases if case.has_ratio]
    if drawn:
        draw_heading(
            "Ratios",
            "◆ total, ▲ first step (fit), ▼ second step (predict, transform or kneighbors), with 95 % intervals. "
            "A filled mark is a claim and has the colour of the faster arm. A hollow, grey one is no claim.",
        )
        draw_figure(
            build_gallery_figure(drawn, detect_theme()),
            key="estimators-gallery",
            alt=f"Ratios of {len(drawn)} cases with their intervals, grouped by accelerated, partial and fallback",
        )
    else:
        st.info(
            "None of these cases has a ratio with these settings yet. Each appears here when its race has ended.",
            icon=":material/scatter_plot:",
        )
    _draw_missing(cases)


def _draw_missing(cases: Sequence[GalleryCase]) -> None:
    """The cases without a ratio: not raced yet, or why not."""
    if waiting := [case.label for case in cases if not case.lines and not case.problem]:
        names = ", ".join(map(escape_markdown, waiting)) if len(waiting) < len(cases) else "all"
        st.markdown(f":small[:material/hourglass_empty: Not yet: {names}.]")
    failed = [case for case in cases if not case.has_ratio and (case.lines or case.problem)]
    if failed:
        lines = [f"- **{escape_markdown(case.label)}**: {escape_markdown(case.reason)}" for case in failed]
        st.markdown("\n".join([":material/info: Without a ratio:", "", *lines]))
