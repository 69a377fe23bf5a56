"""How the measurements of BERT are drawn, by the name of the task."""

from __future__ import annotations

from ui.components.job_panel import DrawMeasurement
from ui.views.bert.operators import draw_operators
from ui.views.bert.quantize import draw_quantization

DRAWERS: dict[str, DrawMeasurement] = {"operators": draw_operators, "quantize": draw_quantization}
