"""The plan of a race: plain data that says what to run.

A plan knows nothing of today's declarations, so a stored plan stays readable when its workload changes. See
`bench.plan.validation` for checks, `bench.plan.resolved` for the declarations that a plan refers to,
`bench.plan.query` for URLs and `bench.plan.command` for the command line.
"""

from __future__ import annotations

import hashlib
import json

from pydantic import Field

from bench.values.base import Arm, Value
from bench.workload.cases import DEFAULT_BUDGET_S
from bench.workload.declaration import STRICT_ACCURACY_LIMIT
from bench.workload.parameters import Setting

MAX_SEED = 2**32 - 1


class Plan(Value):
    """What to run. Build one with `bench.plan.validation.make_plan`, which fills in the declared defaults."""

    workload: str
    case: str
    """Name of the workload's variant."""
    baseline: str
    """Value of the lever in the baseline arm."""
    accelerated: str
    """Value of the lever in the accelerated arm."""
    cores: int
    """Number of cores that each arm may use."""
    batch: int
    parameters: dict[str, Setting]
    budget_s: float = DEFAULT_BUDGET_S
    """Time for sampling, warm-up and other core counts. Starting the arms and measuring accuracy are not included."""
    target: float = 0.03
    """Sampling stops when the relative half-width of the ratio's interval is this small. 0 uses the whole budget."""
    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    accuracy_limit: float = STRICT_ACCURACY_LIMIT
    """Lowest accuracy of the accelerated arm for which a claim is made, as a share of the baseline's accuracy."""

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits. Equal plans have equal digests on every machine."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]

    def canonical(self) -> str:
        """JSON with sorted keys and no spaces. Equal plans give equal text."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def lever_value(self, arm: Arm) -> str:
        """Name of the lever's value in `arm`."""
        return self.baseline if arm is Arm.BASELINE else self.accelerated


def format_setting(value: Setting) -> str:
    """A setting as URLs and command lines spell it. `make_plan` reads the text back as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # 15 significant digits reproduce every number that a person typed.
    return f"{value:.15g}" if isinstance(value, float) else str(value)
