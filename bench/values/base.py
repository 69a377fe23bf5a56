"""The base class of the values, and the sides of a race."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Base class of these values: immutable, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Arm(StrEnum):
    """One side of a race."""

    BASELINE = "baseline"
    ACCELERATED = "accelerated"
