"""Train a question-answering BERT: `python -m workloads.bert.training.train --train F --validation F --init DIR --out DIR`.

AdamW with warm-up, linear decay and a smaller learning rate for lower layers (Howard and Ruder 2018), on windows sorted
by length so that little is padding. An epoch's state is kept in OUT/state; the same command goes on where it was
stopped. The weights that end up in OUT are those of the best epoch on the validation file, as float16 safetensors.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from bench.workload.interface import BadInput
from workloads.bert import squad
from workloads.bert.inference import tokenization
from workloads.bert.model import architecture, checkpoint, forward

WEIGHT_DECAY = 0.01
WARM_UP_SHARE = 0.1
"""Share of the steps in which the learning rate rises."""
MAX_GRADIENT_NORM = 1.0
DROPOUT_RATE = 0.1
CROP_SHARE = 0.3
"""Share of the examples, each epoch anew, whose passage is cut at random sentences around the answer."""
LENGTH_MULTIPLE = 16
"""Batches are padded to a multiple of this many pieces."""


@dataclass(frozen=True, slots=True)
class TrainingExamples:
    """Windows that hold their answer, and its first and last piece."""

    windows: tokenization.Windows
    first: np.ndarray
    last: np.ndarray


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        train_model(options)
    except BadInput as error:
        print(f"{error}. {error.remedy}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m workloads.bert.training.train", description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="files in the SQuAD v1.1 layout")
    parser.add_argument("--validation", type=Path, required=True, help="a file that is never trained on")
    parser.add_argument("--init", type=Path, required=True, help="folder of the BERT to start from; needs no head")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the trained checkpoint to")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-4, help="peak learning rate of the top layer")
    parser.add_argument("--layer-decay", type=float, default=0.9, help="learning rate of a layer over that above it")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=256, help="word pieces of a window, at most")
    parser.add_argument("--threads", type=int, default=0, help="0 for all")
    parser.add_argument("--fp32", action="store_true", help="do not use bfloat16 for projections and attention")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def train_model(options: argparse.Namespace) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    start = checkpoint.read_checkpoint(options.init, head=False)
    tokenizer = tokenization.WindowTokenizer(start)
    questions = [question for file in options.train for question in squad.read_questions(file)]
    validation = squad.read_questions(options.validation)
    if overlap := {question.passage for question in questions} & {question.passage for question in validation}:
        raise BadInput(f"{len(overlap)} passages stand in the training and in the validation file", "Keep them apart.")
    options.out.mkdir(parents=True, exist_ok=True)
    compute = tf.float32 if options.fp32 else tf.bfloat16
    random = np.random.default_rng(options.seed)
    tf.random.set_seed(options.seed)

    variables = _create_variables(start, random)
    steps_an_epoch = -(-len(questions) // options.batch)
    optimizers = _create_optimizers(start.config, options, steps_an_epoch * options.epochs)
    groups = _group_by_depth(start.config, variables)
    for optimizer, names in zip(optimizers, groups, strict=True):
        optimizer.build([variables[name] for name in names])

    @tf.function(reduce_retracing=True)
    def step(ids: tf.Tensor, mask: tf.Tensor, types: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = forward.compute_logits(
                start.config,
                variables,
                ids,
                mask,
                types,
                compute_type=compute,
                dropout=lambda x: tf.nn.dropout(x, DROPOUT_RATE),
            )
            logits += (1.0 - tf.cast(mask, tf.float32)[:, :, None]) * -10_000.0
            loss = 0.5 * tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(first, logits[:, :, 0])
                + tf.nn.sparse_softmax_cross_entropy_with_logits(last, logits[:, :, 1])
            )
        names = list(variables)
        gradients = tape.gradient(loss, [variables[name] for name in names])
        # Embedding gradients come as slices; AdamW moves every row.
        clipped, _ = tf.clip_by_global_norm(
            [tf.convert_to_tensor(gradient) for gradient in gradients], MAX_GRADIENT_NORM
        )
        by_name = dict(zip(names, clipped, strict=True))
        for optimizer, group in zip(optimizers, groups, strict=True):
            optimizer.apply_gradients([(by_name[name], variables[name]) for name in group])
        return loss

    @tf.function(reduce_retracing=True)
    def predict(ids: tf.Tensor, mask: tf.Tensor, types: tf.Tensor) -> tf.Tensor:
        return forward.compute_logits(start.config, variables, ids, mask, types)

    epoch = tf.Variable(0, dtype=tf.int64)
    state = tf.train.Checkpoint(
        epoch=epoch,
        weights=list(variables.values()),
        optimizers={str(place): _optimizer_variables(optimizer) for place, optimizer in enumerate(optimizers)},
    )
    keeper = tf.train.CheckpointManager(state, str(options.out / "state"), max_to_keep=1)
    history_file = options.out / "training.json"
    history = json.loads(history_file.read_text())["epochs"] if history_file.is_file() else []
    if keeper.latest_checkpoint:
        state.restore(keeper.latest_checkpoint).assert_existing_objects_matched()
        history = history[: int(epoch)]
        print(f"going on after epoch {int(epoch)}", flush=True)

    while (done := int(epoch)) < options.epochs:
        began, losses = time.monotonic(), []
        epoch_random = np.random.default_rng((options.seed, done))
        tf.random.set_seed(options.seed + done)
        examples = _build_examples(tokenizer, _crop_passages(questions, epoch_random), options.length)
        for number, rows in enumerate(_iterate_batches(examples, options.batch, epoch_random), 1):
            loss = step(*_batch_tensors(examples.windows, rows), examples.first[rows], examples.last[rows])
            losses.append(float(loss))
            if number % 25 == 0:
                spent = time.monotonic() - began
                print(
                    f"epoch {done + 1} of {options.epochs}: step {number} of {steps_an_epoch}, "
                    f"loss {np.mean(losses[-100:]):.3f}, {spent / number:.2f} s a step",
                    flush=True,
                )
        score = _validate(predict, tokenizer, validation, options.length)
        history.append(
            {
                "epoch": done + 1,
                "loss": round(float(np.mean(losses)), 4),
                "f1": round(score.f1, 2),
                "exact_match": round(score.exact_match, 2),
                "minutes": round((time.monotonic() - began) / 60, 2),
            }
        )
        print(f"epoch {done + 1}: F1 {score.f1:.2f}, exact match {score.exact_match:.2f}", flush=True)
        if history[-1]["f1"] == max(entry["f1"] for entry in history):
            _save_checkpoint(options, start, variables)
        epoch.assign(done + 1)
        keeper.save()
        settings = {key: value for key, value in vars(options).items() if isinstance(value, (int, float))}
        history_file.write_text(json.dumps({"settings": settings, "epochs": history}, indent=1) + "\n")


def _create_variables(start: checkpoint.Checkpoint, random: np.random.Generator) -> dict[str, tf.Variable]:
    weights = dict(start.weights)
    for name in architecture.HEAD_TENSORS:
        shape = start.config.shapes()[name]
        if name not in weights:
            drawn = random.standard_normal(shape, np.float32) * np.float32(0.02)
            weights[name] = drawn if name.endswith("weight") else np.zeros(shape, np.float32)
    laid = forward.transpose_linear_weights(weights)
    return {name: tf.Variable(value, name=name.replace(".", "_")) for name, value in laid.items()}


def _group_by_depth(config: architecture.Config, variables: dict[str, tf.Variable]) -> list[list[str]]:
    """Names of the variables by depth: embeddings, each layer, the head."""
    groups: list[list[str]] = [[] for _ in range(config.num_hidden_layers + 2)]
    for name in variables:
        if name.startswith("encoder"):
            groups[int(name.split(".")[2]) + 1].append(name)
        else:
            groups[0 if name.startswith("embeddings") else -1].append(name)
    return groups


def _create_optimizers(
    config: architecture.Config, options: argparse.Namespace, steps: int
) -> list[tf.keras.optimizers.Optimizer]:
    """One AdamW for each depth; the deeper below the head, the smaller its learning rate."""
    depths = config.num_hidden_layers + 2
    return [
        tf.keras.optimizers.AdamW(
            _WarmUpDecay(options.rate * options.layer_decay ** max(0, depths - 2 - depth), steps),
            weight_decay=WEIGHT_DECAY,
            epsilon=1e-6,
        )
        for depth in range(depths)
    ]


class _WarmUpDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """From nothing up to `peak` in the first steps, then straight down to nothing."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak, self.steps = peak, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = tf.cast(step, tf.float32) / self.steps
        return self.peak * tf.minimum(
            (done + 1 / self.steps) / WARM_UP_SHARE, tf.maximum(0.0, 1 - done) / (1 - WARM_UP_SHARE)
        )

    def get_config(self) -> dict[str, float]:
        return {"peak": self.peak, "steps": self.steps}


def _optimizer_variables(optimizer: tf.keras.optimizers.Optimizer) -> list[tf.Variable]:
    return [variable.value for variable in optimizer.variables]


def _crop_passages(questions: list[squad.Question], random: np.random.Generator) -> list[squad.Question]:
    """The questions, some of them with the sentences far from the answer cut off."""
    cropped = []
    for question in questions:
        start, text = question.starts[0], question.answers[0]
        before, passage = 0, question.passage
        if random.random() < CROP_SHARE:
            ends = [at + 2 for at in range(len(passage) - 2) if passage[at : at + 2] in (". ", "? ", "! ")]
            before = int(random.choice([0, *(end for end in ends if end <= start)]))
            after = int(random.choice([*(end for end in ends if end >= start + len(text)), len(passage)]))
            passage = passage[before:after].rstrip()
        cropped.append(squad.Question(question.id, question.question, passage, (text,), (start - before,)))
    return cropped


def _build_examples(
    tokenizer: tokenization.WindowTokenizer, questions: list[squad.Question], length: int
) -> TrainingExamples:
    """Of each question the window in which its answer stands most centrally."""
    windows = tokenizer.make_windows(
        [question.question for question in questions], [question.passage for question in questions], length
    )
    begin = np.array([question.starts[0] for question in questions])[windows.query][:, None]
    end = begin + np.array([len(question.answers[0]) for question in questions])[windows.query][:, None]
    inside = (windows.spans[:, :, 0] < end) & (windows.spans[:, :, 1] > begin)
    first = inside.argmax(axis=1)
    last = length - 1 - inside[:, ::-1].argmax(axis=1)
    rows = np.arange(len(windows))
    whole = inside.any(axis=1) & (windows.spans[rows, first, 0] <= begin[:, 0])
    whole &= (windows.spans[rows, last, 1] >= end[:, 0]) & windows.central[rows, first]
    kept = np.flatnonzero(whole)
    taken = tokenization.Windows(
        windows.input_ids[kept],
        windows.attention_mask[kept],
        windows.token_type_ids[kept],
        windows.query[kept],
        windows.spans[kept],
        windows.central[kept],
    )
    return TrainingExamples(taken, first[kept], last[kept])


def _iterate_batches(examples: TrainingExamples, size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows of every batch: windows of like length together, batches in random order."""
    lengths = examples.windows.attention_mask.sum(axis=1)
    order = np.argsort(lengths + random.uniform(0, 2 * LENGTH_MULTIPLE, len(lengths)))
    batches = [order[at : at + size] for at in range(0, len(order), size)]
    for place in random.permutation(len(batches)):
        yield batches[place]


def _batch_tensors(windows: tokenization.Windows, rows: np.ndarray) -> tuple[tf.Tensor, ...]:
    longest = int(windows.attention_mask[rows].sum(axis=1).max())
    length = min(windows.input_ids.shape[1], -(-longest // LENGTH_MULTIPLE) * LENGTH_MULTIPLE)
    return tuple(tf.constant(array[:, :length]) for array in windows.feed(rows).values())


def _validate(
    predict: tf.types.experimental.GenericFunction,
    tokenizer: tokenization.WindowTokenizer,
    questions: list[squad.Question],
    length: int,
) -> squad.Score:
    windows = tokenizer.make_windows([q.question for q in questions], [q.passage for q in questions], length)
    logits = np.full((len(windows), length, 2), -1e4, np.float32)
    order = np.argsort(windows.attention_mask.sum(axis=1))
    for at in range(0, len(order), 32):
        rows = order[at : at + 32]
        tensors = _batch_tensors(windows, rows)
        logits[rows, : tensors[0].shape[1]] = predict(*tensors).numpy()
    answers = tokenizer.find_answers(windows, logits[:, :, 0], logits[:, :, 1], [q.passage for q in questions])
    best = {q.id: found[0].text if found else "" for q, found in zip(questions, answers, strict=True)}
    return squad.score_answers(questions, best)


def _save_checkpoint(
    options: argparse.Namespace, start: checkpoint.Checkpoint, variables: dict[str, tf.Variable]
) -> None:
    weights = forward.transpose_linear_weights({name: variable.numpy() for name, variable in variables.items()})
    named = {
        name if name in architecture.HEAD_TENSORS else f"bert.{name}": np.ascontiguousarray(value, np.float16)
        for name, value in weights.items()
    }
    partial = options.out / "model.safetensors.partial"
    save_file(named, partial, {"format": "pt"})
    partial.replace(options.out / "model.safetensors")
    stated = json.loads((options.init / "config.json").read_text())
    stated |= {"architectures": ["BertForQuestionAnswering"], "torch_dtype": "float16"}
    for key in ("_name_or_path", "transformers_version", "gradient_checkpointing"):
        stated.pop(key, None)
    (options.out / "config.json").write_text(json.dumps(stated, indent=1, sort_keys=True) + "\n")
    for name in ("vocab.txt", "tokenizer_config.json"):
        if (options.init / name).is_file():
            shutil.copyfile(options.init / name, options.out / name)


if __name__ == "__main__":
    sys.exit(main())
