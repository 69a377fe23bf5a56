"""How the measurements of pandas to Modin are drawn, by the name of the task."""

from __future__ import annotations

from ui.components.job_panel import DrawMeasurement
from ui.views.modin.break_even import draw_break_even

DRAWERS: dict[str, DrawMeasurement] = {"break_even": draw_break_even}
