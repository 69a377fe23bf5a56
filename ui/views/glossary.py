"""The page of the glossary: every term with its definition, where it is shown, and how it is computed."""

from __future__ import annotations

import streamlit as st

from bench.stats.explanations import EXPLANATIONS
from ui.design.glossary import GROUPS, TERMS, Term
from ui.design.markdown import escape_markdown


def draw_glossary_page() -> None:
    st.title("Glossary")
    st.markdown("The words of this dashboard in a sentence or two each. Most are also explained where they are used.")
    wanted = st.text_input(
        "Search the glossary", placeholder="Search, for example: interval", icon=":material/search:", width=420
    )
    terms = [term for term in TERMS if _matches(term, wanted)]
    if not terms:
        st.info(f"No term contains {escape_markdown(wanted)}. Try a shorter word.", icon=":material/search_off:")
    for group in GROUPS:
        members = [term for term in terms if term.group == group]
        if members:
            st.header(group, anchor=False)
            with st.grid(3, min_column_width=260):
                for term in members:
                    _draw_term(term)


def _matches(term: Term, wanted: str) -> bool:
    """Whether all words of `wanted` are in the name, another spelling or the definition."""
    text = " ".join([term.name, *term.other_names, term.definition]).lower()
    return all(word in text for word in wanted.lower().split())


def _draw_term(term: Term) -> None:
    details = dict(EXPLANATIONS).get(term.statistic, "")
    with st.container(border=True, height="stretch", gap="small"):
        st.subheader(term.name, anchor=term.anchor)
        st.markdown(term.definition)
        st.caption(f":material/location_on: {term.where}")
        if details:
            with st.expander("How it is computed", icon=":material/functions:"):
                st.markdown(details)
