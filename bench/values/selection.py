"""How the stages that a race accelerates were chosen, if that was done by looking at the times of other races."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from bench.values.base import Value
from bench.values.statistics import Interval


class StageVerdict(StrEnum):
    """What a race shows about accelerating a stage."""

    GAIN = "gains"
    LOSS = "loses"
    UNDECIDED = "no difference detected"
    SAME_CODE = "same code"
    """Both arms ran the same code in it, whatever the plan asked for."""
    NO_CLAIM = "no claim"
    """A rule other than that of the interval refuses a claim about it, so its times show nothing."""


class StageDecision(Value):
    """Whether a stage is kept, and which race decided that."""

    stage: str
    """The value of the parameter that stands for the stage."""
    label: str
    verdict: StageVerdict
    ratio: Interval | None
    """Baseline over accelerated, of all steps of the stage together; None without enough pairs."""
    reason: str = ""
    """Why there is no claim; empty for the other verdicts."""
    run_id: str

    @property
    def is_kept(self) -> bool:
        return self.verdict is StageVerdict.GAIN


class SelectionRole(StrEnum):
    """What a race is for in a choice of stages."""

    CHOOSE = "choose"
    """Its times decide which stages are kept."""
    CONFIRM = "confirm"
    """It measures the stages that were kept, with samples that decided nothing."""


class Selection(Value):
    """What was looked at before the stages of a race were set. Also of later races with the same settings."""

    role: SelectionRole
    parameter: str
    """Name of the parameter with the stages."""
    run_ids: list[str] = Field(default_factory=list[str])
    """The races that were looked at, the first one first; empty for a race with all stages."""
    decisions: list[StageDecision] = Field(default_factory=list[StageDecision])
    """What they decided, in the order of the stages."""
    versions: dict[str, str] = Field(default_factory=dict[str, str])
    """Versions of the libraries in the first of them."""
    data: str = ""
    """Digest of the data that they worked on."""
