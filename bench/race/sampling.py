"""TODO: bench.race.race.sampling."""

from __future__ import annotations

MAX_WARM_UP_SHARE = 0.25
"""Largest share of the budget that warming up may take."""


MIN_PAIRS_TO_STOP = 20
"""Pairs before sampling may end because the interval is narrow enough."""


MIN_PAIRS_FOR_CLAIM = 8
"""Pairs that a race takes even when they exceed the budget, since no claim stands on fewer."""


MIN_PAIRS_FOR_INTERVAL = 3


CLAIM_OVERRUN_FACTOR = 2.0
"""Times the budget at which those are given up ..."""


MAX_OVERRUN_FACTOR = 4.0
"""... and at which even the three are that an interval needs; other core counts are tried where there is time for them
before that."""


MIN_STEP_S = 0.005
"""A step is called as often inside a sample as makes it last this long; a shorter call is mostly clock and jitter."""


MAX_CALLS_S = 0.2
"""... but not so often that the slower arm takes longer than this for it."""


MAX_CALLS = 100_000


PAGE_DRAWING_S = 0.3
"""How long a page is drawn, by its server and then by its browser."""


MAX_DRAWING_SHARE = 0.35
"""Largest share of the run that the race stands still for pages."""


RESUME_DELAY_S = 0.1
"""How long an arm whose processes were stopped has to come to itself before it is timed."""


CORE_COUNTS_SHARE = 0.2
"""Share of the budget kept for other core counts."""


def choose_call_count(seconds: float, slower: float = 0.0) -> int:
    """How often a step that takes `seconds` in one arm, and `slower` in the other, is called inside a sample."""
    if seconds >= MIN_STEP_S:
        return 1
    enough = round(MIN_STEP_S / max(seconds, 1e-9) + 0.5)
    borne = round(MAX_CALLS_S / slower) if slower else MAX_CALLS
    return max(1, min(MAX_CALLS, enough, borne))
