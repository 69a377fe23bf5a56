"""The values of the lever: a library, and the type of numbers in which it computes the matrix products."""

from __future__ import annotations

from typing import Literal

NumberType = Literal["fp32", "bf16", "int8"]

_OPENVINO_PREFIX = "openvino-"
_NUMBER_TYPES: dict[str, NumberType] = {
    "fp32-stock": "fp32",
    "fp32": "fp32",
    "bf16": "bf16",
    "int8": "int8",
    "openvino-fp32": "fp32",
    "openvino-bf16": "bf16",
    "openvino-int8": "int8",
}


def number_type(value: str) -> NumberType:
    """The type of numbers of the lever's value `value`. Raises KeyError for another name."""
    return _NUMBER_TYPES[value]


def runs_on_openvino(value: str) -> bool:
    """Whether the lever's value `value` is one of OpenVINO; the others are TensorFlow's."""
    return value.startswith(_OPENVINO_PREFIX)


def tensorflow_value(value: str) -> str:
    """TensorFlow's value with the type of numbers of `value`: itself, if it is one of TensorFlow."""
    return number_type(value) if runs_on_openvino(value) else value
