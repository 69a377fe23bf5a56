"""BERT question answering: FP32 against BF16 and INT8."""

from ui.views.bert import tabs
from ui.views.race.page import draw_race_page

draw_race_page(tabs.WORKLOAD, tabs=tabs.build_tabs())
