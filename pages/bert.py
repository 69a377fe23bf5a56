"""BERT question answering: FP32 against BF16 and INT8."""

from ui.views.bert import ask, models, operators, quantize
from ui.views.race.page import draw_race_page
from ui.views.race.tabs import RACE_TAB, TaskTab

draw_race_page(
    "bert",
    tabs={
        RACE_TAB: None,
        "Ask": TaskTab(ask.draw_ask_tab, (models.TASK, models.ANSWER_TASK)),
        "Quantize": TaskTab(quantize.draw_quantize_tab, (quantize.TASK,)),
        "Operators": TaskTab(operators.draw_operators_tab, (operators.TASK,)),
    },
)
