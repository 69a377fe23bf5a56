"""Navigation and page set-up, nothing else: the script that Streamlit runs for every page."""

import streamlit as st

from bench.workload.registry import load_workloads
from ui import services
from ui.components import sidebar

st.set_page_config(page_title="Fairlap", page_icon=str(services.ASSETS / "images" / "icon.png"), layout="wide")

races = [
    st.Page(
        services.page_script(workload.name),
        title=workload.title,
        icon=workload.icon,
        url_path=workload.name,
        help=workload.summary,
    )
    for workload in load_workloads().values()
    if not workload.hidden
]
home = st.Page(
    services.page_script("home"),
    title="Home",
    icon=":material/home:",
    default=True,
    help="What there is to race, and what runs now.",
)
installation = [
    st.Page(services.page_script(name), title=name.capitalize(), icon=f":material/{icon}:", url_path=name, help=words)
    for name, icon, words in (
        ("machine", "memory", "What this machine is, live."),
        ("runs", "history", "Every run that was kept."),
        ("rules", "gavel", "What every number here obeys."),
    )
]
selected_page = st.navigation({"": [home], "Races": races, "This installation": installation})
sidebar.draw_sidebar()
selected_page.run()
