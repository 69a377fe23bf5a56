"""BERT question answering: FP32 against BF16 and INT8."""

from ui.views.bert import ask, operators, quantize
from ui.views.race.page import draw_race_page
from ui.views.race.tabs import RACE_TAB

draw_race_page(
    "bert",
    tabs={
        RACE_TAB: None,
        "Ask": ask.draw_ask_tab,
        "Quantize": quantize.draw_quantize_tab,
        "Operators": operators.draw_operators_tab,
    },
)
