"""BERT question answering: FP32 against BF16 and INT8, asked, quantized, raced and looked into."""

from ui.views.bert import ask, operators, quantize
from ui.views.race import page, tabs

page.draw_race_page(
    "bert",
    tabs={
        "Ask": ask.draw_ask_tab,
        "Quantize": quantize.draw_quantize_tab,
        tabs.RACE_TAB: None,
        "Operators": operators.draw_operators_tab,
    },
)
