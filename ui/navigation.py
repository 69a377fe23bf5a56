"""The script that Streamlit runs for every page: page settings, navigation and sidebar."""

import streamlit as st

from bench.workload.registry import load_workloads
from ui import services
from ui.components.sidebar import draw_sidebar
from ui.design.browser import remember_theme

st.set_page_config(page_title="Fairlap", page_icon=str(services.ASSETS / "images" / "icon.png"), layout="wide")

home = st.Page(
    services.page_script("home"), title="Home", icon=":material/home:", default=True, help="All workloads and the queue"
)
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
installation = [
    st.Page(services.page_script(name), title=name.capitalize(), icon=f":material/{icon}:", url_path=name, help=summary)
    for name, icon, summary in (
        ("machine", "memory", "Hardware, load and noise of this machine"),
        ("runs", "history", "All stored runs"),
        ("rules", "gavel", "The rules for every claim"),
    )
]
page = st.navigation({"": [home], "Races": races, "This installation": installation})
remember_theme()
draw_sidebar()
page.run()
