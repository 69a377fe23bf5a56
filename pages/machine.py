"""Machine: hardware, load and noise."""

from ui.views.machine.page import draw_machine_page

draw_machine_page()
