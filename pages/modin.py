"""pandas to Modin: an ETL script and single DataFrame calls, with pandas and with Modin on Ray."""

from ui.views.modin import tabs
from ui.views.race.page import draw_race_page

draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
