"""The pairs of a race."""

from __future__ import annotations

from collections.abc import Iterable

from bench.values.base import Arm
from bench.values.samples import Sample


def pair_samples(samples: Iterable[Sample]) -> list[dict[Arm, Sample]]:
    """The samples of both arms with the same pair number, in order of the numbers; incomplete pairs are left out."""
    pairs: dict[int, dict[Arm, Sample]] = {}
    for sample in samples:
        pairs.setdefault(sample.pair, {})[sample.arm] = sample
    return [pair for _, pair in sorted(pairs.items()) if len(pair) == len(Arm)]
