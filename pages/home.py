"""Home: what there is to race, and what runs now."""

from ui.views import home

home.draw_home_page()
