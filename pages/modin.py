"""pandas to Modin: an ETL script and DataFrame calls by pandas and by Modin on Ray."""

from ui.views.modin import tabs
from ui.views.race import page

page.draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
