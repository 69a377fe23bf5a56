"""The configuration of a quantization: YAML with the keys of Intel's posts on Neural Compressor, read and checked.

`template.QUANTIZATION_YAML` shows every key with its default. The sections below describe the same document as pydantic
models; a message names the line and the dotted key that it is about.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bench.formatting import escape_invisible
from bench.workload.interface import BadInput

MAX_CONFIG_BYTES = 16 * 1024
MAX_NESTING = 20
"""Levels of nesting. The document has four; the parser recurses."""
MAX_QUOTED_CHARACTERS = 80
"""Characters of a value that a message repeats."""
OCTAL = re.compile(r"[-+]?0[0-7_]+")
"""Numbers that YAML 1.1 reads in base 8: `0100` is 64."""
EXPONENT = re.compile(r"[-+]?\d+[eE][-+]?\d+")
"""Numbers that YAML 1.1 reads as text, because they have no decimal point."""

Approach = Literal["post_training_static_quant", "smooth_quant"]
Granularity = Literal["per_channel", "per_tensor"]
StrategyName = Literal["basic", "random", "bayesian"]


class ConfigError(BadInput):
    """A configuration that cannot be used."""

    def __init__(self, what: str, remedy: str, line: int | None = None) -> None:
        """`line` counts from 1; None if the error is in no single line."""
        super().__init__(f"line {line}: {what}" if line else what, remedy)
        self.line = line


@dataclass(frozen=True)
class QuantizationConfig:
    """A checked configuration. Its defaults are those of the document."""

    approach: Approach = "post_training_static_quant"
    alpha: float = 0.5
    """SmoothQuant: the share of the activations' range that moves to the weights, 0 to 1."""
    sampling_size: int = 100
    """Questions that calibration reads."""
    granularity: Granularity = "per_channel"
    """Whether each output channel of a weight has a scale of its own."""
    strategy: StrategyName = "basic"
    relative_loss: float = 0.01
    """F1 that may be lost, as a share of FP32's F1."""
    max_trials: int = 20
    timeout_s: float = 0.0
    """0 for no timeout."""
    random_seed: int = 0

    @property
    def is_smooth(self) -> bool:
        return self.approach == "smooth_quant"

    def digest(self) -> str:
        """Return the SHA-256 of the fields that change the converted graph.

        The fields of tuning are not among them, because tuning chooses among conversions. The sampling size changes the
        graph through the calibration data, which has a digest of its own.
        """
        fields = self.approach, self.is_smooth and self.alpha, self.granularity
        return hashlib.sha256(repr(fields).encode()).hexdigest()


class Section(BaseModel):
    """A mapping of the document. An empty one keeps all defaults."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _replace_null(cls, value: Any) -> Any:
        return {} if value is None else value


# Neural Compressor's capability files list no other; it silently replaces other names by minmax.
_ONLY_MINMAX = "the only algorithm that Neural Compressor 3.10 has for matrix products in TensorFlow"
_WEEK_S = 7 * 24 * 3600


class ModelSection(Section):
    name: str = "bert"
    framework: Literal["tensorflow"] = "tensorflow"


class AccuracySection(Section):
    metric: Literal["squad_f1"] = "squad_f1"


class EvaluationSection(Section):
    accuracy: AccuracySection = AccuracySection()


class CalibrationSection(Section):
    sampling_size: int = Field(default=QuantizationConfig.sampling_size, ge=1, le=10_000)


class WeightSection(Section):
    granularity: Granularity = QuantizationConfig.granularity
    algorithm: Literal["minmax"] = Field(default="minmax", description=_ONLY_MINMAX)


class ActivationSection(Section):
    algorithm: Literal["minmax"] = Field(default="minmax", description=_ONLY_MINMAX)


class ModelWiseSection(Section):
    weight: WeightSection = WeightSection()
    activation: ActivationSection = ActivationSection()


class QuantizationSection(Section):
    approach: Approach = QuantizationConfig.approach
    alpha: float = Field(default=QuantizationConfig.alpha, ge=0, le=1, allow_inf_nan=False)
    calibration: CalibrationSection = CalibrationSection()
    model_wise: ModelWiseSection = ModelWiseSection()


class StrategySection(Section):
    name: StrategyName = QuantizationConfig.strategy


class AccuracyCriterionSection(Section):
    relative: float = Field(default=QuantizationConfig.relative_loss, ge=0, le=1, allow_inf_nan=False)


class ExitPolicySection(Section):
    max_trials: int = Field(default=QuantizationConfig.max_trials, ge=1, le=1_000)
    timeout: float = Field(default=QuantizationConfig.timeout_s, ge=0, le=_WEEK_S, allow_inf_nan=False)


class TuningSection(Section):
    strategy: StrategySection = StrategySection()
    accuracy_criterion: AccuracyCriterionSection = AccuracyCriterionSection()
    exit_policy: ExitPolicySection = ExitPolicySection()
    random_seed: int = Field(default=QuantizationConfig.random_seed, ge=0, le=2**32 - 1)


class Document(Section):
    """The whole document."""

    model: ModelSection = ModelSection()
    evaluation: EvaluationSection = EvaluationSection()
    quantization: QuantizationSection = QuantizationSection()
    tuning: TuningSection = TuningSection()

    def to_config(self) -> QuantizationConfig:
        quantization, tuning = self.quantization, self.tuning
        return QuantizationConfig(
            approach=quantization.approach,
            alpha=quantization.alpha,
            sampling_size=quantization.calibration.sampling_size,
            granularity=quantization.model_wise.weight.granularity,
            strategy=tuning.strategy.name,
            relative_loss=tuning.accuracy_criterion.relative,
            max_trials=tuning.exit_policy.max_trials,
            timeout_s=tuning.exit_policy.timeout,
            random_seed=tuning.random_seed,
        )


def list_keys(section: type[Section] = Document, prefix: str = "") -> list[str]:
    """Return the dotted keys of all values, in the order of the document, below `prefix`."""
    return [key for key, _ in _iterate_fields(section, prefix)]


def parse_config(text: str) -> QuantizationConfig:
    """Return the configuration in `text`; missing keys keep their defaults.

    Raises ConfigError with line, key and remedy. Nothing in the text can run code or grow: tags, anchors and aliases
    are refused.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_CONFIG_BYTES:
        raise ConfigError(
            f"the configuration is larger than {MAX_CONFIG_BYTES >> 10} KiB",
            "Remove what does not belong to it: a configuration has about 30 lines.",
        )
    try:
        _check_events(text)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise ConfigError(f"the configuration is not YAML: {problem}", "Correct this line.", line) from error
    content = _Content()
    value = None if node is None else content.read(node)
    try:
        return Document.model_validate(value).to_config()
    except ValidationError as error:
        raise min(map(content.describe, error.errors()), key=lambda problem: problem.line).to_error() from error


def find_config_error(text: str) -> ConfigError | None:
    """What is wrong with a configuration; None if it can be used. Takes about 10 ms."""
    try:
        parse_config(text)
    except ConfigError as error:
        return error
    return None


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """In place of a value that YAML cannot read or reads as another number than a person does, or that has a tag of its
    own. No field accepts it."""

    tag: str
    number: int | None = None
    """What YAML reads, if that is another number."""


@dataclass(frozen=True, slots=True)
class _Problem:
    line: int
    what: str
    remedy: str

    def to_error(self) -> ConfigError:
        return ConfigError(self.what, self.remedy, self.line)


_Path = tuple[str, ...]


@dataclass(slots=True)
class _Content:
    """Plain values of a YAML document, and where each of them is in the text."""

    nodes: dict[_Path, yaml.Node] = field(default_factory=dict)
    key_lines: dict[_Path, int] = field(default_factory=dict)

    def read(self, node: yaml.Node, path: _Path = ()) -> Any:
        """Return the value of a node: a dictionary, a list without its items, or a scalar. Raises ConfigError."""
        self.nodes[path] = node
        if isinstance(node, yaml.ScalarNode):
            try:
                value = yaml.SafeLoader("").construct_object(node, deep=True)
            # PyYAML raises ValueError for what only looks like a number or a date. With an explicit tag, such as
            # `!!timestamp x` or `!!bool x`, it assumes that the text fits, and fails with one of the others.
            except (yaml.YAMLError, ValueError, AttributeError, LookupError):
                return _Unreadable(node.tag)
            is_octal = isinstance(value, int) and OCTAL.fullmatch(node.value)
            return _Unreadable(node.tag, value) if is_octal else value
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return _Unreadable(node.tag)
        if not isinstance(node, yaml.MappingNode):
            return []
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"a key of {_name(path)} is not a word", _known_keys(path), line)
            # The text of the key: `null` and `5` are keys as they are written.
            key_path = (*path, key_node.value)
            if key_node.value in values:
                raise ConfigError(f"{_name(key_path)} is given twice", "Keep one of them.", line)
            self.key_lines[key_path] = line
            values[key_node.value] = self.read(value_node, key_path)
        return values

    def describe(self, error: ErrorDetails) -> _Problem:
        """Return an error of pydantic as a line, what is wrong there, and what to do."""
        path = tuple(map(str, error["loc"]))
        if error["type"] == "extra_forbidden":
            what = f"there is no key {_shorten(_name(path))}"
            return _Problem(self.key_lines[path], what, _suggest_key(path[-1], path[:-1]))
        node = self.nodes[path]
        line, value = node.start_mark.line + 1, error["input"]
        known = dict(_iterate_fields(Document, ""))
        if (key := ".".join(path)) not in known:
            what = f"{_name(path)} must hold keys"
            if isinstance(value, _Unreadable) and value.number is None:
                what = f"{_name(path)} has the tag {_shorten(escape_invisible(value.tag))}, which is not supported"
            return _Problem(line, what, _known_keys(path))
        if not isinstance(node, yaml.ScalarNode):
            what = f"{key} holds more than one value"
        else:
            what = f"{key} is {_shorten(node.value)!r}"
            if isinstance(value, _Unreadable) and value.number is not None:
                what += f", which YAML reads as {value.number:,}"
            elif isinstance(value, _Unreadable):
                what += f" with the tag {_shorten(escape_invisible(value.tag))}, which cannot be read"
            elif isinstance(value, str) and EXPONENT.fullmatch(value):
                what += ", which YAML reads as text, because it has no decimal point"
        return _Problem(line, what, f"Expected {_describe_field(known[key])}.")


def _check_events(text: str) -> None:
    """Refuse anchors and aliases, deep nesting and a second document, before a node is built."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            kind = "an alias (*" if isinstance(event, yaml.AliasEvent) else "an anchor (&"
            raise ConfigError(f"the configuration has {kind}{event.anchor})", "Write the value itself.", line)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise ConfigError("a second document begins", "Keep one document, without ---.", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise ConfigError(f"the nesting is deeper than {MAX_NESTING} levels", _known_keys(()), line)


def _iterate_fields(section: type[Section], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted key and the field of every value below `section`, in the order of the document."""
    for name, info in section.model_fields.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield from _iterate_fields(info.annotation, key)
        else:
            yield key, info


def _describe_field(info: FieldInfo) -> str:
    """Return what a field accepts, for example `an integer from 1 to 1,000`."""
    if get_origin(info.annotation) is Literal:
        expected = " or ".join(get_args(info.annotation))
    elif info.annotation is str:
        expected = "a name"
    else:
        low = next(limit.ge for limit in info.metadata if hasattr(limit, "ge"))
        high = next(limit.le for limit in info.metadata if hasattr(limit, "le"))
        expected = f"{'an integer' if info.annotation is int else 'a number'} from {low:,} to {high:,}"
    return f"{expected}, {info.description}" if info.description else expected


def _name(path: _Path) -> str:
    return escape_invisible(".".join(path)) or "the configuration"


def _known_keys(path: _Path) -> str:
    return f"The keys of {_name(path)} are {', '.join(_list_children(path))}."


def _suggest_key(name: str, path: _Path) -> str:
    """The key below `path` that was probably meant, and all others."""
    similar = difflib.get_close_matches(name, _list_children(path), n=1)
    return f"Did you mean {similar[0]}? {_known_keys(path)}" if similar else _known_keys(path)


def _list_children(path: _Path) -> list[str]:
    """The keys directly below `path`."""
    prefix = "".join(f"{name}." for name in path)
    below = (key.removeprefix(prefix) for key in list_keys() if key.startswith(prefix))
    return list(dict.fromkeys(key.partition(".")[0] for key in below))


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}…"
