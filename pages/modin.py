"""pandas to Modin: an ETL script and DataFrame calls by pandas and by Modin on Ray."""

from ui import modin_parts, race

race.page(modin_parts.WORKLOAD, tabs=modin_parts.tabs())
