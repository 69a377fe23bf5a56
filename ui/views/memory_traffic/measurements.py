"""How the measurements of memory traffic are drawn, by the name of the task."""

from __future__ import annotations

from ui.components.job_panel import DrawMeasurement
from ui.views.memory_traffic.roofline import draw_roofline
from ui.views.memory_traffic.scaling import draw_scaling
from ui.views.memory_traffic.sizes import draw_sizes
from ui.views.memory_traffic.sweep_charts import draw_sweep

DRAWERS: dict[str, DrawMeasurement] = {
    "roofline": draw_roofline,
    "scaling": draw_scaling,
    "sizes": draw_sizes,
    "sweep": draw_sweep,
}
