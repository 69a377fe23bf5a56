"""The tabs of the memory traffic page: one per case, with introduction, code, race and charts, and the roofline."""

from __future__ import annotations

from bench.plan.plan import Plan
from ui.controls.overrides import ControlOverrides
from ui.views.memory_traffic import achieved, introduction, roofline, sweep_tab
from ui.views.race.tabs import WorkloadTab
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

WORKLOAD = "memory-traffic"
ROOFLINE_TAB = "Roofline"


def build_tabs() -> dict[str, WorkloadTab]:
    """Every tab by its name, in order."""
    tabs = {
        transformation.short: WorkloadTab(
            ControlOverrides(cases=(name,), visible=("size",)),
            above=introduction.draw_introduction,
            below=_draw_below_race,
            code=introduction.plan_code,
        )
        for name, transformation in TRANSFORMATIONS.items()
    }
    return tabs | {ROOFLINE_TAB: WorkloadTab(ControlOverrides(races=False), above=roofline.draw_roofline_tab)}


def _draw_below_race(plan: Plan) -> None:
    achieved.draw_achieved(plan)
    sweep_tab.draw_sweep_section(plan)
