"""Reports to hand on: a page that opens offline, and slides. They import no Streamlit, so the command line makes them
too."""
