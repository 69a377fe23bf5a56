"""Runs: every run that was kept. `?run=` opens one, `?plan=` lists the runs of one plan."""

from ui.views.runs import page

page.draw_runs_page()
