"""Accuracy and agreement: what a claim may rest on."""

from bench.claims.quality import relative_accuracy
from bench.values import Measure


def test_a_loss_is_compared_the_other_way_round():
    loss = Measure(name="loss", label="loss", value=1.0, higher_is_better=False, decisive=True)
    assert relative_accuracy(loss, loss.model_copy(update={"value": 2.0})) == 0.5
    assert relative_accuracy(loss, loss.model_copy(update={"value": 0.5})) == 2.0
