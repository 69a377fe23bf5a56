"""Fairlap's server: `streamlit run app.py`. What it shows is in `ui/navigation.py`.

The pages' folder is called `pages`, which Streamlit takes for its older kind of multipage app when it lies beside the
script that it runs: the first visitor of a fresh server would then see a page without its frame. With a script
elsewhere there is nothing to mistake.
"""

import importlib
import threading

import streamlit as st

NEEDED = ("bench.scheduler.dispatcher", "pandas", "plotly.graph_objects", "plotly.io", "plotly.subplots")


def load() -> None:
    """Import what every page needs while the first browser is still on its way."""
    for module in NEEDED:
        importlib.import_module(module)


threading.Thread(target=load, daemon=True).start()
app = st.App("ui/navigation.py")
