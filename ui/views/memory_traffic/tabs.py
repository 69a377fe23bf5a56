"""The parts of memory traffic's page: a tab a transformation, with story, code, race and chart; and the roofline."""

from __future__ import annotations

from bench.plan.plan import Plan
from bench.workload.declaration import Workload, registry
from ui.controls.form import Narrowed
from ui.views.memory_traffic import achieved, introduction, roofline, sweep_tab
from ui.views.race.page import Part

WORKLOAD = "memory-traffic"
SIDE = ("unit-stride", "tiling", "transpose", "stencil")
"""What works on matrices, whose side may be set."""
TILE = ("tiling", "transpose", "stencil", "dependence")
"""What has tiles or strips."""
ROOFLINE = "Roofline"


def tabs() -> dict[str, Part]:
    """Every tab by its name, in order."""
    workload = registry()[WORKLOAD]
    parts = {
        workload.texts[f"{name}:short"]: Part(_narrowed(workload, name), introduction.draw, _below, introduction.code)
        for name in workload.parameter("transformation").choices
    }
    return parts | {ROOFLINE: Part(Narrowed(races=False), roofline.draw)}


def _below(plan: Plan) -> None:
    achieved.draw(plan)
    sweep_tab.draw(plan)


def _narrowed(workload: Workload, transformation: str) -> Narrowed:
    """The controls that have a say in a transformation."""
    versions = [
        key.removeprefix(f"{transformation}/")
        for key in workload.texts
        if key.startswith(f"{transformation}/") and ":" not in key and key.count("/") == 1
    ]
    without = [
        name for name, where in (("side", SIDE), ("tile", TILE), ("fields", ("layout",))) if transformation not in where
    ]
    # With two versions there is no other to begin or to end with.
    without += [] if len(versions) > 2 else ["before", "after"]
    left = ["default", *versions]
    choices = {} if len(versions) <= 2 else {"before": left, "after": left}
    return Narrowed({"transformation": transformation}, tuple(without), ("size",), choices)
