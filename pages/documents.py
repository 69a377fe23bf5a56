"""Document analysis: a whole text pipeline, stock against accelerated stage by stage."""

from ui.views.documents import classify
from ui.views.race.page import draw_race_page
from ui.views.race.tabs import RACE_TAB, TaskTab
from workloads.documents.measurements import CLASSIFY_TASK

draw_race_page(
    "documents",
    tabs={RACE_TAB: None, "Your text": TaskTab(classify.draw_classify_tab, (CLASSIFY_TASK,), classify.CONTROLS)},
)
