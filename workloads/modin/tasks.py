"""What pandas to Modin does when asked, other than racing: look for the size from which on a call gains.

What is asked is checked here, before Ray is loaded, so that a mistake is answered at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bench.workload.declaration import BadInput, Settings, Tell
from workloads.modin.calls import CALLS

EXAMPLE = '{"call": "map", "least": 4096, "most": 262144, "seconds": 120}'
LEAST, MOST = 1 << 10, 1 << 24


class Desk:
    """See `bench.workload.declaration.Desk`; every method is a task."""

    def break_even(self, settings: Settings, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        """Time the call `given["call"]` by pandas and by Modin at sizes from `given["least"]` rows to `given["most"]`,
        each four times the last, on a made up table and with a Ray of the search's own, for at most `given["seconds"]`
        once that has started.

        Tells of the event `start` (`seconds` that Ray and Modin took to start) and, for each size, of `point` (`rows`,
        `pandas` and `modin`, lists of seconds to the result). Returns `call`, `used` (what was
        compared on what, in words), `sentence`, `verdict` (`gains`,
        `loses` or `unsure`), `stopped` (why no larger size was tried; empty where all were) and `crossing`
        (`rows`, `low`, `high`) or None. Raises BadInput.
        """
        names = {call.name: call for call in CALLS if not call.apart}
        call = names.get(str(given.get("call")))
        if call is None:
            raise BadInput(f"There is no call {given.get('call')!r} to be timed", f"Choose one of {', '.join(names)}.")
        least, most, seconds = (_whole(given, name) for name in ("least", "most", "seconds"))
        if not LEAST <= least < most <= MOST:
            raise BadInput(
                f"Sizes from {least:,} to {most:,} rows cannot be tried",
                f"Choose a smaller and a larger one between {LEAST:,} and {MOST:,}.",
            )
        if seconds < 1:
            raise BadInput(f"In {seconds} s nothing can be tried", "Allow 1 second at least, better 30 or more.")
        for name, only in (("file", "synthetic"), ("cluster", "own")):
            if settings.parameters[name] != only:
                raise BadInput(
                    f"The search takes no {name} {settings.parameters[name]}: its table is always made up, and its Ray "
                    "its own",
                    f"Leave {name} at {only}.",
                )
        from workloads.modin.break_even.search import search

        return search(settings, call, least, most, seconds, tell)


def _whole(given: Mapping[str, Any], name: str) -> int:
    """The whole number of that name. Raises BadInput where there is none."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value % 1:
        raise BadInput(
            f"{name} is missing" if value is None else f"{name} {value!r} is no whole number",
            f"Give it as a number, such as {EXAMPLE}.",
        )
    return int(value)
