"""The quality of the arms' results, and how far it differs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from bench.values.base import Value
from bench.values.statistics import Interval


class LossKind(StrEnum):
    """How the loss of a decisive measure is judged. A measure that is not decisive is not judged."""

    SCORE = "score"
    """Loss relative to the baseline: a score of 99 after 100 has lost 1 %."""
    ERROR = "error"
    """Relative increase of a mean error, such as the mean squared error: 1.01 after 1.00 is 1 % worse."""
    GAIN = "gain"
    """Loss relative to the baseline's gain over a trivial model, in a unit that has no largest value: a gain of 0.99
    nats of log-likelihood after 1.00 has lost 1 %."""
    EQUALITY = "equality"
    """No loss is allowed: no element may be wrong that was right before, whatever the plan's limit."""
    UNKNOWN = "not known"
    """Of runs that did not record it. Their measures are judged by the share of the value that is kept."""


class Measure(Value):
    """One measure of the quality of a result."""

    name: str
    label: str
    value: float
    unit: str = ""
    higher_is_better: bool = True
    decisive: bool = False
    """True for measures that a claim depends on; the others are for information."""
    loss: LossKind = LossKind.UNKNOWN
    """How the loss is judged if the measure is decisive."""
    max_score: float | None = None
    """Largest possible score of one observation; None for errors, and for measures that are no scores. The largest one
    that was seen says nothing about what an unseen observation may lose."""
    mean_label: str = ""
    """Label of the mean that the loss is judged by, such as `mean squared error`; empty if it is the value itself."""
    observations: int | None = None
    """Number of observations that the value is a mean over; None if it is not known, or not a mean."""
    observation: str = ""
    """What one observation is, in the singular, such as `question`."""
    groups: int | None = Field(default=None, ge=1)
    """Number of groups of observations that are not independent of each other, such as questions on one passage; None
    if each observation is its own."""
    group: str = ""
    """What one group is, in the singular, such as `passage`."""
    selection: str = ""
    """Which observations these are, if they are not all that there are."""
    interval: Interval | None = None
    """Interval of a share of independent observations, in the unit of the value; None if it is not known."""
    bias: str = ""
    """Why no claim may depend on the value, such as a model that was tuned on the same questions, or results that vary
    from run to run; empty if a claim may."""
    bias_remedy: str = ""
    """How to get a value that a claim may depend on."""
    same_work: bool = False
    """True for a count of work, such as iterations: if it differs, the arms did not do the same work."""
    step: str = ""
    """Name of the step whose result is measured; empty for the result of all steps."""


class IntervalMethod(StrEnum):
    """How the interval of a difference between paired scores is computed."""

    BOOTSTRAP = "paired bootstrap"
    TANGO = "Tango's score interval of paired shares"


class MeasureDifference(Value):
    """How far a measure of the arms differs, over the same observations in both arms."""

    name: str
    """Name of the measure."""
    label: str
    """The mean that is compared: `F1`, or `mean squared error` for PSNR."""
    observations: int = Field(ge=1)
    groups: int = Field(ge=1)
    """Number of independent groups of observations: of observations, or of groups of them if neighbours are not
    independent."""
    baseline: float
    """Mean of the baseline arm's scores."""
    accelerated: float
    difference: Interval
    """Accelerated minus baseline, with its 95 % interval."""
    deviation: float = Field(ge=0)
    """Standard deviation of the differences of the pairs of scores, or of the contributions of groups of them."""
    design_effect: float | None = Field(default=None, ge=1)
    """Variance of the difference divided by that of as many independent observations; None if the scores are not
    grouped, as in runs that did not record groups."""
    largest: float | None = None
    """Largest possible score of an observation; None for errors."""
    higher_is_better: bool
    method: IntervalMethod

    @property
    def loss(self) -> Interval | None:
        """How much worse the accelerated arm is, as a share of the baseline's mean; negative if it is better.

        None if the baseline's mean is not positive, so that there is nothing to compare with.
        """
        if self.baseline <= 0:
            return None
        ends = (self.difference.value, self.difference.low, self.difference.high)
        value, low, high = (end / self.baseline for end in ends)
        if self.higher_is_better:
            return Interval(value=-value, low=-high, high=-low)
        return Interval(value=value, low=low, high=high)


class Quality(Value):
    """The measures of both arms, and of the agreement between their results."""

    baseline: list[Measure]
    accelerated: list[Measure]
    agreement: list[Measure] = Field(default_factory=list[Measure])
    """A decisive measure of agreement is a share of equal results in percent; it is compared with 100."""
    differences: list[MeasureDifference] = Field(default_factory=list[MeasureDifference])
    """Of the measures whose scores the arms reported; empty for runs that did not record them."""

    def difference(self, name: str) -> MeasureDifference | None:
        """The difference of a measure; None if it is not known."""
        return next((difference for difference in self.differences if difference.name == name), None)
