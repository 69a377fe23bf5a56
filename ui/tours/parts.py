"""The parts of pages that a tour can point at, by the name in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    label: str
    """What it is, as a noun."""
    selector: str
    """CSS selector of the part on its page."""


RACE_PARTS: Mapping[str, Part] = {
    "controls": Part("the controls", ".st-key-race-controls"),
    "code": Part("the changed code", ".st-key-race-code, .st-key-race-code-button"),
    "headline": Part("the headline", '[class*="-run-headline"]'),
    "phases": Part("the phases of the race", ".st-key-run-phases"),
    "times": Part("the times", ".st-key-run-metrics"),
    "ratio": Part("the ratio", '.st-key-run-metrics [data-testid="stColumn"]:nth-of-type(3)'),
    "quality": Part("the quality", '.st-key-run-metrics [data-testid="stColumn"]:nth-of-type(4)'),
    "evidence": Part("the evidence", ".st-key-run-evidence"),
    "chart": Part("the chart of all samples", ".st-key-run-chart"),
    "result": Part("what both arms produced", ".st-key-run-result"),
    "claim": Part("the claim", ".st-key-run-claim"),
    "details": Part("the details", ".st-key-run-details"),
}
"""Parts of a race page. Those of a run are there once a run is shown."""
PLAN_PARTS = ("code", "controls")
"""Parts of a race page that are about the plan. All others are about its run."""
PAGE_PARTS: Mapping[str, Mapping[str, Part]] = {
    "home": {
        "start": Part("the first race", ".st-key-home-start"),
        "preparation": Part("the preparation", ".st-key-home-preparation"),
    },
    "machine": {
        "load": Part("the load", ".st-key-machine-load"),
        "noise": Part("the noise", ".st-key-machine-noise"),
        "description": Part("the description", ".st-key-machine-description"),
    },
    "method": {
        "ideas": Part("the ideas", ".st-key-method-ideas"),
        "ways": Part("the ways", ".st-key-method-ways"),
        "honest": Part("the honest number", ".st-key-method-honest-card"),
        "trick": Part("the number with the trick", ".st-key-method-trick-card"),
        "catches": Part("the rules that notice", ".st-key-method-catches"),
    },
    "rules": {},
    "glossary": {},
    "runs": {},
    "sweep": {
        "controls": Part("the controls", ".st-key-sweep-controls"),
        "grid": Part("the grid", ".st-key-sweep-grid"),
    },
}
"""Parts of the other pages, by page."""
