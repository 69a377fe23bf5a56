"""What was wrong with the settings of a URL, and how long the page shows it."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan


class UrlProblems:
    """The settings of the last URL that got their default, a sentence for each.

    They outlast reruns until a control changes or another URL is opened. The browser's secret causes a rerun that may
    interrupt the first one at any call of Streamlit, so a problem is kept before the setting gets its default: an
    interrupted rerun finds the problem again, or it is kept.
    """

    def __init__(self, workload: str) -> None:
        self._key = f"{workload}:url-problems"

    def start(self, problems: list[str]) -> None:
        """Replace what is kept: another URL was opened."""
        st.session_state[self._key] = (None, problems)

    def add(self, problem: str) -> None:
        kept = self._read()[1]
        st.session_state[self._key] = (None, [*(other for other in kept if other != problem), problem])

    def list_for(self, plan: Plan | None) -> list[str]:
        """The problems that led to `plan`; none once the controls have another one."""
        digest, problems = self._read()
        shown = plan.digest if plan else ""
        if digest is None:
            st.session_state[self._key] = (shown, problems)
        return problems if digest in (None, shown) else []

    def _read(self) -> tuple[str | None, list[str]]:
        return st.session_state.get(self._key, ("", []))
