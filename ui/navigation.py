"""Navigation and page set-up, nothing else: the script that Streamlit runs for every page."""

import streamlit as st

from bench.workload.declaration import registry
from ui import services
from ui.components import sidebar

st.set_page_config(page_title="Fairlap", page_icon=str(services.ASSETS / "images" / "icon.png"), layout="wide")

races = [
    st.Page(
        services.page(workload.name),
        title=workload.title,
        icon=workload.icon,
        url_path=workload.name,
        help=workload.sentence,
    )
    for workload in registry().values()
    if not workload.hidden
]
home = st.Page(
    services.page("home"),
    title="Home",
    icon=":material/home:",
    default=True,
    help="What there is to race, and what runs now.",
)
installation = [
    st.Page(services.page(name), title=name.capitalize(), icon=f":material/{icon}:", url_path=name, help=words)
    for name, icon, words in (
        ("machine", "memory", "What this machine is, live."),
        ("runs", "history", "Every run that was kept."),
        ("rules", "gavel", "What every number here obeys."),
    )
]
shown = st.navigation({"": [home], "Races": races, "This installation": installation})
sidebar.draw()
shown.run()
