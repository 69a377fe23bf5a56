"""Memory traffic: loops before and after a transformation, told, raced, swept and drawn under their roofline."""

from ui import memory_roofline, memory_story, memory_sweep, race

race.page(
    "memory-traffic",
    tabs={
        "Story": memory_story.draw,
        race.RACE: None,
        "Sweep": memory_sweep.draw,
        "Roofline": memory_roofline.draw,
    },
)
