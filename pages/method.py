"""Method: how everything is measured, and the twelve ways to fool the masses, tried on a recorded run."""

from ui.views.method.page import draw_method_page

draw_method_page()
