"""What the tasks of BERT are asked, report and return. Imports nothing that is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bench.values.base import Value
from bench.workload.interface import BadInput
from workloads.bert.quantization.template import QUANTIZATION_YAML

MAX_PASSAGE_CHARACTERS = 100_000
"""Longest passage for a question: about 400 windows of 128 word pieces."""
MAX_QUESTION_CHARACTERS = 2_000
MIN_PROBABILITY = 0.3
MIN_SCORE = 5.0
"""A best answer with less is shown as "not sure". Chosen for the shipped model; docs/workloads/bert.md says how many
answerable and other questions are below these limits."""

ANSWERS_TABLE = "answers"
"""Name of a race's table with some questions and the answers of both arms."""
ANSWERS_COLUMNS = ("question", "expected answer", "baseline's answer", "accelerated arm's answer", "same answer")

Precision = Literal["fp32-stock", "fp32", "bf16", "int8"]
"""Values of the lever that run on TensorFlow."""


LOADED_MODEL_SETTINGS = ("model", "quantization", "length")
"""The parameters that decide which models a question needs."""


class LoadResult(Value):
    """Both models are loaded."""

    loaded_bytes: int
    """Memory of the process with both models."""


class AskArguments(Value):
    question: str
    passage: str

    @field_validator("question")
    @classmethod
    def _check_question(cls, question: str) -> str:
        return _check_text("question", question, MAX_QUESTION_CHARACTERS)

    @field_validator("passage")
    @classmethod
    def _check_passage(cls, passage: str) -> str:
        return _check_text("passage", passage, MAX_PASSAGE_CHARACTERS)


def _check_text(name: str, text: str, limit: int) -> str:
    if not text.strip():
        raise BadInput(f"The {name} is empty", f"Write a {name}.")
    if len(text) > limit:
        raise BadInput(
            f"The {name} has {len(text):,} characters, more than the limit of {limit:,}", "Use only its relevant part."
        )
    return text


class AnswerSpan(Value):
    """A part of the passage that a model marks as an answer."""

    text: str
    start: int
    end: int
    """Positions in the passage, in characters."""
    probability: float
    """Share of the probability of all answers in the model's n-best list."""
    score: float
    """Sum of the logits of start and end."""

    @property
    def is_sure(self) -> bool:
        """Whether the span may be shown as an answer."""
        return self.probability >= MIN_PROBABILITY and self.score >= MIN_SCORE


class ModelAnswer(Value):
    best: list[AnswerSpan]
    """The best answers, the most probable first; empty if the model finds none."""
    inference_s: float
    """Median time of a pass over all windows of the passage."""


class AskResult(Value):
    fp32: ModelAnswer
    int8: ModelAnswer
    windows: int
    """Number of overlapping windows in which the passage was read."""
    length: int
    """Word pieces in a window."""
    repeats: int
    """Number of timed passes of each model."""
    tokenize_s: float


class QuantizeArguments(Value):
    yaml: str = QUANTIZATION_YAML
    """A configuration of Neural Compressor; see `workloads.bert.quantization.config`."""

    @field_validator("yaml")
    @classmethod
    def _check_yaml(cls, yaml: str) -> str:
        from workloads.bert.quantization.config import parse_config  # It imports a parser.

        parse_config(yaml)
        return yaml


class BaselineAccuracy(Value):
    """Accuracy of the FP32 model on the questions for tuning."""

    f1: float
    exact_match: float
    seconds: float
    """Time of one pass over these questions."""
    questions: int
    """Number of these questions."""
    held_out: int | None = None
    """Number of the other questions of the set, by which a race judges the tuned model; None in results of Fairlap
    0.1.0, which tuned with all questions."""


class TuningPlan(Value):
    """What the configuration allows the tuning."""

    operators: int
    """Number of operators that can be quantized."""
    strategy: str
    max_trials: int
    relative_loss: float
    """Largest allowed loss of F1, as a share of FP32's F1."""


class TuningTrial(Value):
    """One quantized model, evaluated."""

    number: int
    """From 1."""
    fallback: list[str]
    """Names of the operators that stay in FP32."""
    operators_int8: int
    operators: int
    f1: float
    exact_match: float
    loss_relative: float
    """Loss of F1 as a share of FP32's F1; negative if INT8 is better."""
    met: bool
    """True if the loss is within the criterion."""
    seconds: float
    """Time of conversion and evaluation."""
    evaluation_s: float
    """Time of one pass over the questions for tuning."""
    quantization: str
    """Value of the parameter `quantization` with which a race uses this model."""


class QuantizeResult(Value):
    quantization: str
    """Value of the parameter `quantization` with which a race uses the best model."""
    best: int | None
    """Number of the best trial; None for an untrained model, which has no trials."""
    met: bool | None
    """True if the best trial meets the criterion; None for an untrained model."""
    stopped: Literal["met", "max_trials", "timeout", "exhausted", "untrained"]
    """Why the tuning ended."""
    bytes_fp32: int
    bytes_int8: int
    """Sizes of the serialized graphs."""
    asked: int
    """Number of calibration questions in the configuration."""
    calibrated: int
    """Number of calibration questions used."""


class OperatorsArguments(Value):
    precisions: list[Precision] = Field(default=["fp32", "int8"], min_length=2, max_length=2)
    """Precisions of the two graphs to compare."""


class Int8Count(Value):
    int8: int
    total: int


class OperatorCount(Value):
    """Number of operators of one kind and precision."""

    kind: str
    operators: int


class ConstantBytes(Value):
    """Size in memory of all constants of one precision."""

    precision: str
    bytes: int


class KernelTime(Value):
    """All calls of a oneDNN kernel with the same shape and types, in one pass."""

    primitive: str
    implementation: str
    types: str
    shape: str
    fused: str
    calls: float
    ms: float
    """Time of all calls."""
    share: float
    """Of the time of all kernels."""
    gops: float
    """1e9 operations per second, for a matrix product; 0 for other kernels."""


class OperatorTime(Value):
    """Time of all TensorFlow operators of one type and kind, in one pass."""

    kind: str
    ms: float


class ThreadTimes(Value):
    """Mean times of passes with oneDNN's log, on a number of threads."""

    threads: int
    wall_ms: float
    kernels_ms: float | None
    """In oneDNN's kernels; None if it is not known."""
    used_cores: float | None = None
    """CPU time over wall time; None in results of earlier versions."""


class GraphProfile(Value):
    """What one graph consists of, and where the time of a pass goes."""

    precision: Precision
    projections: Int8Count
    """Matrix products with weights, which Neural Compressor can convert."""
    attention: Int8Count
    """Matrix products of two activations."""
    counts: list[OperatorCount]
    bytes_on_disk: int
    constants: list[ConstantBytes]
    wall_ms: float
    """Median time of a pass without tracing."""
    onednn_share: float | None
    """Share of oneDNN's kernels in the time of a pass; None if it is not known."""
    thread_times: list[ThreadTimes] = Field(default_factory=list[ThreadTimes])
    """On one thread and on all cores, if these are several. Empty in results of Fairlap 0.1.0."""
    batch: int
    length: int
    """Word pieces in a window."""
    passes: int
    kernels: list[KernelTime]
    operators: list[OperatorTime]
    instructions: str
    """The newest instruction set that oneDNN found on this processor."""
    onednn: str
    """Version of oneDNN."""
    skipped: int
    """Number of lines of oneDNN's log that could not be read."""
    note: str
    """A restriction of this profile; empty if there is none."""
    verdict: str
    """Which instructions ran the INT8 products; empty for other precisions."""


class OperatorChange(Value):
    """An operator of a layer in both graphs."""

    layer: str
    operator: str
    before: str
    after: str
    """Precision, or several; empty if the graph has no such operator."""
    count_before: int
    count_after: int


class Int8Limit(Value):
    """What INT8 gained on the matrix products that it replaced, and what the instructions allow."""

    instruction_set: str
    limit: float
    """Largest possible ratio of FP32's time to INT8's."""
    ratio: float
    """FP32's time over INT8's."""
    share: float
    """Share of the limit reached, for products without fused work if there are any."""


class OperatorsResult(Value):
    arms: list[GraphProfile]
    """In the order of the arguments."""
    changes: list[OperatorChange]
    limit: Int8Limit | None = None
