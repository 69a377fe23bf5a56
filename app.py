"""Fairlap's server: `streamlit run app.py`. What it shows is in `ui/navigation.py`.

The pages' folder is called `pages`, which Streamlit takes for its older kind of multipage app when it lies beside the
script that it runs: the first visitor of a fresh server would then see a page without its frame. With a script
elsewhere there is nothing to mistake.
"""

import streamlit as st

app = st.App("ui/navigation.py")
