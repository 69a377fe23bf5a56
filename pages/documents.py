"""Document analysis: a whole text pipeline, stock against accelerated stage by stage."""

from ui.views.documents import tabs
from ui.views.race.page import draw_race_page

draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
