"""Changes the texts in a value, however deep they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel

V = TypeVar("V")


def map_texts(value: V, change: Callable[[str], str]) -> V:
    """A copy of `value` of the same type, with every text in it changed: in models, lists, tuples, and mappings with
    their names."""
    return _map_any(value, change)


def _map_any(value: Any, change: Callable[[str], str]) -> Any:
    if type(value) is str:
        # Members of enumerations are texts too, and stay what they are.
        return change(value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return value.model_copy(update={name: _map_any(getattr(value, name), change) for name in fields})
    if isinstance(value, list):
        return [_map_any(item, change) for item in cast("list[Any]", value)]
    if isinstance(value, tuple):
        return tuple(_map_any(item, change) for item in cast("tuple[Any, ...]", value))
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {_map_any(key, change): _map_any(item, change) for key, item in items}
    return value
