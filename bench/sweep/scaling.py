"""How each arm scales with the cores of a sweep, and the laws that fit."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_cores, format_percent
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import Sweep
from bench.stats.scaling_laws import Law, ScalingFit, ScalingPoint, find_efficiency, fit_law
from bench.values.base import Arm
from bench.values.statistics import Interval

CORES_AXIS = "cores"


@dataclass(frozen=True, slots=True)
class ScalingCurve:
    """The times of one arm on several core counts, with all other settings equal."""

    arm: Arm
    label: str
    """`INT8, batch 4`."""
    points: tuple[ScalingPoint, ...]
    """In order of the core counts; two at least."""
    efficiencies: tuple[Interval, ...]
    """Of each point, relative to the first one."""
    fits: tuple[ScalingFit, ...]
    """Amdahl's law, and the Universal Scalability Law with three core counts or more."""

    @property
    def fit(self) -> ScalingFit:
        """The law with more unknowns, if there is one."""
        return self.fits[-1]


def find_scaling(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[ScalingCurve]:
    """A curve for each arm and each value of the other axis; empty without an axis of cores, or with one core count."""
    axis = sweep.find_axis(CORES_AXIS)
    if axis is None:
        return []
    position = sweep.axes.index(axis)
    curves: list[ScalingCurve] = []
    for first, cells in sweep.list_lines(axis):
        for arm in Arm:
            points = tuple(
                ScalingPoint(cell.cores, times.seconds) for cell in cells if (times := cell.arm(arm)) is not None
            )
            if len(points) < 2:
                continue
            fits = tuple(fit for law in Law if (fit := fit_law(law, points)) is not None)
            if not fits:
                continue
            other = "" if first is None else sweep.axes[1 - position].describe(first.values[1 - position])
            curves.append(
                ScalingCurve(
                    arm,
                    ", ".join(filter(None, [snapshot.arms[arm], other])),
                    points,
                    tuple(find_efficiency(points[0], point) for point in points),
                    fits,
                )
            )
    return curves


def describe_curve(curve: ScalingCurve) -> str:
    """The efficiency on the most cores, and what the fit says."""
    last, efficiency = curve.points[-1], curve.efficiencies[-1]
    text = (
        f"{curve.label}: efficiency {format_percent(efficiency.value, 0)} "
        f"({_format_shares(efficiency)}) on {format_cores(last.cores)}"
    )
    for fit in curve.fits:
        name = f"{fit.law.value[0].upper()}{fit.law.value[1:]}"
        parameters = f"serial share {format_percent(fit.serial.value)} ({_format_shares(fit.serial, 1)})"
        if fit.law is Law.USL:
            parameters += f", coherency {format_percent(fit.coherency.value, 2)} ({_format_shares(fit.coherency, 2)})"
        text += f". {name}: {parameters}"
        if not fit.can_be_wrong:
            text += f", through {fit.counts} core counts, which is no test of the law"
    return f"{text}."


def _format_shares(interval: Interval, digits: int = 0) -> str:
    ends = (format_percent(end, digits).removesuffix(" %") for end in (interval.low, interval.high))
    return f"{' to '.join(ends)} %"
