"""How the work of a call is divided among the threads of a session, the same at every precision."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_count
from workloads.bert.model import head_split
from workloads.bert.model.architecture import Config


@dataclass(frozen=True, slots=True)
class WorkSplit:
    """At most one of the numbers is more than 1. If none is, TensorFlow splits each operator among its threads."""

    batch_parts: int = 1
    """Parts of a batch, each computed by a thread of its own from the first operator to the last."""
    branches: int = 1
    """Branches of the graph, see `model.head_split`."""

    def describe(self, threads: int) -> str:
        """A fact of an arm: what each of its threads computes."""
        if self.batch_parts > 1:
            return f"each of {threads} threads computes its part of the batch"
        if self.branches > 1:
            return f"each of {threads} threads computes its part of the attention heads"
        return "one thread" if threads == 1 else f"each operator is split among {format_count(threads, 'thread')}"


def choose_split(config: Config, threads: int, batch: int) -> WorkSplit:
    """Return the split of batches of `batch` windows among `threads` threads.

    Threads that divide the batch meet only at its end, those that divide the heads twice in a layer, and those that
    divide each operator a hundred times in a pass. So the first that leaves no thread without work is chosen.
    """
    if not batch % threads:
        return WorkSplit(batch_parts=threads)
    if head_split.can_split_heads(config, threads):
        return WorkSplit(branches=threads)
    return WorkSplit()
