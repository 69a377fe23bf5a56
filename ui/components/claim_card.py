"""The claim: the one sentence that a run supports, or why there is none, and the finding of every rule."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_count
from bench.values.arms import RacedInput
from bench.values.claims import Claim, Finding, Outcome
from ui.design.badges import OUTCOME_BADGES, Badge
from ui.design.markdown import escape_markdown


def draw_claim_card(sentence: str, claim: Claim | None, inputs: Sequence[RacedInput]) -> None:
    """The sentence in a box with what was raced and what refuses the claim; reservations, conditions and passed
    rules are folded.

    `claim` is None if the run ended before the rules could be applied.
    """
    with st.container(border=True):
        st.markdown(escape_markdown(sentence))
        if inputs:
            st.markdown("\n".join(f"- {_input_markdown(raced)}" for raced in inputs))
        if claim is None:
            return
        for finding in claim.refusals[:1]:
            st.markdown(_finding_markdown(finding))
        _draw_folded(claim.refusals[1:], "more reason", OUTCOME_BADGES[Outcome.REFUSED])
        _draw_folded(claim.reservations, "reservation", OUTCOME_BADGES[Outcome.ANNOTATED])
        _draw_folded(claim.conditions, "condition", OUTCOME_BADGES[Outcome.ANNOTATED])
        if claim.passed:
            with st.expander(f"{format_count(len(claim.passed), 'rule')} passed", icon=":material/check:"):
                st.markdown("\n".join(f"- {_describe_finding(finding)}" for finding in claim.passed))


def _draw_folded(findings: Sequence[Finding], noun: str, badge: Badge) -> None:
    if not findings:
        return
    with st.expander(format_count(len(findings), noun), icon=f":material/{badge.icon}:"):
        for finding in findings:
            st.markdown(_finding_markdown(finding), width="stretch")


def _input_markdown(raced: RacedInput) -> str:
    return f":small[:gray[**{escape_markdown(raced.label)}**: {escape_markdown(raced.text)}]]"


def _finding_markdown(finding: Finding) -> str:
    badge = OUTCOME_BADGES[finding.outcome].markdown(finding.effect)
    text = f"{badge} {_describe_finding(finding)}"
    if finding.remedy:
        text += f"  \n:small[:gray[:material/subdirectory_arrow_right: {escape_markdown(finding.remedy)}]]"
    return text


def _describe_finding(finding: Finding) -> str:
    title, seen, source = map(escape_markdown, (finding.title, finding.seen, finding.source))
    return f"**{title}**: {seen} :gray[:small[{source}]]"
