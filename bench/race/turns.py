"""The order in which the arms of a race take their turns."""

from __future__ import annotations

import random
from collections.abc import Hashable


class TurnPlanner:
    """Orders of rounds: shuffled in blocks, so that every participant has every position equally often.

    A block has as many rounds as a round has participants. In a block, each participant has each position once; if
    their number is even, each also follows each other once (Williams, "Experimental designs balanced for the estimation
    of residual effects of treatments", 1949). So after any number of pairs, the numbers of pairs in which either arm
    was first differ by at most 1.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._blocks: dict[Hashable, list[list[int]]] = {}

    def next_order(self, count: int, series: Hashable) -> list[int]:
        """The order of the next round of `series`, which has `count` participants: their positions in a list.

        Each series is balanced on its own.
        """
        block = self._blocks.setdefault(series, [])
        if not block:
            block += self._make_block(count)
        return block.pop()

    def _make_block(self, count: int) -> list[list[int]]:
        participants = list(range(count))
        self._random.shuffle(participants)
        rows = [[participants[(start + shift) % count] for shift in make_williams_row(count)] for start in range(count)]
        self._random.shuffle(rows)
        return rows


def make_williams_row(count: int) -> list[int]:
    """0, 1, count - 1, 2, count - 2 ...: if `count` is even, neighbours differ by every number from 1 to count - 1."""
    row = [0]
    for step in range(1, count):
        row.append((row[-1] + (step if step % 2 else -step)) % count)
    return row
