"""Running a model over windows, some at a time, whichever library computes."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from workloads.bert.inference.logits import Logits
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model.forward import INPUT_NAMES


class BatchedSession(ABC):
    """A model that a library has loaded."""

    @abstractmethod
    def run(self, input_ids: np.ndarray, attention_mask: np.ndarray, token_type_ids: np.ndarray) -> Logits:
        """Return the logits of start and end. The inputs are int32 of shape (batch, length)."""

    @abstractmethod
    def close(self) -> None:
        """Free what the library holds."""

    def compute_logits(self, windows: Windows, batch: int) -> Logits:
        """Return the logits of start and end, each float32 of shape (windows, length), `batch` windows at a time."""
        parts = [self.run(*slice_inputs(windows, first, first + batch)) for first in range(0, len(windows), batch)]
        return np.concatenate([start for start, _ in parts]), np.concatenate([end for _, end in parts])


def slice_inputs(windows: Windows, first: int, last: int) -> tuple[np.ndarray, ...]:
    """Return the inputs of the windows `first` to `last - 1`, in the order of `INPUT_NAMES`."""
    feed = windows.feed(slice(first, last))
    return tuple(feed[name] for name in INPUT_NAMES)
