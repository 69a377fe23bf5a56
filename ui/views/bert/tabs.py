"""The tabs of the page of BERT: the race, and what else can be done with its models."""

from __future__ import annotations

from ui.views.bert import ask, models, operators, quantize
from ui.views.race.tabs import RACE_TAB, TaskTab

WORKLOAD = "bert"


def build_tabs() -> dict[str, TaskTab | None]:
    """The tabs by name, in the order of the page."""
    return {
        RACE_TAB: None,
        "Ask": TaskTab(ask.draw_ask_tab, (models.TASK, models.ANSWER_TASK)),
        "Quantize": TaskTab(quantize.draw_quantize_tab, (quantize.TASK,)),
        "Operators": TaskTab(operators.draw_operators_tab, (operators.TASK,)),
    }
