"""Home: the workloads and the queue."""

from ui.views.home.page import draw_home_page

draw_home_page()
