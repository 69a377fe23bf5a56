"""The claim card: the one sentence that a run supports, or the refusal, and every rule with what it saw."""

from __future__ import annotations

import streamlit as st

from bench.values import Claim, Finding, Outcome
from ui.design import theme

_WORDS = {Outcome.PASSED: "passed", Outcome.ANNOTATED: "note", Outcome.REFUSED: "refused"}


def draw(claim: Claim) -> None:
    """The sentence in a box, refusals and notes open, what passed folded together."""
    with st.container(border=True):
        if claim.made:
            st.markdown(":green-badge[:material/verified: Claim] :small[what this run supports, and no more]")
        else:
            st.markdown(":red-badge[:material/gpp_bad: No claim] :small[what was measured does not support one]")
        st.markdown(plain(claim.sentence))
        for outcome in (Outcome.REFUSED, Outcome.ANNOTATED):
            for finding in _of(claim, outcome):
                _finding(finding)
        passed = _of(claim, Outcome.PASSED)
        if passed:
            rules = "rule" if len(passed) == 1 else "rules"
            with st.expander(f"{len(passed)} {rules} passed", icon=":material/check:"):
                st.markdown("\n".join(f"- **{f.title}**: {plain(f.seen)} :gray[:small[{f.source}]]" for f in passed))


def _of(claim: Claim, outcome: Outcome) -> list[Finding]:
    return [finding for finding in claim.findings if finding.outcome is outcome]


def _finding(finding: Finding) -> None:
    badge = theme.OUTCOME[finding.outcome].markdown(_WORDS[finding.outcome])
    remedy = f"  \n:small[:gray[:material/subdirectory_arrow_right: {plain(finding.remedy)}]]" if finding.remedy else ""
    st.markdown(
        f"{badge} **{finding.title}**: {plain(finding.seen)} :gray[:small[{finding.source}]]{remedy}", width="stretch"
    )


def plain(text: str) -> str:
    """Text of a library or a person, so that nothing in it is taken for Markdown."""
    for mark in "\\`*_[]$~<>":
        text = text.replace(mark, f"\\{mark}")
    return text.replace(":", "\\:")
