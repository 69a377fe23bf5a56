"""Memory traffic: one tab per transformation of a loop, and the roofline of the machine."""

from ui.views.memory_traffic import tabs
from ui.views.race.page import draw_race_page

draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
