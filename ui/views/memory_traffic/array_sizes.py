"""Sizes of arrays and caches on the axes of charts."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.formatting import format_bytes
from bench.machine.model import Cache, Machine


def data_caches(machine: Machine) -> list[Cache]:
    """The data caches of `machine`, the nearest first."""
    return [cache for cache in machine.caches if cache.kind != "Instruction"]


def set_array_size_axis(figure: go.Figure, sizes: list[int], title: str = "all arrays together") -> None:
    """A logarithmic axis in KiB for `sizes` in bytes, with powers of four as ticks and their units."""
    low, high = min(sizes) / 1024, max(sizes) / 1024
    ticks = [4**power for power in range(1, 14) if low / 4 <= 4**power <= high * 4]
    figure.update_xaxes(title=title, type="log", tickvals=ticks, ticktext=[format_bytes(1024 * tick) for tick in ticks])
