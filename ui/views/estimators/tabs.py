"""The tabs of the page of estimators: the race, the gallery, and for the user who started the server Your script."""

from __future__ import annotations

from ui.access.visitor import Visitor
from ui.controls.overrides import ControlOverrides
from ui.views.estimators import gallery
from ui.views.race.tabs import RACE_TAB, Tabs, WorkloadTab
from ui.views.script import tab as script
from ui.views.script.tab import draw_script_tab

LOCAL_TABS = {
    script.TAB: "It runs a file of the machine that Fairlap is installed on with the rights of the user who started "
    "Fairlap, so only a browser of that user on that machine has it, on a dashboard that serves nobody else. There, "
    "python -m bench profile SCRIPT does the same."
}
"""The tabs that only the user who started the server has, each with the reason."""


def build_tabs(visitor: Visitor) -> Tabs:
    """The tabs that the visitor has, in order."""
    tabs: dict[str, WorkloadTab | None] = {
        RACE_TAB: None,
        gallery.TAB: WorkloadTab(ControlOverrides(races=False), above=gallery.draw_gallery_tab),
    }
    if visitor.is_local:
        tabs[script.TAB] = WorkloadTab(ControlOverrides(races=False), above=draw_script_tab, tasks=(script.TASK,))
    return tabs
