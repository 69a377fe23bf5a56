"""Tours: guided walks through the pages. `?tour=` on any page opens one."""

from ui.tours.page import draw_tours_page

draw_tours_page()
