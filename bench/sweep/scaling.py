"""How each arm scales with the cores of a sweep, and the laws that fit."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_cores, format_percent
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import Sweep
from bench.stats.scaling_laws import MIN_FITTED_COUNTS, Law, ScalingFit, ScalingPoint, find_efficiency, fit_law
from bench.sweep.counting import arm_counts, describe_arm_cell
from bench.values.base import Arm
from bench.values.statistics import Interval

CORES_AXIS = "cores"


@dataclass(frozen=True, slots=True)
class ScalingCurve:
    """The times of one arm on several core counts, with all other settings equal. Only those that count are in it."""

    arm: Arm
    label: str
    """`INT8, batch 4`."""
    group: str
    """`batch 4`: the value of the other axis, which the curves of both arms share; empty without another axis."""
    points: tuple[ScalingPoint, ...]
    """In order of the core counts; two at least."""
    efficiencies: tuple[Interval, ...]
    """Of each point, relative to the first one."""
    fits: tuple[ScalingFit, ...]
    """Amdahl's law and the Universal Scalability Law; empty with fewer than three core counts."""
    left_out: tuple[int, ...] = ()
    """Core counts whose times do not count."""

    @property
    def fit(self) -> ScalingFit | None:
        """The law with more unknowns, if there is one."""
        return self.fits[-1] if self.fits else None


def find_scaling(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[ScalingCurve]:
    """A curve for each arm and each value of the other axis; empty without an axis of cores. An arm whose times count
    on fewer than two core counts has none."""
    axis = sweep.find_axis(CORES_AXIS)
    if axis is None:
        return []
    position = sweep.axes.index(axis)
    curves: list[ScalingCurve] = []
    for first, cells in sweep.list_lines(axis):
        group = "" if first is None else sweep.axes[1 - position].describe(first.values[1 - position])
        for arm in Arm:
            points = tuple(
                ScalingPoint(int(cell.values[position]), times.seconds)
                for cell in cells
                if (times := cell.arm(arm)) is not None and arm_counts(cell, arm)
            )
            if len(points) < 2:
                continue
            curves.append(
                ScalingCurve(
                    arm,
                    describe_arm_cell(sweep, snapshot, cells[0], arm, without=axis),
                    group,
                    points,
                    tuple(find_efficiency(points[0], point) for point in points),
                    tuple(fit for law in Law if (fit := fit_law(law, points)) is not None),
                    tuple(int(cell.values[position]) for cell in cells if not arm_counts(cell, arm)),
                )
            )
    return curves


def describe_curve(curve: ScalingCurve) -> str:
    """The efficiency on the most cores, what the fit says, and which core counts are left out."""
    first, last, efficiency = curve.points[0], curve.points[-1], curve.efficiencies[-1]
    text = (
        f"{curve.label}: efficiency {format_percent(efficiency.value, 0)} "
        f"({_format_shares(efficiency)}) on {format_cores(last.cores)}"
    )
    if first.cores > 1:
        text += f", relative to {format_cores(first.cores)}"
    for fit in curve.fits:
        name = f"{fit.law.value[0].upper()}{fit.law.value[1:]}"
        parameters = f"serial share {format_percent(fit.serial.value)} ({_format_shares(fit.serial, 1)})"
        if fit.law is Law.USL:
            parameters += f", coherency {format_percent(fit.coherency.value, 2)} ({_format_shares(fit.coherency, 2)})"
        text += f". {name}: {parameters}"
        if not fit.can_be_wrong:
            text += f", through {fit.counts} core counts, which is no test of the law"
    if not curve.fits:
        text += f". No fit: a fit needs times on {MIN_FITTED_COUNTS} core counts, and there are {len(curve.points)}"
    if curve.left_out:
        text += f". Left out, without a race that counts: {', '.join(map(format_cores, curve.left_out))}"
    return f"{text}."


def _format_shares(interval: Interval, digits: int = 0) -> str:
    ends = (format_percent(end, digits).removesuffix(" %") for end in (interval.low, interval.high))
    return f"{' to '.join(ends)} %"
