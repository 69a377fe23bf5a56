"""Runs: all stored runs. `?run=` opens one, `?plan=` lists the runs of one plan."""

from ui.views.runs.page import draw_runs_page

draw_runs_page()
