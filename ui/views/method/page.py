"""The page Method: how everything is measured, and how it could be faked, on a recorded run of this machine."""

from __future__ import annotations

import streamlit as st

from ui.views.method.example import choose_example, draw_missing_example, list_examples
from ui.views.method.ideas import draw_ideas
from ui.views.method.ways import draw_ways, read_linked_way, read_named_way

IDEAS_TAB, WAYS_TAB = "How it is measured", "Twelve ways to fool the masses"
TAB_KEY = "method-tab"


def draw_method_page() -> None:
    examples = list_examples()
    introduction, choice = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with introduction:
        st.title("Method")
        st.markdown(
            "How Fairlap measures, shown on a run of this machine, and what happens to somebody who cheats. The "
            "[rules](rules) are those of every race."
        )
    if not examples:
        draw_missing_example()
        return
    with choice:
        run = choose_example(examples)
    if run is None:
        return
    # The presenter view of a tour draws other parts in between, and Streamlit drops the choice of the tab.
    if read_linked_way() or (TAB_KEY not in st.session_state and read_named_way()):
        st.session_state[TAB_KEY] = WAYS_TAB
    ideas, ways = st.tabs([IDEAS_TAB, WAYS_TAB], key=TAB_KEY, on_change="rerun")
    if ideas.open:
        with ideas.container(key="method-ideas"):
            draw_ideas(run)
    if ways.open:
        with ways:
            draw_ways(run)
