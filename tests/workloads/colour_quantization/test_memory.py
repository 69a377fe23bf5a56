"""Whether a picture and a batch fit into memory, and which batch would."""

from __future__ import annotations

import pytest

from bench.workload.interface import BadInput
from workloads.colour_quantization import memory

MEGAPIXELS_24 = 24_000_000


def test_the_largest_batch_fits_and_the_next_does_not():
    available = 16 * 2**30
    largest = memory.find_largest_batch(MEGAPIXELS_24, available)
    assert 1 <= largest < 32
    assert memory.estimate_bytes(MEGAPIXELS_24, largest) <= available
    assert memory.estimate_bytes(MEGAPIXELS_24, largest + 1) > available
    assert memory.find_largest_batch(MEGAPIXELS_24, 2**30) == 0


@pytest.mark.parametrize(
    ("available_gib", "remedy"), [(16, "Choose a batch of at most 2"), (2, "Close other programs"), (0, "")]
)
def test_a_batch_that_does_not_fit_is_refused_with_the_one_that_does(monkeypatch, available_gib, remedy):
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: available_gib * 2**30)
    if not remedy:
        return memory.require_memory(MEGAPIXELS_24, 32)
    with pytest.raises(BadInput, match=r"24.0 megapixels with a batch of 32 takes about .* GiB") as refusal:
        memory.require_memory(MEGAPIXELS_24, 32)
    assert remedy in refusal.value.remedy


def test_the_default_fits_here():
    memory.require_memory(427 * 640, 1)
