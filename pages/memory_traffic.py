"""Memory traffic: a tab a transformation of a loop, told, raced and charted, and the machine's roofline."""

from ui.views.memory_traffic import tabs
from ui.views.race import page

page.draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
