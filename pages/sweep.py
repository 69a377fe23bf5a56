"""Sweep: short races over a grid of cores, batch or other settings. `?workload=` chooses the workload."""

from ui.views.sweep.page import draw_sweep_page

draw_sweep_page()
