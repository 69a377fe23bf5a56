"""Fairlap's server: `streamlit run app.py`.

The page script is `ui/navigation.py` and not this file, because the folder `pages` is beside this file: Streamlit would
take it for the pages of an older kind of app, and show the first visitor a page without navigation.
"""

import importlib
import threading

import streamlit as st

PRELOADED_MODULES = ("bench.scheduler.dispatcher", "pandas", "plotly.graph_objects", "plotly.io", "plotly.subplots")


def preload_modules() -> None:
    """Import what every page needs while the first browser is still connecting."""
    for module in PRELOADED_MODULES:
        importlib.import_module(module)


threading.Thread(target=preload_modules, daemon=True).start()
app = st.App("ui/navigation.py")
