"""Machine: what this machine is, live."""

from ui.views.machine import page

page.draw_machine_page()
