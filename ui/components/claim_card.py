"""The claim card: the one sentence that a run supports, or the refusal, and every rule with what it saw."""

from __future__ import annotations

import streamlit as st

from bench.values import Claim, Finding, Outcome
from ui.design import badges
from ui.design.markdown import escape_markdown

_OUTCOME_WORDS = {Outcome.PASSED: "passed", Outcome.ANNOTATED: "note", Outcome.REFUSED: "refused"}


def draw_claim_card(claim: Claim) -> None:
    """The sentence in a box, refusals and notes open, what passed folded together."""
    with st.container(border=True):
        if claim.made:
            st.markdown(":green-badge[:material/verified: Claim] :small[what this run supports, and no more]")
        else:
            st.markdown(":red-badge[:material/gpp_bad: No claim] :small[what was measured does not support one]")
        st.markdown(escape_markdown(claim.sentence))
        for outcome in (Outcome.REFUSED, Outcome.ANNOTATED):
            for finding in _findings_of(claim, outcome):
                _draw_finding(finding)
        passed = _findings_of(claim, Outcome.PASSED)
        if passed:
            rules = "rule" if len(passed) == 1 else "rules"
            with st.expander(f"{len(passed)} {rules} passed", icon=":material/check:"):
                st.markdown(
                    "\n".join(f"- **{f.title}**: {escape_markdown(f.seen)} :gray[:small[{f.source}]]" for f in passed)
                )


def _findings_of(claim: Claim, outcome: Outcome) -> list[Finding]:
    return [finding for finding in claim.findings if finding.outcome is outcome]


def _draw_finding(finding: Finding) -> None:
    badge = badges.OUTCOME_BADGES[finding.outcome].markdown(_OUTCOME_WORDS[finding.outcome])
    remedy = (
        f"  \n:small[:gray[:material/subdirectory_arrow_right: {escape_markdown(finding.remedy)}]]"
        if finding.remedy
        else ""
    )
    st.markdown(
        f"{badge} **{finding.title}**: {escape_markdown(finding.seen)} :gray[:small[{finding.source}]]{remedy}",
        width="stretch",
    )
