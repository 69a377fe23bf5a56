"""The evidence of a value of the lever as that of an arm."""

from __future__ import annotations

from bench.values.samples import Evidence
from bench.workload.interface import Settings
from workloads.bert import WORKLOAD


def place_in_race(evidence: Evidence, settings: Settings) -> Evidence:
    """Return the evidence of the arm that ran `settings.lever`.

    Any two values can race. What is the fast path of one race is the baseline of another, as INT8 of TensorFlow is for
    INT8 of OpenVINO: there its path is the stock one, and what ran is in the words. If both arms ran the same kernels
    nevertheless, their evidence has the same `code`.
    """
    is_baseline = settings.lever == settings.baseline != settings.accelerated
    if not is_baseline or evidence.path != "accelerated":
        return evidence
    label = WORKLOAD.lever[settings.lever].label
    return evidence.model_copy(
        update={"path": "stock", "words": [*evidence.words, f"{label} is the baseline of this race"]}
    )
