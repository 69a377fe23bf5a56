"""Parameters of the estimators, and which of their values make scikit-learn-intelex fall back. Light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.workload.interface import Settings
from bench.workload.parameters import Parameter, Setting

NO_FILE = NO_TARGET = "none"
"""The values of the parameters `file` and `target_column` of plans without them."""
FALLBACK_MARK = "falls back"
"""Ends the label of a choice with which a step falls back to stock scikit-learn."""


@dataclass(frozen=True, slots=True)
class Option:
    """A parameter of an estimator."""

    parameter: Parameter
    argument: str = ""
    """Argument of the estimator's constructor, or of the function; empty if the workload itself uses the parameter."""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For a choice: the value of the argument for each choice; a choice that is missing stands for itself."""
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Choice to the steps that run stock code with it. With every other choice all steps are accelerated."""

    def convert(self, setting: Setting) -> Any:
        """The value of the argument for a setting of the plan."""
        return self.values.get(str(setting), setting)


def offer(
    name: str,
    label: str,
    choices: Mapping[str, str],
    *,
    argument: str | None = None,
    values: Mapping[str, Any] | None = None,
    fallbacks: Mapping[str, tuple[str, ...]] | None = None,
    explanation: str = "",
) -> Option:
    """A choice; the first is the default. `argument` is the name if it is not given."""
    fallbacks = fallbacks or {}
    labels = {
        choice: f"{text} ({FALLBACK_MARK}: {', '.join(fallbacks[choice])})" if choice in fallbacks else text
        for choice, text in choices.items()
    }
    parameter = Parameter(name, label, "choice", next(iter(choices)), explanation, choices=labels)
    return Option(parameter, name if argument is None else argument, values or {}, fallbacks)


def count(
    name: str,
    label: str,
    default: int,
    minimum: int,
    maximum: int,
    argument: str,
    explanation: str,
    stops: tuple[int, ...] = (),
) -> Option:
    """A whole number."""
    parameter = Parameter(name, label, "integer", default, explanation, minimum=minimum, maximum=maximum, stops=stops)
    return Option(parameter, argument or name)


def measure(
    name: str, label: str, default: float, minimum: float, maximum: float, explanation: str, argument: str = ""
) -> Option:
    """A real number."""
    return Option(
        Parameter(name, label, "real", default, explanation, minimum=minimum, maximum=maximum), argument or name
    )


def offer_sparse(*steps: str) -> Option:
    """Dense or sparse input. `steps` are those that fall back with sparse input; none if it is accelerated."""
    return offer(
        "layout",
        "Input",
        {"dense": "dense array", "sparse": "sparse matrix (CSR)"},
        argument="",
        fallbacks={"sparse": steps} if steps else {},
        explanation="The same numbers as an array or as a sparse matrix.",
    )


def offer_weights(*steps: str, label: str = "random") -> Option:
    """Weights of the rows. `steps` are those that fall back with random weights."""
    return offer(
        "weights",
        "Row weights",
        {"none": "none", "random": label},
        argument="",
        fallbacks={"random": steps} if steps else {},
        explanation="The argument sample_weight of fit.",
    )


def with_default(option: Option, default: Setting) -> Option:
    """The option with another default."""
    return replace(option, parameter=replace(option.parameter, default=default))


def uses_file(settings: Settings) -> bool:
    """Whether the data of a plan is a file of the user."""
    return settings.parameters.get("file", NO_FILE) != NO_FILE


FIT_PREDICT = ("fit", "predict")
INVERSE_STRENGTH = measure("penalty_c", "C", 1.0, 1e-4, 1e4, "Inverse strength of the regularization.", "C")
