"""What the tasks of the documents are asked and return. Imports nothing that is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from bench.values.base import Arm, Value
from bench.workload.interface import BadInput
from workloads.documents.table import has_words

MAX_TEXT_CHARACTERS = 2_000_000
CLASSIFY_TASK = "classify"
MODEL_SETTINGS = (
    *("case", "baseline", "accelerated", "batch", "file", "text_column", "label_column"),
    *("accelerate", "classifier", "components", "features", "length", "precision"),
)
"""The settings of a plan that decide which models classify a text."""
USUAL_PERCENT = 1.0
"""A text with fewer known words than so many per cent of the held-out documents is unlike the documents."""
MAX_USUAL_SHARE = 0.9
"""No text is that for a few unknown words: a vocabulary of word pieces knows nearly all of every document."""


class ClassifyArguments(Value):
    text: str

    @field_validator("text")
    @classmethod
    def _check_text(cls, text: str) -> str:
        if len(text) > MAX_TEXT_CHARACTERS:
            raise BadInput(
                f"The text has {len(text):,} characters, more than the limit of {MAX_TEXT_CHARACTERS:,}",
                "Use a part of it.",
            )
        if not has_words(text):
            what = "The text has no letters" if text.strip() else "The text is empty"
            raise BadInput(what, "Write or paste a text with words: numbers and signs are left out before it is read.")
        return text


class LabelScore(Value):
    label: str
    score: float
    """See `ClassifyResult.score_kind`."""


class ArmAnswer(Value):
    """How one arm labels the text."""

    label: str
    scores: list[LabelScore]
    """Of all labels, the highest first."""
    step_s: dict[str, float]
    """The median time of each step of the pipeline for the text."""
    total_s: float
    """The median time of all of them together."""
    first_s: float
    """The time of the first call, which is not in the medians."""


class ClassifyResult(Value):
    answers: dict[Arm, ArmAnswer]
    score_kind: Literal["probability", "votes", "margin"]
    """What the scores are: the probabilities of the classifier; of a support vector machine how many of the other
    classes a class beats, and a fraction by how clearly; of one for two classes, the distance to their border."""
    train_count: int
    """Number of documents that the models learned from."""
    train_s: float
    """Time to load and train both models for this text; 0 if they were there."""
    repeats: int
    """Number of timed calls of each arm."""
    known: int
    words: int
    """How many of the `words` are in the vocabulary. These are the different words of the text, or with embeddings the
    word pieces at its beginning that the encoder reads."""

    usual_known_share: float
    """The share of known words that all but USUAL_PERCENT of the held-out documents have."""

    @property
    def is_unusual(self) -> bool:
        """Whether so few words are known that the labels mean little."""
        known_share = self.known / self.words if self.words else 0.0
        return known_share < min(MAX_USUAL_SHARE, self.usual_known_share)
