"""Memory traffic: a tab a transformation of a loop, told, raced and charted, and the machine's roofline."""

from ui import memory_parts, race

race.page(memory_parts.WORKLOAD, tabs=memory_parts.tabs())
