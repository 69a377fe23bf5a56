"""How the measurements of scripts are drawn, by the name of the task."""

from __future__ import annotations

from ui.components.job_panel import DrawMeasurement
from ui.views.script.report import draw_profile

DRAWERS: dict[str, DrawMeasurement] = {"profile": draw_profile}
