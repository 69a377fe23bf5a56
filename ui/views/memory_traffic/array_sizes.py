"""TODO: ui.views.memory_traffic.array_sizes."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.formatting import format_bytes
from bench.machine.model import Cache
from ui import services


def data_caches() -> list[Cache]:
    """Data caches of the machine, the nearest first."""
    return [cache for cache in services.get_machine().caches if cache.kind != "Instruction"]


def set_array_size_axis(figure: go.Figure, sizes: list[float], title: str = "all arrays together") -> None:
    """A logarithmic axis of KiB whose ticks are powers of two, with their units."""
    low, high = min(sizes) / 1024, max(sizes) / 1024
    ticks = [4**power for power in range(1, 14) if low / 4 <= 4**power <= high * 4]
    figure.update_xaxes(title=title, type="log", tickvals=ticks, ticktext=[format_bytes(1024 * tick) for tick in ticks])
