"""pandas to Modin: DataFrame calls by pandas and by Modin on Ray."""

from ui import modin_break_even, modin_calls, race

race.page(
    "modin",
    tabs={race.RACE: None, "Call by call": modin_calls.draw, "Break-even": modin_break_even.draw},
)
