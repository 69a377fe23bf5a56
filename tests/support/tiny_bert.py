"""Small BERTs with random weights in the Hugging Face layout, and a vocabulary of about a hundred word pieces."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from safetensors.numpy import load_file, save_file

from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.workload.interface import Settings
from workloads.bert.inference import tokenization
from workloads.bert.model import architecture, checkpoint

SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHARACTERS = string.ascii_lowercase + string.digits + ".,?!'-"
WORDS = [
    "the",
    "of",
    "and",
    "in",
    "who",
    "what",
    "when",
    "where",
    "river",
    "mill",
    "bridge",
    "built",
    "stone",
    "year",
    "town",
    "old",
    "was",
    "is",
    "by",
    "near",
]
PIECES = [*SPECIAL_PIECES, *CHARACTERS, *(f"##{sign}" for sign in string.ascii_lowercase + string.digits), *WORDS]

TINY_SHAPE = {
    "vocab_size": len(PIECES),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def make_config(**changes: Any) -> architecture.Config:
    return architecture.Config(**(TINY_SHAPE | changes))


def make_weights(shape: architecture.Config, seed: int = 0) -> dict[str, np.ndarray]:
    """Return random weights by the names of `Config.shapes`.

    They are large enough that attention is not uniform, and no bias or scale has the value that training starts from.
    """
    random = np.random.default_rng(seed)
    weights = {}
    for name, size in shape.shapes().items():
        values = random.standard_normal(size, np.float32)
        if name.endswith("LayerNorm.weight"):
            weights[name] = 1 + values / 5
        elif name.endswith("bias"):
            weights[name] = values / 5
        else:
            weights[name] = values * np.float32(size[-1] ** -0.5)
    return weights


def save_model(
    folder: Path,
    *,
    seed: int = 0,
    kind: Any = np.float32,
    tokenizer_json: bool = False,
    tensors: dict[str, np.ndarray] | None = None,
    config: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Write a checkpoint to `folder`, replacing one that is there, and return the folder.

    `config` adds keys to config.json, and `changes` changes the shape.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = make_config(**changes)
    tensors = make_weights(shape, seed) if tensors is None else tensors
    named = {name if name.startswith("qa_outputs") else f"bert.{name}": value for name, value in tensors.items()}
    save_file({name: value.astype(kind) for name, value in named.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", **TINY_SHAPE, **changes, **(config or {})}))
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    if tokenizer_json:
        tokenizers.BertWordPieceTokenizer(str(folder / "vocab.txt")).save(str(folder / "tokenizer.json"))
        (folder / "vocab.txt").unlink()
    return folder


def split_weights(folder: Path, count: int = 3) -> list[Path]:
    """Replace the weights of a checkpoint by several files and their index. Returns these files."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    files = [folder / f"model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]
    weight_map = {name: files[place % count].name for place, name in enumerate(sorted(tensors))}
    for file in files:
        save_file({name: value for name, value in tensors.items() if weight_map[name] == file.name}, file)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map})
    )
    return files


def make_checkpoint(folder: Path, **options: Any) -> checkpoint.Checkpoint:
    return checkpoint.read_checkpoint(save_model(folder, **options))


def make_texts(count: int, words: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return `count` questions of four random words, and as many passages of `words` words."""
    random = np.random.default_rng(seed)
    questions, passages = ([" ".join(random.choice(WORDS, size)) for _ in range(count)] for size in (4, words))
    return questions, passages


def make_windows(
    model: checkpoint.Checkpoint, count: int = 12, length: int = 24, seed: int = 0
) -> tokenization.Windows:
    """Return windows of `length` pieces, with padding, for `count` random questions."""
    questions, passages = make_texts(count, 12, seed)
    passages = [passage[: 20 + 7 * number] for number, passage in enumerate(passages)]
    return tokenization.WindowTokenizer(model).make_windows(questions, passages, length)


class ProgressRecorder(list[str]):
    """A progress reporter that keeps the texts: "activity: detail", with the same activity for each step of it."""

    def __call__(self, text: str, share: float | None = None, /) -> None:
        assert share is None or 0 <= share <= 1
        activity = text.partition(":")[0]
        assert not any(character.isdigit() for character in activity), text
        self.append(text)


PASSAGE = "the old stone bridge was built by the river. the mill was near the town. " * 5
TUNING_PASSAGE = f"the year was old. {PASSAGE}"
"""In the part that a tuning reads; `PASSAGE` is in the part that is held out (see `squad.split_questions`)."""
QUESTIONS = ["what was built", "where is the mill", "what is old"]


def write_task_files(folder: Path) -> dict[str, Any]:
    """Write a small model and questions about two passages to `folder`, and return the parameters of a plan that uses
    them. There are as many questions for tuning as are held out."""
    model = folder / "model"
    model.mkdir()
    save_model(model)
    # The whole passage is the answer, so that any answer of an untrained model has an F1 above 0.
    file = write_questions(folder / "questions.json", {passage: passage for passage in (TUNING_PASSAGE, PASSAGE)})
    return {"model": str(model), "length": 64, "evaluation": str(file)}


def make_settings(folder: Path, lever: str, *, accelerated: str, quantization: str = "default") -> Settings:
    """The settings of an arm at `lever` on one core, in a race of FP32 against `accelerated`. Writes the task files."""
    parameters = write_task_files(folder) | {"instances": 1, "quantization": quantization}
    scratch = folder / "scratch"
    scratch.mkdir()
    return Settings(
        "squad",
        lever,
        1,
        2,
        parameters,
        0,
        scratch,
        folder,
        folder / "cache",
        baseline="fp32",
        accelerated=accelerated,
    )


def make_race_plan(baseline: str, accelerated: str, parameters: dict[str, Any]) -> Plan:
    """A short race of one question a batch on one core, judged by a strict accuracy limit."""
    return make_plan(
        "bert",
        cores=1,
        batch=1,
        budget_s=3,
        target=0.5,
        accuracy_limit=0.99,
        baseline=baseline,
        accelerated=accelerated,
        parameters=parameters,
    )


def write_questions(file: Path, answers: dict[str, str]) -> Path:
    """Write a SQuAD file that asks all `QUESTIONS` about every passage. `answers` has the answer for each passage, with
    which the passage begins."""
    paragraphs = []
    for passage, answer in answers.items():
        qas = [
            {
                "id": f"{len(paragraphs)}-{number}",
                "question": question,
                "answers": [{"text": answer, "answer_start": 0}],
            }
            for number, question in enumerate(QUESTIONS)
        ]
        paragraphs.append({"context": passage, "qas": qas})
    file.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    return file
