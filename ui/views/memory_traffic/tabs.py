"""The tabs of the memory traffic page: one per case, with introduction, code, race and charts, and the roofline."""

from __future__ import annotations

from ui.controls.overrides import ControlOverrides
from ui.views.memory_traffic import introduction, roofline, sweep_tab
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
            below=sweep_tab.draw_sweep_section,
            code=introduction.plan_code,
        )
        for name, transformation in TRANSFORMATIONS.items()
    }
    roofline_tab = WorkloadTab(ControlOverrides(races=False), above=roofline.draw_roofline_tab, tasks=(roofline.TASK,))
    return tabs | {ROOFLINE_TAB: roofline_tab}
