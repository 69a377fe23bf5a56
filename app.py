"""Fairlap: navigation and page set-up, nothing else."""

import streamlit as st

from bench.workload import registry
from ui import sidebar

st.set_page_config(page_title="Fairlap", page_icon=":material/speed:", layout="wide")

races = [
    st.Page(
        f"pages/{workload.name.replace('-', '_')}.py",
        title=workload.title,
        icon=workload.icon,
        url_path=workload.name,
        help=workload.sentence,
    )
    for workload in registry().values()
    if not workload.hidden
]
page = st.navigation(
    {
        "": [
            st.Page(
                "pages/home.py",
                title="Home",
                icon=":material/home:",
                default=True,
                help="What there is to race, and what runs now.",
            ),
        ],
        "Races": races,
        "This installation": [
            st.Page("pages/machine.py", title="Machine", icon=":material/memory:", help="What this machine is, live."),
            st.Page("pages/runs.py", title="Runs", icon=":material/history:", help="Every run that was kept."),
            st.Page("pages/rules.py", title="Rules", icon=":material/gavel:", help="What every number here obeys."),
        ],
    }
)
sidebar.draw()
page.run()
