"""The quantization's configuration as YAML, in the words of the posts on Neural Compressor, read and checked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from bench.workload.interface import BadInput

MAX_CONFIG_BYTES = 64 * 1024
MAX_NESTING = 20
"""Levels of nesting. The keys have four; the parser recurses."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checked configuration."""

    approach: str = "post_training_static_quant"
    alpha: float = 0.5
    sampling_size: int = 100
    granularity: str = "per_channel"
    strategy: str = "basic"
    relative_loss: float = 0.01
    max_trials: int = 20
    timeout: float = 0.0
    """Seconds; 0 is none."""
    random_seed: int = 0

    @property
    def smooth(self) -> bool:
        return self.approach == "smooth_quant"

    def digest(self) -> str:
        """SHA-256 over what changes the graph that comes of a conversion. Tuning chooses among conversions, and the
        sampling size has its effect through the calibration data, which has a digest of its own."""
        return hashlib.sha256(repr((self.approach, self.smooth and self.alpha, self.granularity)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _KeyRule:
    """What may stand at a key: `field` is the one of `Recipe` that it sets, if any."""

    good: Callable[[Any], bool]
    wanted: str
    field: str = ""


def _one_of(*allowed: str, field: str = "", why: str = "") -> _KeyRule:
    return _KeyRule(lambda value: isinstance(value, str) and value in allowed, " or ".join(allowed) + why, field)


def _integer(low: int, high: int, field: str) -> _KeyRule:
    def good(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return _KeyRule(good, f"a whole number from {low:,} to {high:,}", field)


def _number(low: float, high: float, field: str) -> _KeyRule:
    def good(value: Any) -> bool:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and math.isfinite(value) and low <= value <= high

    return _KeyRule(good, f"a number from {low:,} to {high:,}", field)


# In the YAML files of Neural Compressor's capabilities; another name it replaces by minmax without a word.
_ONLY_MINMAX = ", the only one that Neural Compressor 3.10 has for matrix products under TensorFlow"
KEYS: dict[str, _KeyRule] = {
    "model.name": _KeyRule(lambda value: isinstance(value, str), "a name"),
    "model.framework": _one_of("tensorflow"),
    "evaluation.accuracy.metric": _one_of("squad_f1"),
    "quantization.approach": _one_of("post_training_static_quant", "smooth_quant", field="approach"),
    "quantization.alpha": _number(0, 1, "alpha"),
    "quantization.calibration.sampling_size": _integer(1, 10_000, "sampling_size"),
    "quantization.model_wise.weight.granularity": _one_of("per_channel", "per_tensor", field="granularity"),
    "quantization.model_wise.weight.algorithm": _one_of("minmax", why=_ONLY_MINMAX),
    "quantization.model_wise.activation.algorithm": _one_of("minmax", why=_ONLY_MINMAX),
    "tuning.strategy.name": _one_of("basic", "random", "bayesian", field="strategy"),
    "tuning.accuracy_criterion.relative": _number(0, 1, "relative_loss"),
    "tuning.exit_policy.max_trials": _integer(1, 1_000, "max_trials"),
    "tuning.exit_policy.timeout": _number(0, 7 * 24 * 3600, "timeout"),
    "tuning.random_seed": _integer(0, 2**32 - 1, "random_seed"),
}
"""By dotted key."""


def parse_recipe(text: str) -> Recipe:
    """The recipe that `text` describes; missing keys keep their defaults. Raises BadInput with line and key."""
    if len(text.encode(errors="surrogatepass")) > MAX_CONFIG_BYTES:
        raise BadInput(
            f"the configuration is larger than {MAX_CONFIG_BYTES >> 10} KiB", "A configuration has some 30 lines."
        )
    try:
        _check_events(text)
        # Nodes build no objects: tags of Python are seen before anything is made of them.
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"line {mark.line + 1}: " if mark else ""
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise BadInput(f"{at}the configuration is not YAML: {said}", "Mend this line.") from error
    fields: dict[str, Any] = {}
    if node is not None:
        _read_mapping(node, "", fields)
    return Recipe(**fields)


def _check_events(text: str) -> None:
    """Refuse what could grow or recurse: anchors and aliases, deep nesting, a second document."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            sign = "an alias (*" if isinstance(event, yaml.AliasEvent) else "an anchor (&"
            raise BadInput(f"line {line}: the configuration has {sign}{event.anchor})", "Write every value out.")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise BadInput(f"line {line}: a second document begins", "Give one configuration, without ---.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise BadInput(f"line {line}: nested more than {MAX_NESTING} deep", _list_known_keys(""))


def _read_mapping(node: yaml.Node, at: str, fields: dict[str, Any]) -> None:
    line = node.start_mark.line + 1
    if node.tag == "tag:yaml.org,2002:null":
        return
    if (isinstance(node, yaml.MappingNode) and node.tag != "tag:yaml.org,2002:map") or "python/" in node.tag:
        raise BadInput(
            f"line {line}: {at or 'the configuration'} has the tag {node.tag}, which is not read", _list_known_keys(at)
        )
    if not isinstance(node, yaml.MappingNode):
        raise BadInput(f"line {line}: {at or 'the configuration'} must hold keys", _list_known_keys(at))
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadInput(f"line {line}: a key of {at or 'the configuration'} is no word", _list_known_keys(at))
        name = f"{at}.{key.value}" if at else key.value
        if name in seen:
            raise BadInput(f"line {line}: {name} stands twice", "Keep one of them.")
        seen.add(name)
        # A dot in a key is no way to say two.
        if name in KEYS and "." not in key.value:
            _set_value(name, value, fields)
        elif any(known.startswith(f"{name}.") for known in KEYS) and "." not in key.value:
            _read_mapping(value, name, fields)
        else:
            raise BadInput(f"line {line}: there is no key {_shorten(name)}", _list_known_keys(at))


def _set_value(name: str, node: yaml.Node, fields: dict[str, Any]) -> None:
    line = node.start_mark.line + 1
    key = KEYS[name]
    if not isinstance(node, yaml.ScalarNode):
        raise BadInput(f"line {line}: {name} holds more than one value", f"Wanted is {key.wanted}.")
    try:
        value = yaml.SafeLoader("").construct_object(node, deep=True)
    # Not all that looks like a number or a date is one; YAML's constructors raise ValueError then.
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(
            f"line {line}: {name} is {_shorten(node.value)!r} with the tag {node.tag}, which is not read",
            f"Wanted is {key.wanted}.",
        ) from error
    if not key.good(value):
        raise BadInput(f"line {line}: {name} is {_shorten(node.value)!r}", f"Wanted is {key.wanted}.")
    if key.field:
        fields[key.field] = value


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"


def _list_known_keys(at: str) -> str:
    inside = [key for key in KEYS if key.startswith(f"{at}." if at else "")]
    return f"The keys are {', '.join(inside)}."
