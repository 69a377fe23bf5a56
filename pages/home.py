"""Home: what there is to race, and what runs now."""

from ui import home

home.draw()
