"""Evidence that the accelerated path ran, from the libraries' own output."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.claims.evidence import decide_engagement, describe_engagement
from bench.formatting import format_cores
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL, Evidence
from ui.design.badges import ENGAGEMENT_BADGES
from ui.design.markdown import escape_markdown
from ui.design.marking import current_mark
from ui.design.theme import Theme, arm_glyph_markdown, arm_name_markdown

PATH_MARKDOWN = {"accelerated": ":green[accelerated]", "stock": "stock", "unknown": ":orange[unknown]"}


def draw_evidence_line(run: Run, step: str, key: str, theme: Theme) -> None:
    """Whether the fast path ran, and the cores requested and used."""
    comparison = run.comparison(step)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-evidence"):
        _draw_engagement(run, step, key, theme)
        used = ""
        if comparison:
            used = ", used " + " | ".join(
                f"{arm_glyph_markdown(arm, theme)} {comparison.summary(arm).effective_cores:.2f}" for arm in Arm
            )
        requested, batch = f"{format_cores(run.plan.cores)} requested", run.format_batch()
        st.markdown(f":small[:material/memory: {requested}{used}, {escape_markdown(batch)}]", width="content")


def accelerated_evidence(run: Run, step: str) -> list[Evidence]:
    """The evidence of the accelerated arm for one step, or for all steps of the total."""
    in_total = [declared.name for declared in run.snapshot.steps if not declared.excluded_from_total]
    steps = in_total if step == TOTAL else [step]
    return [evidence for evidence in run.evidence.get(Arm.ACCELERATED, []) if evidence.step in steps]


def _draw_engagement(run: Run, step: str, key: str, theme: Theme) -> None:
    evidence = accelerated_evidence(run, step)
    if not evidence:
        word = "no evidence" if run.state.over else "evidence after the pairs"
        st.markdown(f":gray-badge[:material/pending: {word}]", width="content")
        return
    badge = ENGAGEMENT_BADGES[decide_engagement(run, step)]
    label = f":{badge.colour}[{describe_engagement(run, step)}]"
    with st.popover(
        label,
        icon=f":material/{badge.icon}:",
        type="tertiary",
        key=f"{key}-evidence",
        help="Show what the libraries reported",
    ):
        draw_evidence(run, theme, step)


def draw_evidence(
    run: Run,
    theme: Theme,
    step: str = TOTAL,
    *,
    arms: Sequence[Arm] = (Arm.ACCELERATED, Arm.BASELINE),
    has_words: bool = True,
) -> None:
    """What each arm's library reported about one step, or about all steps; with `has_words` also in its own words."""
    # In a popover, it is outside of the marked region.
    if mark := current_mark():
        st.markdown(f":violet[**{escape_markdown(mark)}**]")
    labels = run.snapshot.labels()
    for arm in arms:
        st.markdown(f"**{arm_name_markdown(arm, run.snapshot.arms[arm], theme)}**")
        for evidence in run.evidence.get(arm, []):
            if step not in (TOTAL, evidence.step):
                continue
            path = PATH_MARKDOWN[evidence.path] + (" in part" if evidence.is_partial else "")
            reason = f", {escape_markdown(evidence.reason)}" if evidence.reason else ""
            st.markdown(f"{escape_markdown(labels.get(evidence.step, evidence.step))}: {path}{reason}")
            if evidence.words and has_words:
                st.code("\n".join(evidence.words), language=None, wrap_lines=True)
