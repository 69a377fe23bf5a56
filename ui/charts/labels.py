"""TODO: ui.charts.race.labels."""

from __future__ import annotations

import textwrap

from bench.run.record import Run
from bench.values import TOTAL, Arm


def build_note(text: str, *, middle: bool = False) -> dict:
    """A remark in the figure itself."""
    place = (
        {"x": 0.5, "y": 0.6, "xanchor": "center"} if middle else {"x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    )
    return {"text": text, "xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 12}} | place


def arm_label(run: Run, arm: Arm) -> str:
    """The arm's name, as the lever has it."""
    return run.snapshot.arms[arm]


def step_time_label(run: Run, step: str) -> str:
    """What the time is the time of."""
    label = run.snapshot.labels()[step]
    return f"{label}, a call" if step != TOTAL else label


def wrap_html(text: str) -> str:
    return "<br>".join(textwrap.wrap(text, 70))
