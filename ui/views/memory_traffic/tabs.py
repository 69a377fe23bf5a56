"""The parts of memory traffic's page: a tab a transformation, with story, code, race and chart; and the roofline."""

from __future__ import annotations

from bench.plan.plan import Plan
from ui.controls.overrides import ControlOverrides
from ui.views.memory_traffic import achieved, introduction, roofline, sweep_tab
from ui.views.race.tabs import WorkloadTab
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

WORKLOAD = "memory-traffic"
MATRIX_TRANSFORMATIONS = ("unit-stride", "tiling", "transpose", "stencil")
"""What works on matrices, whose side may be set."""
TILE_TRANSFORMATIONS = ("tiling", "transpose", "stencil", "dependence")
"""What has tiles or strips."""
ROOFLINE_TAB = "Roofline"


def build_tabs() -> dict[str, WorkloadTab]:
    """Every tab by its name, in order."""
    parts = {
        transformation.short: WorkloadTab(
            _control_overrides(name), introduction.draw_introduction, _draw_below_race, introduction.plan_code
        )
        for name, transformation in TRANSFORMATIONS.items()
    }
    return parts | {ROOFLINE_TAB: WorkloadTab(ControlOverrides(races=False), roofline.draw_roofline_tab)}


def _draw_below_race(plan: Plan) -> None:
    achieved.draw_achieved(plan)
    sweep_tab.draw_sweep_section(plan)


def _control_overrides(transformation: str) -> ControlOverrides:
    """The controls that have a say in a transformation."""
    versions = [version.name for version in TRANSFORMATIONS[transformation].versions]
    hidden = [
        name
        for name, where in (("side", MATRIX_TRANSFORMATIONS), ("tile", TILE_TRANSFORMATIONS), ("fields", ("layout",)))
        if transformation not in where
    ]
    # With two versions there is no other to begin or to end with.
    hidden += [] if len(versions) > 2 else ["before", "after"]
    left = ["default", *versions]
    choices = {} if len(versions) <= 2 else {"before": left, "after": left}
    return ControlOverrides({"transformation": transformation}, tuple(hidden), ("size",), choices)
