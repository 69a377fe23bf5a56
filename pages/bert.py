"""BERT question answering: FP32 against BF16 and INT8."""

from ui import race

race.page("bert")
