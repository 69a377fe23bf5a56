"""Settings of Fairlap 0.1.0, which had no cases.

The parameter `transformation` selected the kernel, the parameters `before` and `after` its versions, and the values of
the lever were called `before` and `after`.
"""

from __future__ import annotations

from workloads.memory_traffic.catalogue import TRANSFORMATIONS, Transformation
from workloads.memory_traffic.problem_sizes import MATRIX_COUNTS

DEFAULT_TRANSFORMATION = "unit-stride"
SIDES = ("before", "after")


def upgrade_settings(settings: dict[str, str]) -> dict[str, str]:
    """`settings` with a case, and with versions as values of the lever. A size or tile of 0 was the default.

    Settings of later versions, and contradictions that 0.1.0 could not produce, are returned as they are.
    """
    arms = {arm: settings[arm] for arm in ("baseline", "accelerated") if arm in settings}
    if not {"transformation", *SIDES} & settings.keys() and not set(SIDES) & set(arms.values()):
        return settings
    if {"transformation", "case"} <= settings.keys():
        return settings
    current = {name: value for name, value in settings.items() if not (name in ("size", "tile") and value == "0")}
    name = current.pop("transformation", current.get("case", DEFAULT_TRANSFORMATION))
    sides = {side: current.pop(side, "default") for side in SIDES}
    current["case"] = name
    transformation = TRANSFORMATIONS.get(name)
    if transformation is None:
        return current
    defaults = {"before": transformation.baseline, "after": transformation.accelerated}
    versions = {side: defaults[side] if version == "default" else version for side, version in sides.items()}
    for arm, side in zip(("baseline", "accelerated"), SIDES, strict=True):
        value = arms.get(arm, side)
        current[arm] = versions.get(value, value)
    return {name: value for name, value in current.items() if name not in _ignored_parameters(transformation)}


def _ignored_parameters(transformation: Transformation) -> set[str]:
    """Parameters that 0.1.0 accepted for every transformation and that had no effect on this one."""
    ignored = {
        "side": transformation.name not in MATRIX_COUNTS,
        "tile": not transformation.tile,
        "fields": transformation.name != "layout",
    }
    return {name for name, is_ignored in ignored.items() if is_ignored}
