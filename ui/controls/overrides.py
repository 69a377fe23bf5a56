"""TODO: ui.controls.form.overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.workload.declaration import Setting, Workload
from ui.controls.state import control_values, set_control


@dataclass(frozen=True, slots=True)
class ControlOverrides:
    """What a part of a page leaves of its workload's controls."""

    sets: Mapping[str, Setting] = field(default_factory=dict)
    """Parameters that have a value there, and no control."""
    without: tuple[str, ...] = ()
    """Parameters that have no say there: they stay at their defaults."""
    front: tuple[str, ...] = ()
    """Parameters that are always in sight, the batch only where it is among them."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is left to choose from."""
    races: bool = True
    """False where there is no race: then the cores, and what is always in sight, are all that is asked for."""

    def hides(self, name: str) -> bool:
        return name in self.sets or name in self.without


def apply_overrides(workload: Workload, narrowed: ControlOverrides) -> None:
    """Set what is not to be chosen, and what may not stay as it was chosen elsewhere."""
    wanted = {name: workload.parameter(name).default for name in narrowed.without} | dict(narrowed.sets)
    for name, left in narrowed.choices.items():
        # Of several, each. What was chosen here before another tab had its say comes back.
        kept = [str(control_values(workload).get(f"before:{name}", "")), str(control_values(workload)[name])]
        if set(kept[1].split(",")) <= set(left):
            continue
        parts = [[one for one in value.split(",") if one in left] for value in kept]
        default = [one for one in str(workload.parameter(name).default).split(",") if one in left]
        wanted[name] = ",".join(parts[0] or parts[1] or default)
    for name, value in wanted.items():
        if name in narrowed.sets and control_values(workload)[name] != value:
            control_values(workload)[f"before:{name}"] = control_values(workload)[name]
        set_control(workload, name, value)
