"""Settings of Fairlap 0.1.0, which had no cases: its parameter `steps` named groups of calls, single calls, or both."""

from __future__ import annotations

from workloads.modin.calls import CALLS, SELECTION

GROUPS = ("common", "files", "calls", "text", "all")
CASES = {frozenset({group}): group for group in GROUPS}
CASES |= {frozenset({"etl"}): "etl", frozenset({"common", "etl"}): "overview"}
"""What `steps` named, to the case that times the same calls."""


def upgrade_settings(settings: dict[str, str]) -> dict[str, str]:
    """`settings` with a case instead of `steps`. Unknown names stay, for the message about the parameter `calls`."""
    if "steps" not in settings:
        return settings
    others = {name: value for name, value in settings.items() if name != "steps"}
    names = [name.strip() for name in settings["steps"].split(",") if name.strip()]
    case = CASES.get(frozenset(names))
    if case is not None:
        return others | {"case": case}
    groups = set(names).intersection(GROUPS)
    calls = [call.name for call in CALLS if call.name in names or groups.intersection(call.cases)]
    unknown = [name for name in names if name not in calls and name not in groups]
    return others | {"case": SELECTION, "calls": ",".join(calls + unknown)}
