"""TODO: ui.run_view.evidence."""

from __future__ import annotations

import streamlit as st

from bench.claims.evidence import decide_engagement
from bench.run.record import Run
from bench.values import TOTAL, Arm, Evidence
from ui.design import markdown, theme
from ui.design.badges import ENGAGEMENT_BADGES, SPEED_BADGES
from ui.design.theme import Theme


def draw_evidence_line(run: Run, step: str, key: str, colours: Theme) -> None:
    """Whether the fast path ran, in the library's own words; the cores that were asked for and used; the verdict."""
    found = run.claim(step)
    comparison = run.comparison(step)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _draw_engagement(run, step, key, colours)
        asked = f"{run.plan.cores} core{'s' * (run.plan.cores > 1)} asked"
        used = ""
        if comparison:
            glyphs = {arm: theme.arm_glyph_markdown(arm, colours) for arm in Arm}
            used = ", used " + " | ".join(f"{glyphs[s]} {getattr(comparison, s).effective_cores:.2f}" for s in Arm)
        st.markdown(f":small[:material/memory: {asked}{used}, batch {run.plan.batch}]", width="content")
        if found:
            verdict = found.verdict
            badges = SPEED_BADGES[verdict.speed].markdown(verdict.speed.value)
            made = (
                ":green-badge[:material/verified: claim made]"
                if found.made
                else ":red-badge[:material/gpp_bad: claim refused]"
            )
            st.markdown(f"{badges} {made}", width="content")


def accelerated_evidence(run: Run, step: str) -> list[Evidence]:
    """What the accelerated arm says of a step, or of all those that are part of the whole."""
    steps = [one.name for one in run.snapshot.steps if not one.excluded_from_total] if step == TOTAL else [step]
    return [evidence for evidence in run.evidence.get(Arm.ACCELERATED, []) if evidence.step in steps]


def _draw_engagement(run: Run, step: str, key: str, colours: Theme) -> None:
    told = accelerated_evidence(run, step)
    if not told:
        word = "no evidence" if run.state.over else "no evidence yet"
        st.markdown(f":gray-badge[:material/pending: {word}]", width="content")
        return
    engaged = decide_engagement(run, step)
    badge = ENGAGEMENT_BADGES[engaged]
    taken = sum(evidence.path == "accelerated" for evidence in told)
    of_all = f"{taken} of {len(told)} step{'s' * (len(told) != 1)}"
    label = f":{badge.colour}[{engaged.value}], {of_all} accelerated"
    with st.popover(
        label, icon=f":material/{badge.icon}:", type="tertiary", key=f"{key}-proof", help="In the library's own words"
    ):
        draw_evidence(run, colours, step)


def draw_evidence(run: Run, colours: Theme, step: str = TOTAL) -> None:
    labels = run.snapshot.labels()
    for arm in reversed(Arm):
        st.markdown(f"**{theme.arm_name_markdown(arm, run.snapshot.arms[arm], colours)}**")
        for told in run.evidence.get(arm, []):
            if step not in (TOTAL, told.step):
                continue
            path = {"accelerated": ":green[accelerated]", "stock": "stock"}.get(told.path, ":orange[unknown]")
            reason = f", {markdown.escape_markdown(told.reason)}" if told.reason else ""
            st.markdown(f"{labels.get(told.step, told.step)}: {path}{reason}")
            if told.words:
                st.code("\n".join(told.words), language=None, wrap_lines=True)
