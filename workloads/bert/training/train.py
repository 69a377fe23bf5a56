"""Trains a question-answering BERT.

`python -m workloads.bert.training.train --train FILE --validation FILE --init FOLDER --out FOLDER`

The optimizer is AdamW with warm-up, linear decay and a smaller learning rate for lower layers (Howard and Ruder 2018).
Its state after each epoch is in OUT/state, and the same command resumes from there. OUT gets the weights of the epoch
with the best F1 on the validation file, as float16 safetensors.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from bench.workload.interface import BadInput
from workloads.bert import question_file, squad
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import architecture, checkpoint, forward
from workloads.bert.training.examples import (
    build_examples,
    choose_answers,
    crop_passages,
    iterate_batches,
    make_batch_tensors,
)

WEIGHT_DECAY = 0.01
WARM_UP_SHARE = 0.1
"""Share of the steps in which the learning rate rises."""
MAX_GRADIENT_NORM = 1.0
DROPOUT_RATE = 0.1
VALIDATION_BATCH = 32
STEPS_PER_REPORT = 25
LOSS_WINDOW = 100
"""Steps over which the reported loss is averaged."""

Predict = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""From ids, mask and types to the logits of start and end, float32 of shape (batch, length, 2)."""


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        train_model(options)
    except BadInput as error:
        print(f"{error}. {error.remedy}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m workloads.bert.training.train", description="Trains a question-answering BERT."
    )
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="files in the SQuAD v1.1 layout")
    parser.add_argument("--validation", type=Path, required=True, help="a file that is not trained on")
    parser.add_argument("--init", type=Path, required=True, help="folder of the BERT to start from; needs no head")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trained checkpoint")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-4, help="peak learning rate of the top layer")
    parser.add_argument(
        "--layer-decay", type=float, default=0.9, help="learning rate of a layer as a share of that of the layer above"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=256, help="maximal word pieces in a window")
    parser.add_argument(
        "--crop-share",
        type=float,
        default=0.3,
        help="share of the questions, drawn again in each epoch, whose passage is cut at sentences around the answer",
    )
    parser.add_argument(
        "--crop-sentences",
        type=int,
        default=100,
        help="the most sentences that such a cut leaves before the answer's own, and after it",
    )
    parser.add_argument(
        "--frozen-layers",
        type=int,
        default=0,
        help="encoder layers from the bottom, with the embeddings, that stay as they are; 0 trains the embeddings too",
    )
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores")
    parser.add_argument(
        "--fp32", action="store_true", help="no bfloat16 for projections and attention; it is slower without AMX"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser


def train_model(options: argparse.Namespace) -> None:
    """Train as the options of `build_parser` say. Raises BadInput."""
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    initial = checkpoint.read_checkpoint(options.init, head=False)
    tokenizer = WindowTokenizer(initial)
    questions = choose_answers([question for file in options.train for question in question_file.read_questions(file)])
    validation = question_file.read_questions(options.validation)
    if overlap := {question.passage for question in questions} & {question.passage for question in validation}:
        raise BadInput(
            f"{len(overlap)} passages are in both the training and the validation files",
            "Use a validation file with other passages.",
        )
    options.out.mkdir(parents=True, exist_ok=True)
    compute_type = tf.float32 if options.fp32 else tf.bfloat16
    random = np.random.default_rng(options.seed)
    tf.random.set_seed(options.seed)

    variables = _create_variables(initial, random)
    steps_per_epoch = -(-len(questions) // options.batch)
    lowest = options.frozen_layers + 1 if options.frozen_layers else 0
    optimizers = _create_optimizers(initial.config, options, steps_per_epoch * options.epochs)[lowest:]
    groups = _group_by_depth(initial.config, variables)[lowest:]
    trained = [variables[name] for group in groups for name in group]
    for optimizer, names in zip(optimizers, groups, strict=True):
        optimizer.build([variables[name] for name in names])

    @tf.function(reduce_retracing=True)
    def step(ids: tf.Tensor, mask: tf.Tensor, types: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            logits = forward.compute_logits(
                initial.config,
                variables,
                ids,
                mask,
                types,
                compute_type=compute_type,
                dropout=lambda x: tf.nn.dropout(x, DROPOUT_RATE),
            )
            logits += (1.0 - tf.cast(mask, tf.float32)[:, :, None]) * forward.MASKED_SCORE
            loss = 0.5 * tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(first, logits[:, :, 0])
                + tf.nn.sparse_softmax_cross_entropy_with_logits(last, logits[:, :, 1])
            )
        # The gradients of embeddings are slices, but AdamW decays every row.
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, trained)]
        clipped, _ = tf.clip_by_global_norm(gradients, MAX_GRADIENT_NORM)
        pairs = iter(zip(clipped, trained, strict=True))
        for optimizer, group in zip(optimizers, groups, strict=True):
            optimizer.apply_gradients(list(itertools.islice(pairs, len(group))))
        return loss

    @tf.function(reduce_retracing=True)
    def predict(ids: tf.Tensor, mask: tf.Tensor, types: tf.Tensor) -> tf.Tensor:
        return forward.compute_logits(initial.config, variables, ids, mask, types)

    epoch = tf.Variable(tf.constant(0, tf.int64))
    state = tf.train.Checkpoint(
        epoch=epoch,
        weights=list(variables.values()),
        optimizers={str(depth): _optimizer_variables(optimizer) for depth, optimizer in enumerate(optimizers)},
    )
    manager = tf.train.CheckpointManager(state, str(options.out / "state"), max_to_keep=1)
    history_file = options.out / "training.json"
    history = json.loads(history_file.read_text())["epochs"] if history_file.is_file() else []
    if manager.latest_checkpoint:
        state.restore(manager.latest_checkpoint).assert_existing_objects_matched()
        history = history[: int(epoch)]
        print(f"resuming after epoch {int(epoch)}", flush=True)

    while (done := int(epoch)) < options.epochs:
        began, losses = time.monotonic(), []
        epoch_random = np.random.default_rng((options.seed, done))
        tf.random.set_seed(options.seed + done)
        examples = build_examples(
            tokenizer,
            crop_passages(questions, options.crop_share, options.crop_sentences, epoch_random),
            options.length,
        )
        for number, rows in enumerate(iterate_batches(examples, options.batch, epoch_random), 1):
            ids, mask, types = make_batch_tensors(examples.windows, rows)
            loss = step(ids, mask, types, tf.constant(examples.first[rows]), tf.constant(examples.last[rows]))
            losses.append(float(loss))
            if number % STEPS_PER_REPORT == 0:
                seconds = time.monotonic() - began
                print(
                    f"epoch {done + 1} of {options.epochs}: step {number} of {steps_per_epoch}, "
                    f"loss {np.mean(losses[-LOSS_WINDOW:]):.3f}, {seconds / number:.2f} s per step",
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
            _save_checkpoint(options, variables)
        epoch.assign(done + 1)
        manager.save()
        settings = {key: value for key, value in vars(options).items() if isinstance(value, (int, float))}
        history_file.write_text(json.dumps({"settings": settings, "epochs": history}, indent=1) + "\n")


def _create_variables(initial: checkpoint.Checkpoint, random: np.random.Generator) -> dict[str, tf.Variable]:
    """Return the weights as variables, in the layout of `forward.compute_logits`. A missing head is drawn."""
    weights = dict(initial.weights)
    for name in architecture.HEAD_TENSORS:
        shape = initial.config.shapes()[name]
        if name not in weights:
            drawn = random.standard_normal(shape, np.float32) * np.float32(0.02)
            weights[name] = drawn if name.endswith("weight") else np.zeros(shape, np.float32)
    return {
        name: tf.Variable(tf.constant(value), name=name.replace(".", "_"))
        for name, value in forward.transpose_linear_weights(weights).items()
    }


def _group_by_depth(config: architecture.Config, variables: dict[str, tf.Variable]) -> list[list[str]]:
    """Return the names of the variables by depth: embeddings, each layer, the head."""
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
    """Return an AdamW for each depth. The learning rate decreases from the top layer to the embeddings."""
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
    """Rises linearly from 0 to `peak` in the first steps, then falls linearly to 0."""

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


def _validate(
    predict: Predict, tokenizer: WindowTokenizer, questions: list[squad.Question], length: int
) -> squad.Score:
    """Return the score of the model on `questions`, read in windows of `length` pieces."""
    windows = tokenizer.make_question_windows(questions, length)
    logits = np.full((len(windows), length, 2), forward.MASKED_SCORE, np.float32)
    order = np.argsort(windows.attention_mask.sum(axis=1))
    for first in range(0, len(order), VALIDATION_BATCH):
        rows = order[first : first + VALIDATION_BATCH]
        ids, mask, types = make_batch_tensors(windows, rows)
        logits[rows, : ids.shape[1]] = predict(ids, mask, types).numpy()
    passages = [question.passage for question in questions]
    answers = tokenizer.find_answers(windows, logits[:, :, 0], logits[:, :, 1], passages)
    best = {question.id: ranked[0].text if ranked else "" for question, ranked in zip(questions, answers, strict=True)}
    return squad.score_answers(questions, best)


def _save_checkpoint(options: argparse.Namespace, variables: dict[str, tf.Variable]) -> None:
    """Write the weights as float16 safetensors to the folder `options.out`, with the files of the initial model."""
    weights = forward.transpose_linear_weights({name: variable.numpy() for name, variable in variables.items()})
    tensors = {
        name if name in architecture.HEAD_TENSORS else f"bert.{name}": np.ascontiguousarray(value, np.float16)
        for name, value in weights.items()
    }
    partial = options.out / "model.safetensors.partial"
    save_file(tensors, partial, {"format": "pt"})
    partial.replace(options.out / "model.safetensors")
    config = json.loads((options.init / "config.json").read_text())
    config |= {"architectures": ["BertForQuestionAnswering"], "torch_dtype": "float16"}
    for key in ("_name_or_path", "transformers_version", "gradient_checkpointing"):
        config.pop(key, None)
    (options.out / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    for name in ("vocab.txt", "tokenizer_config.json"):
        if (options.init / name).is_file():
            shutil.copyfile(options.init / name, options.out / name)


if __name__ == "__main__":
    sys.exit(main())
