"""The part of a page that shows what a workload's arms produced, directly below the headline of a run.

A workload may have one: a module `ui.views.<workload>.result`, with hyphens as underscores, and in it a function
`draw_result(run, key, theme)`. It must need nothing but the run, because stored runs are shown too, and draw nothing
for a run that has no result. `key` is unique for the place on the page.

A module `ui.views.<workload>.live_result` with a function `draw_live_result(run, key, theme)` adds to a race that takes
samples. It is called with every redraw, on the cores of the race: it may read the store once for a race, and draw a
small image.

A module `ui.views.<workload>.input` with a function `draw_input(plan)` shows what is raced, before the first run of a
plan and below a live race. It is drawn once for a race, not with every redraw.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

from bench.plan.plan import Plan
from ui.run_view.view import DrawResult

DrawInput = Callable[[Plan], None]
"""Draws what a plan races."""


@cache
def find_result_part(workload: str) -> DrawResult | None:
    """The result part of a workload; None if it has none."""
    return _find_function(workload, "result", "draw_result")


@cache
def find_live_part(workload: str) -> DrawResult | None:
    """What a workload adds to a live race; None if it adds nothing."""
    return _find_function(workload, "live_result", "draw_live_result")


@cache
def find_input_part(workload: str) -> DrawInput | None:
    """What a workload shows of its input; None if it shows nothing."""
    return _find_function(workload, "input", "draw_input")


def _find_function(workload: str, module: str, function: str) -> Any:
    package = f"ui.views.{workload.replace('-', '_')}"
    name = f"{package}.{module}"
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(name) is None:
        return None
    return getattr(importlib.import_module(name), function)
