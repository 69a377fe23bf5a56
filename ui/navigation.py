"""The script that Streamlit runs for every page: page settings, navigation and sidebar."""

import streamlit as st

from bench.storage.store import StoreError
from bench.workload.registry import load_workloads
from ui import services
from ui.components.sidebar import draw_sidebar
from ui.components.sign_in import draw_identity
from ui.design.browser import detect_theme, remember_theme, set_tab_title
from ui.design.page_style import draw_page_style
from ui.tours.frame import open_asked_step, run_in_tour
from ui.tours.notes import PAGE as NOTES_PAGE
from ui.tours.session import is_presenting

IMAGES = services.ASSETS / "images"

st.set_page_config(page_icon=str(IMAGES / "favicon.svg"), layout="wide")

# Without help: the tooltip of an entry that has the keyboard's focus lies over the controls of the page.
home = st.Page(services.page_script("home"), title="Home", icon=":material/home:", default=True)
sweep = st.Page(services.page_script("sweep"), title="Sweep", icon=":material/grid_on:", url_path="sweep")
races = [
    st.Page(
        services.page_script(workload.name),
        title=workload.title,
        icon=workload.icon,
        url_path=workload.name,
    )
    for workload in load_workloads().values()
    if not workload.hidden
]
installation = [
    st.Page(services.page_script(name), title=name.capitalize(), icon=f":material/{icon}:", url_path=name)
    for name, icon in (
        ("machine", "developer_board"),
        ("runs", "history"),
        ("method", "science"),
        ("rules", "gavel"),
        ("glossary", "dictionary"),
    )
]
tours = st.Page(services.page_script("tours"), title="Tours", icon=":material/tour:", url_path="tours")
# Expanded: Streamlit hides the last of more than twelve entries behind a button.
notes = st.Page(services.page_script(NOTES_PAGE), title="Speaker notes", url_path=NOTES_PAGE, visibility="hidden")
page = st.navigation(
    {"": [home, tours, sweep, notes], "Races": races, "This installation": installation},
    position="hidden" if is_presenting() else "sidebar",
    expanded=True,
)
open_asked_step(page)
set_tab_title("" if page == home else page.title)
draw_page_style()
remember_theme()
theme = detect_theme()
st.logo(str(IMAGES / f"logo-{theme}.svg"), size="large", icon_image=str(IMAGES / f"mark-{theme}.svg"))
draw_identity()
if not is_presenting() and page != notes:
    draw_sidebar()
try:
    run_in_tour(page)
except (StoreError, OSError) as error:
    # The disk may become full, or the folder vanish, at any time.
    services.draw_store_error(error)
