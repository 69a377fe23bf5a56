"""Grids of plans: the settings that a sweep varies, their values, and the plan of each cell."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.formatting import format_cores, format_count
from bench.plan.change import change_plan
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.workload.parameters import Parameter, Setting

MAX_AXES = 2
MAX_CELLS = 200
RANGE_SIGN = ".."
CORES_PER = "cores_per_"
"""Beginning of the name of an axis that varies the cores of each of several things that share them."""
LEVER_FIELDS = ("baseline", "accelerated")
NUMBER_KINDS = ("integer", "real")
MAX_DEFAULT_VALUES = 5
DEFAULT_FACTORS = (0.25, 0.5, 1, 2, 4)
"""Default values of a number are those of the plan times these."""


@dataclass(frozen=True, slots=True)
class GridAxis:
    """A setting that is varied, and its values."""

    name: str
    label: str
    values: tuple[Setting, ...]
    labels: tuple[str, ...]
    is_number: bool
    is_size: bool
    noun: str
    """What a number counts, in the singular, if a person would say so: `core` for 2 cores; empty for `batch 4`."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One combination of values."""

    values: tuple[Setting, ...]
    plan: Plan | None
    """None if they make no plan that can be raced here."""
    problem: str = ""
    """Why not; empty if they do."""


def list_axis_names(plan: Plan) -> list[str]:
    """The settings of `plan` that can be varied: cores and batch first, then parameters and the values of the lever."""
    resolved = resolve(plan)
    parameters = [
        parameter
        for parameter in resolved.parameters
        if parameter.kind != "image" and (parameter.kind != "text" or len(parameter.choices) > 1)
    ]
    shares = [f"{CORES_PER}{parameter.cores_per}" for parameter in parameters if parameter.cores_per]
    return ["cores", "batch", *(parameter.name for parameter in parameters), *shares, *LEVER_FIELDS]


def label_axis(plan: Plan, name: str) -> str:
    """Raises PlanError for an unknown name."""
    if name in LEVER_FIELDS:
        return f"{name.capitalize()} arm"
    if name == "cores":
        return "Cores"
    if name.startswith(CORES_PER):
        return f"Cores per {name.removeprefix(CORES_PER)}"
    return _find_parameter(plan, name).label


def parse_axis(plan: Plan, text: str, core_limit: int) -> GridAxis:
    """The axis that `cores=1,2` or `batch=1..32` describes: values, and ranges whose numbers double.

    A range of a setting that has stops takes those between its ends. Raises PlanError.
    """
    name, separator, listed = text.partition("=")
    name = name.strip()
    if not separator:
        return make_axis(plan, name, default_values(plan, name, core_limit), core_limit)
    _check_name(plan, name)
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    _check_length(name, parts)
    if repeated := [part for part, count in Counter(parts).items() if count > 1]:
        raise PlanError([f"{name}: {', '.join(repeated)} is named more than once; name each value once"])
    values: list[str] = []
    for part in parts:
        values += _expand(plan, name, part) if RANGE_SIGN in part else [part]
    return make_axis(plan, name, values, core_limit)


def make_axis(plan: Plan, name: str, values: Sequence[Setting], core_limit: int) -> GridAxis:
    """An axis with checked values. Values that a range and a list have in common are in it once. Raises PlanError."""
    _check_name(plan, name)
    _check_length(name, values)
    if not values:
        raise PlanError([f"{name}: expected one or more values, such as {name}=1,2 or {name}=1{RANGE_SIGN}8"])
    checked = list(dict.fromkeys(_check(plan, name, value, core_limit) for value in values))
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in checked)
    if is_number:
        checked.sort()
    return GridAxis(
        name=name,
        label=label_axis(plan, name),
        values=tuple(checked),
        labels=tuple(_label_value(plan, name, value) for value in checked),
        is_number=is_number,
        is_size=is_number and name != "cores" and not name.startswith(CORES_PER),
        noun=_find_noun(plan, name) if is_number else "",
    )


def _check_name(plan: Plan, name: str) -> None:
    """Raises PlanError if a sweep cannot vary `name`."""
    names = list_axis_names(plan)
    if name not in names:
        raise PlanError([f"{name}: a sweep of {plan.workload} cannot vary it; it can vary {', '.join(names)}"])


def _check_length(name: str, values: Sequence[Setting]) -> None:
    """Raises PlanError. Before each value is checked, which takes a millisecond."""
    if len(values) > MAX_CELLS:
        raise PlanError(
            [f"{name}: {len(values):,} values, and a sweep may have {MAX_CELLS} cells; choose fewer values"]
        )


def default_values(plan: Plan, name: str, core_limit: int) -> Sequence[Setting]:
    """Values that are worth a sweep: the powers of two of cores, and up to five values around that of the plan."""
    if name == "cores" or name.startswith(CORES_PER):
        return sorted({1 << power for power in range(core_limit.bit_length())} | {core_limit})
    if name in LEVER_FIELDS:
        other = plan.accelerated if name == "baseline" else plan.baseline
        values = [value for value in resolve(plan).lever.values if value.name != other]
        return [value.name for value in values if not value.unavailable()]
    parameter = _find_parameter(plan, name)
    current: Setting = plan.batch if name == "batch" else plan.parameters[name]
    if parameter.kind == "flag":
        return [False, True]
    if parameter.kind not in NUMBER_KINDS or isinstance(current, str):
        return [value for value in parameter.choices if not parameter.unavailable(value)][:MAX_DEFAULT_VALUES]
    low = parameter.minimum if parameter.minimum is not None else current
    high = parameter.maximum if parameter.maximum is not None else float("inf")
    if parameter.stops:
        inside = [stop for stop in sorted(parameter.stops) if low <= stop <= high]
        # A stop with a label often means everything there is, which may take very long.
        stops = [stop for stop in inside if stop not in parameter.stop_labels] or inside
        nearest = min(range(len(stops)), key=lambda position: abs(stops[position] - current))
        start = max(0, min(nearest - MAX_DEFAULT_VALUES // 2, len(stops) - MAX_DEFAULT_VALUES))
        return stops[start : start + MAX_DEFAULT_VALUES]
    around = (current * factor for factor in DEFAULT_FACTORS)
    numbers = [round(value) if parameter.kind == "integer" else value for value in around]
    return sorted({value for value in numbers if low <= value <= high})


def make_cells(plan: Plan, axes: Sequence[GridAxis], core_limit: int) -> list[GridCell]:
    """The cells of the grid; the values of the last axis change fastest. Raises PlanError if it is no grid, and if no
    cell of it can be raced."""
    if not 0 < len(axes) <= MAX_AXES:
        raise PlanError([f"over: expected one or {MAX_AXES} settings, got {len(axes)}; leave some out"])
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise PlanError([f"over: {name} is named {names.count(name)} times; name it once, with all of its values"])
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_CELLS:
        raise PlanError([f"over: {count:,} cells, and a sweep may have {MAX_CELLS}; choose fewer values"])
    if count == 1:
        raise PlanError(["over: one cell is no grid; name a second value, or make a single race with these settings"])
    cells = [
        _make_cell(plan, dict(zip(names, values, strict=True)), core_limit)
        for values in itertools.product(*(axis.values for axis in axes))
    ]
    if all(cell.problem for cell in cells):
        reasons = list(dict.fromkeys(cell.problem for cell in cells))
        raise PlanError([f"over: no cell of the grid can be raced here; change its values: {reasons[0]}", *reasons[1:]])
    return cells


def _make_cell(plan: Plan, changes: Mapping[str, Setting], core_limit: int) -> GridCell:
    values = tuple(changes.values())
    try:
        made = change_plan(plan, _share_cores(plan, changes), core_limit)
        _check_sharing(made)
    except PlanError as error:
        return GridCell(values, None, str(error))
    return GridCell(values, made, _explain_unavailable(made))


def _share_cores(plan: Plan, changes: Mapping[str, Setting]) -> dict[str, Setting]:
    """`changes` as settings of a plan. The cores of each instance decide the number of cores; if that is given too,
    they decide the number of instances. Raises PlanError if the cores cannot be divided so."""
    settings = dict(changes)
    for name in [name for name in settings if name.startswith(CORES_PER)]:
        each = int(settings.pop(name))
        sharing = _find_sharing(plan, name)
        if "cores" not in settings:
            settings["cores"] = each * int(settings.get(sharing.name, plan.parameters[sharing.name]))
            continue
        cores = int(settings["cores"])
        if cores % each:
            what = f"each {sharing.cores_per} has {format_cores(each)}, and {format_cores(cores)}"
            raise PlanError([f"{name}: {what} cannot be divided so"])
        settings[sharing.name] = cores // each
    return settings


def _check_sharing(plan: Plan) -> None:
    """Raises PlanError if there are more instances than cores."""
    for parameter in resolve(plan).parameters:
        if parameter.cores_per and int(plan.parameters[parameter.name]) > plan.cores:
            count = format_count(int(plan.parameters[parameter.name]), parameter.cores_per)
            raise PlanError([f"{parameter.name}: {count} cannot share {format_cores(plan.cores)}"])


def _explain_unavailable(plan: Plan) -> str:
    if plan.baseline == plan.accelerated:
        return "Both arms run the same code, so there is nothing to compare."
    return resolve(plan).unavailable()


def _check(plan: Plan, name: str, value: Setting, core_limit: int) -> Setting:
    """`value` as the plan has it. Raises PlanError."""
    if name.startswith(CORES_PER):
        return change_plan(plan, {"cores": value}, core_limit).cores
    changed = change_plan(plan, {name: value}, core_limit)
    return getattr(changed, name) if name in Plan.model_fields else changed.parameters[name]


def _find_parameter(plan: Plan, name: str) -> Parameter:
    resolved = resolve(plan)
    if name == "batch":
        return resolved.workload.batch_of(resolved.case)
    for parameter in resolved.parameters:
        if parameter.name == name:
            return parameter
    raise PlanError([f"{name}: a sweep of {plan.workload} cannot vary it"])


def _find_sharing(plan: Plan, name: str) -> Parameter:
    """The parameter that says how many share the cores, for an axis that varies the cores of each."""
    found = (parameter for parameter in resolve(plan).parameters if f"{CORES_PER}{parameter.cores_per}" == name)
    return next(found)


def _find_noun(plan: Plan, name: str) -> str:
    if name == "cores":
        return "core"
    if name.startswith(CORES_PER):
        return ""
    parameter = _find_parameter(plan, name)
    label = parameter.label.lower()
    plural = label.removesuffix("s") if label.endswith("s") else ""
    return "" if label == "batch" else parameter.cores_per or parameter.noun or plural


def _label_value(plan: Plan, name: str, value: Setting) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in LEVER_FIELDS:
        return resolve(plan).lever[str(value)].label
    if isinstance(value, str):
        return _find_parameter(plan, name).choices.get(value, value)
    if name != "cores" and not name.startswith(CORES_PER) and isinstance(value, int):
        return _find_parameter(plan, name).stop_labels.get(value, f"{value:,}")
    return f"{value:,.15g}"


def _expand(plan: Plan, name: str, text: str) -> list[str]:
    """The numbers of a range. Raises PlanError."""
    try:
        low, high = (int(end.replace("_", "")) for end in text.split(RANGE_SIGN))
    except ValueError:
        raise PlanError([f"{name}: {text!r} is no range of integers such as 1{RANGE_SIGN}32"]) from None
    if not 0 < low <= high:
        raise PlanError([f"{name}: the range {text} is empty; expected two numbers above 0, the smaller one first"])
    is_cores = name == "cores" or name.startswith(CORES_PER)
    stops = () if is_cores or name in LEVER_FIELDS else _find_parameter(plan, name).stops
    if stops:
        return [str(value) for value in sorted({low, high, *(stop for stop in stops if low < stop < high)})]
    numbers = [low]
    while numbers[-1] * 2 < high and len(numbers) <= MAX_CELLS:
        numbers.append(numbers[-1] * 2)
    return [str(value) for value in dict.fromkeys([*numbers, high])]
