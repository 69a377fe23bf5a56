"""What a trick is: a way to make a recorded run look better than it is, applied to a copy of the run.

A trick changes the samples, the record or only what is quoted. The copy then goes through the rules of every race, see
`bench.claims.tricks.judging`. It is marked (`Run.demonstration`), so that nothing stores or exports it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.run.record import Run
from bench.values.base import Arm


class NotApplicableError(ValueError):
    """A trick cannot be applied to a run. The message says why, and what kind of run it needs."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart."""

    label: str
    value: float
    """In the unit of the axis."""
    text: str
    """The value as text."""
    arm: Arm | None = None
    """Whose value it is; None if it belongs to no arm."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """A number, and the chart that goes with it."""

    headline: str
    """The number: `4.2x`."""
    meaning: str
    """What the number is, as a clause."""
    axis: str
    bars: tuple[Bar, ...]
    axis_start: float = 0.0
    """Where the axis of the bars begins. Only a trick begins elsewhere than at 0."""


@dataclass(frozen=True, slots=True)
class TrickedRun:
    """A copy of a run with a trick."""

    run: Run
    """Marked as a trick, with statistics and claims of the changed samples."""
    step: str
    """The step that is quoted, or the total."""
    change: str
    """What was changed in the copy, as a sentence."""
    quoted: Presentation
    """What a reader gets to see."""
    honest: Presentation
    """What the recorded run says."""


ApplyTrick = Callable[[Run], TrickedRun]
"""Applies a trick to a run that has statistics. Raises NotApplicableError."""


@dataclass(frozen=True, slots=True)
class Trick:
    """One trick."""

    name: str
    title: str
    """What a trickster does, in the imperative. For Bailey's ways, his title in our words."""
    number: int | None
    """The number in Bailey's list; None for a trick that is not in it."""
    idea: str
    """How it fools a reader, as sentences."""
    rules: tuple[str, ...]
    """Names of the rules against it; empty if no rule can see it."""
    unseen: str
    """Why no rule can see it, as sentences; empty if there are rules against it."""
    prevention: str
    """What of Fairlap prevents it besides the rules, as sentences; empty if nothing does."""
    apply: ApplyTrick


def define_trick(
    title: str, *, number: int | None = None, rules: tuple[str, ...] = (), unseen: str = "", prevention: str = ""
) -> Callable[[ApplyTrick], Trick]:
    """Turn a function into a trick. Its docstring explains the idea; pages show it."""

    def define(apply: ApplyTrick) -> Trick:
        idea = " ".join((apply.__doc__ or "").split())
        return Trick(apply.__name__.replace("_", "-"), title, number, idea, rules, unseen, prevention, apply)

    return define
