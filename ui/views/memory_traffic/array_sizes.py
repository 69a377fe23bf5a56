"""TODO: ui.views.memory_traffic.array_sizes."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.machine.model import Cache
from ui import services


def data_caches() -> list[Cache]:
    """Data caches of the machine, the nearest first."""
    return [cache for cache in services.get_machine().caches if cache.kind != "Instruction"]


def format_threads(count: int) -> str:
    """So many threads, in words."""
    return "one thread" if count == 1 else f"{count} threads"


def format_array_bytes(size: float) -> str:
    """So many bytes, in the unit that suits them."""
    if size < 1023 * 2**10:
        return f"{size / 2**10:.0f} KiB"
    return f"{size / 2**20:.3g} MiB" if size < 1000 * 2**20 else f"{size / 2**30:.3g} GiB"


def set_array_size_axis(figure: go.Figure, sizes: list[float], title: str = "all arrays together") -> None:
    """A logarithmic axis of KiB whose ticks are powers of two, with their units."""
    low, high = min(sizes) / 1024, max(sizes) / 1024
    ticks = [4**power for power in range(1, 14) if low / 4 <= 4**power <= high * 4]
    figure.update_xaxes(
        title=title, type="log", tickvals=ticks, ticktext=[format_array_bytes(1024 * tick) for tick in ticks]
    )
