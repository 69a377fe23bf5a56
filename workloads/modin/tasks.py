"""What pandas to Modin does when asked, other than racing: look for the size from which on a call gains.

What is asked is checked here, before Ray is loaded, so that a mistake is answered at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.modin.calls import CALLS

EXAMPLE_ARGUMENTS = '{"call": "map", "least": 4096, "most": 262144, "seconds": 120}'
MIN_ROWS, MAX_ROWS = 1 << 10, 1 << 24


class ModinTasks:
    """See `bench.workload.interface.TaskHandler`; every method is a task."""

    def break_even(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Time the call `given["call"]` by pandas and by Modin at sizes from `given["least"]` rows to `given["most"]`,
        each four times the last, on a made up table and with a Ray of the search's own, for at most `given["seconds"]`
        once that has started.

        Tells of the event `start` (`seconds` that Ray and Modin took to start) and, for each size, of `point` (`rows`,
        `pandas` and `modin`, lists of seconds to the result). Returns `call`, `used` (what was
        compared on what, in words), `sentence`, `verdict` (`gains`,
        `loses` or `unsure`), `stopped` (why no larger size was tried; empty where all were) and `crossing`
        (`rows`, `low`, `high`) or None. Raises BadInput.
        """
        names = {call.name: call for call in CALLS if not call.excluded_from_total}
        call = names.get(str(given.get("call")))
        if call is None:
            raise BadInput(f"There is no call {given.get('call')!r} to be timed", f"Choose one of {', '.join(names)}.")
        least, most, seconds = (_require_integer(given, name) for name in ("least", "most", "seconds"))
        if not MIN_ROWS <= least < most <= MAX_ROWS:
            raise BadInput(
                f"Sizes from {least:,} to {most:,} rows cannot be tried",
                f"Choose a smaller and a larger one between {MIN_ROWS:,} and {MAX_ROWS:,}.",
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
        from workloads.modin.break_even.search import search_break_even

        return search_break_even(settings, call, least, most, seconds, tell)


def _require_integer(given: Mapping[str, Any], name: str) -> int:
    """The whole number of that name. Raises BadInput where there is none."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value % 1:
        raise BadInput(
            f"{name} is missing" if value is None else f"{name} {value!r} is no whole number",
            f"Give it as a number, such as {EXAMPLE_ARGUMENTS}.",
        )
    return int(value)
