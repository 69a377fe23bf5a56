"""The claim card: the one sentence that a run supports, or why there is none, and the finding of every rule."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count, format_outcome
from bench.values import Claim, Finding, Outcome
from ui.design.badges import CLAIM_BADGES, OUTCOME_BADGES
from ui.design.markdown import escape_markdown


def draw_claim_card(sentence: str, claim: Claim | None) -> None:
    """The sentence in a box, with refusals and notes below it, and the passed rules in an expander.

    `claim` is None if the run ended before the rules could be applied.
    """
    made = claim is not None and claim.made
    title, note = ("Claim", "all that this run supports") if made else ("No claim", "the run does not support one")
    with st.container(border=True):
        st.markdown(f"{CLAIM_BADGES[made].markdown(title)} :small[{note}]")
        st.markdown(escape_markdown(sentence))
        if claim is None:
            return
        for outcome in (Outcome.REFUSED, Outcome.ANNOTATED):
            for finding in _select_findings(claim, outcome):
                st.markdown(_finding_markdown(finding), width="stretch")
        passed = _select_findings(claim, Outcome.PASSED)
        if passed:
            with st.expander(f"{format_count(len(passed), 'rule')} passed", icon=":material/check:"):
                st.markdown("\n".join(f"- {_describe_finding(finding)}" for finding in passed))


def _select_findings(claim: Claim, outcome: Outcome) -> list[Finding]:
    return [finding for finding in claim.findings if finding.outcome is outcome]


def _finding_markdown(finding: Finding) -> str:
    badge = OUTCOME_BADGES[finding.outcome].markdown(format_outcome(finding.outcome))
    text = f"{badge} {_describe_finding(finding)}"
    if finding.remedy:
        text += f"  \n:small[:gray[:material/subdirectory_arrow_right: {escape_markdown(finding.remedy)}]]"
    return text


def _describe_finding(finding: Finding) -> str:
    return f"**{finding.title}**: {escape_markdown(finding.seen)} :gray[:small[{finding.source}]]"
