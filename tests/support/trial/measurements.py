"""What the tasks of the trial workload are asked, report and return."""

from typing import Literal

from pydantic import Field

from bench.values.base import Value


class CountArguments(Value):
    to: int = Field(ge=1)
    fault: Literal["", "raise", "bug", "die", "hang", "garbage", "slow", "orphan", "undeclared"] = ""
    """What goes wrong when half of the numbers are counted."""


class Counted(Value):
    number: int


class CountResult(Value):
    pid: int
    done: int
    """Number of tasks that this process has completed."""
    cores: int
    threads: str
    """OMP_NUM_THREADS."""
    affinity: list[int]
    loops: int
    variable: str
    """FAIRLAP_TRIAL."""
