"""BERT question answering: FP32 against BF16 and INT8, asked, quantized, raced and looked into."""

from ui import bert_ask, bert_operators, bert_quantize, race

race.page(
    "bert",
    tabs={"Ask": bert_ask.draw, "Quantize": bert_quantize.draw, race.RACE: None, "Operators": bert_operators.draw},
)
