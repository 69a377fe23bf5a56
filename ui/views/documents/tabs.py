"""The tabs of the page of documents: the race, and the classification of one's own text."""

from __future__ import annotations

from ui.views.documents import classify
from ui.views.race.tabs import RACE_TAB, TaskTab
from workloads.documents.measurements import CLASSIFY_TASK

WORKLOAD = "documents"


def build_tabs() -> dict[str, TaskTab | None]:
    """The tabs by name, in the order of the page."""
    return {RACE_TAB: None, "Your text": TaskTab(classify.draw_classify_tab, (CLASSIFY_TASK,), classify.CONTROLS)}
