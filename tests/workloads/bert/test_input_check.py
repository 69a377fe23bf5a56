"""What is refused before the job of a plan is queued."""

from __future__ import annotations

import pytest

pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from bench.plan.validation import make_plan
from bench.scheduler.input_check import check_inputs
from bench.workload.interface import BadInput
from tests.support import tiny_bert


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tokenizer.json", "{}", "is not a valid vocabulary"),
        ("vocab.txt", "\n".join(tiny_bert.PIECES).replace("[CLS]", "[XLS]"), "cls_token not found in the vocabulary"),
        ("vocab.txt", "\n".join([*tiny_bert.PIECES, "more"]), "word pieces, but the model"),
    ],
    ids=["damaged tokenizer", "other pieces", "too many pieces"],
)
def test_a_vocabulary_that_cannot_be_used_is_refused(tmp_path, name, content, words):
    folder = tiny_bert.save_model(tmp_path / "model")
    plan = make_plan("bert", cores=1, parameters={"model": str(folder)})
    check_inputs(plan)
    (folder / name).write_text(content)
    with pytest.raises(BadInput, match=words) as refusal:
        check_inputs(plan)
    assert refusal.value.remedy
