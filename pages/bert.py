"""BERT question answering: FP32 against BF16 and INT8, asked, quantized, raced and looked into."""

from ui.views.bert import ask, operators, quantize
from ui.views.race import page

page.page(
    "bert",
    tabs={"Ask": ask.draw, "Quantize": quantize.draw, page.RACE: None, "Operators": operators.draw},
)
