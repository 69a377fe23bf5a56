"""What pandas to Modin does when asked, other than racing: look for the size from which on a call gains.

What is asked is checked here, before Ray is loaded, so that a mistake is answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.workload import BadInput, Settings, Tell
from workloads.modin.steps import CALLS

LEAST, MOST = 1 << 10, 1 << 24


class Desk:
    """See `bench.workload.Desk`; every method is a task."""

    def break_even(self, settings: Settings, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        """Time the call `given["call"]` by pandas and by Modin at sizes from `given["least"]` rows to `given["most"]`,
        each four times the last, with a Ray of the search's own, for at most `given["seconds"]`.

        Tells of the event `start` (`seconds` that Ray and Modin took to start) and, for each size, of `point` (`rows`,
        `pandas` and `modin`, lists of seconds to the result). Returns `call`, `sentence`, `verdict` (`gains`,
        `loses` or `unsure`), `stopped` (why no larger size was tried; empty where all were) and `crossing`
        (`rows`, `low`, `high`) or None. Raises BadInput.
        """
        names = {call.name: call for call in CALLS if not call.apart}
        call = names.get(str(given["call"]))
        if call is None:
            raise BadInput(f"There is no call {given['call']!r} to be timed", f"Choose one of {', '.join(names)}.")
        least, most = int(given["least"]), int(given["most"])
        if not LEAST <= least < most <= MOST:
            raise BadInput(
                f"Sizes from {least:,} to {most:,} rows cannot be tried",
                f"Choose a smaller and a larger one between {LEAST:,} and {MOST:,}.",
            )
        from workloads.modin.search import search

        return search(settings, call, least, most, float(given["seconds"]), tell)
