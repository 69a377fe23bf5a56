"""The quantization's YAML: what is taken, and what is refused, by line and key."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

pytest.importorskip("yaml", reason="PyYAML is not installed")

import yaml

from bench.paths import ROOT
from bench.workload.interface import BadInput
from workloads.bert.quantization import config
from workloads.bert.quantization.config import Recipe
from workloads.bert.quantization.template import QUANTIZATION_YAML


def assert_refused(text: str, *words: str) -> BadInput:
    with pytest.raises(BadInput) as error:
        config.parse_recipe(text)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.remedy
    return error.value


def make_document(key: str, value: object) -> str:
    """A document with one value at a dotted key."""
    for word in reversed(key.split(".")):
        value = {word: value}
    return yaml.safe_dump(value)


def replace_line(line: str, key: str) -> tuple[str, int]:
    """The default document with the line of `key` replaced, and the number of that line."""
    lines = QUANTIZATION_YAML.splitlines()
    at = next(number for number, text in enumerate(lines) if text.strip().startswith(f"{key}:"))
    indent = len(lines[at]) - len(lines[at].lstrip())
    lines[at] = " " * indent + line
    return "\n".join(lines), at + 1


# --- what is taken ---


def test_the_defaults_parse_to_themselves():
    assert config.parse_recipe(QUANTIZATION_YAML) == Recipe()


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\n", "---\n", "null", "~", "model:", "tuning:\n  strategy:\n", "\ufeff"]
)
def test_what_is_not_said_keeps_its_default(text):
    assert config.parse_recipe(text) == Recipe()


def test_the_default_document_shows_every_key():
    shown = []

    def walk(value: object, at: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{at}.{key}" if at else key)
        else:
            shown.append(at)

    walk(yaml.safe_load(QUANTIZATION_YAML), "")
    assert shown == list(config.KEYS)
    assert {key.field for key in config.KEYS.values() if key.field} == {
        field.name for field in dataclasses.fields(Recipe)
    }


SETTINGS = [
    ("quantization.approach", "approach", "smooth_quant"),
    ("quantization.alpha", "alpha", 0.75),
    ("quantization.alpha", "alpha", 0),
    ("quantization.alpha", "alpha", 1),
    ("quantization.calibration.sampling_size", "sampling_size", 1),
    ("quantization.calibration.sampling_size", "sampling_size", 10_000),
    ("quantization.model_wise.weight.granularity", "granularity", "per_tensor"),
    ("tuning.strategy.name", "strategy", "random"),
    ("tuning.strategy.name", "strategy", "bayesian"),
    ("tuning.accuracy_criterion.relative", "relative_loss", 0.25),
    ("tuning.exit_policy.max_trials", "max_trials", 1_000),
    ("tuning.exit_policy.timeout", "timeout", 12.5),
    ("tuning.random_seed", "random_seed", 2**32 - 1),
]


@pytest.mark.parametrize(("key", "field", "value"), SETTINGS)
def test_every_key_can_be_set(key, field, value):
    assert config.parse_recipe(make_document(key, value)) == dataclasses.replace(Recipe(), **{field: value})


def test_no_key_that_can_be_set_is_left_out_above():
    assert {key for key, _, _ in SETTINGS} == {name for name, key in config.KEYS.items() if key.field}


def test_all_that_yaml_may_write_is_read():
    text = "{tuning: {exit_policy: {'max_trials': 0x10, timeout: .5}}, quantization: {approach: !!str smooth_quant}}"
    assert config.parse_recipe(text) == Recipe(max_trials=16, timeout=0.5, approach="smooth_quant")


def test_the_digest_is_of_what_changes_a_conversion():
    def digest(**changes) -> str:
        return dataclasses.replace(Recipe(), **changes).digest()

    same = [{}, {"alpha": 0.1}, {"strategy": "random"}, {"max_trials": 3}, {"timeout": 1.0}, {"random_seed": 5}]
    assert len({digest(**changes) for changes in same}) == 1
    smooth = {"approach": "smooth_quant"}
    assert len({digest(), digest(granularity="per_tensor"), digest(**smooth), digest(**smooth, alpha=0.1)}) == 4


# --- what is refused ---


@pytest.mark.parametrize(
    ("line", "key", "name"),
    [
        ("approach: dynamic", "approach", "quantization.approach is 'dynamic'"),
        ("approach: ", "approach", "quantization.approach is ''"),
        ("approach: [smooth_quant]", "approach", "quantization.approach holds more than one value"),
        ("approach: {name: smooth_quant}", "approach", "quantization.approach holds more than one value"),
        ("alpha: 1.01", "alpha", "quantization.alpha is '1.01'"),
        ("alpha: -0.1", "alpha", "quantization.alpha is '-0.1'"),
        ("alpha: .nan", "alpha", "quantization.alpha is '.nan'"),
        ("alpha: .inf", "alpha", "quantization.alpha is '.inf'"),
        ("alpha: '0.5'", "alpha", "quantization.alpha is '0.5'"),
        ("alpha: true", "alpha", "quantization.alpha is 'true'"),
        ("alpha: 1e999", "alpha", "quantization.alpha is '1e999'"),
        ("sampling_size: 0", "sampling_size", "quantization.calibration.sampling_size is '0'"),
        ("sampling_size: 10001", "sampling_size", "sampling_size is '10001'"),
        ("sampling_size: 100.0", "sampling_size", "sampling_size is '100.0'"),
        ("sampling_size: yes", "sampling_size", "sampling_size is 'yes'"),
        ("sampling_size: 2020-13-45", "sampling_size", "sampling_size is '2020-13-45'"),
        ("sampling_size: 0b", "sampling_size", "sampling_size is '0b'"),
        ("sampling_size: !!int five", "sampling_size", "sampling_size is 'five'"),
        ("granularity: per_group", "granularity", "quantization.model_wise.weight.granularity is 'per_group'"),
        ("algorithm: kl", "algorithm", "quantization.model_wise.weight.algorithm is 'kl'"),
        ("framework: pytorch", "framework", "model.framework is 'pytorch'"),
        ("metric: f1", "metric", "evaluation.accuracy.metric is 'f1'"),
        ("relative: 1%", "relative", "tuning.accuracy_criterion.relative is '1%'"),
        ("relative: 2", "relative", "tuning.accuracy_criterion.relative is '2'"),
        ("max_trials: 0", "max_trials", "tuning.exit_policy.max_trials is '0'"),
        ("max_trials: 99999999999999999999", "max_trials", "max_trials is '99999999999999999999'"),
        ("timeout: -1", "timeout", "tuning.exit_policy.timeout is '-1'"),
        ("timeout: 604801", "timeout", "tuning.exit_policy.timeout is '604801'"),
        ("timeout: 1:30", "timeout", ""),
        ("random_seed: -1", "random_seed", "tuning.random_seed is '-1'"),
        ("random_seed: 4294967296", "random_seed", "tuning.random_seed is '4294967296'"),
        ("trials: 3", "max_trials", "there is no key tuning.exit_policy.trials"),
        ("Max_Trials: 3", "max_trials", "there is no key tuning.exit_policy.Max_Trials"),
        ("? [a, b] : 3", "max_trials", "a key of tuning.exit_policy is no word"),
        ("timeout: 3", "max_trials", "tuning.exit_policy.timeout stands twice"),
        ("<<: {max_trials: 3}", "max_trials", "there is no key tuning.exit_policy.<<"),
        ("max_trials: &few 3", "max_trials", "an anchor (&few)"),
        ("max_trials: *few", "max_trials", "an alias (*few)"),
        ("max_trials: !!python/object/apply:os.system ['true']", "max_trials", "max_trials"),
        ("max_trials: !!python/name:os.system", "max_trials", "max_trials is '' with the tag"),
        ("max_trials: !secret 3", "max_trials", "max_trials is '3' with the tag !secret"),
        ("max_trials: !!binary 3", "max_trials", "max_trials is '3' with the tag"),
        ("max_trials: @3", "max_trials", "not YAML"),
        ("max_trials: '3", "max_trials", "not YAML"),
        ("\tmax_trials: 3", "max_trials", "not YAML"),
        ("max_trials: 3: 4", "max_trials", "not YAML"),
    ],
)
def test_a_wrong_line_is_named_with_its_key(line, key, name):
    text, number = replace_line(line, key)
    if line == "timeout: 1:30":
        # YAML 1.1 counts by sixties.
        assert config.parse_recipe(text).timeout == 90
    elif line == "timeout: 3":
        assert_refused(text, f"line {number + 1}: {name}")
    elif line == "max_trials: '3":
        # The quote is missed where the text ends.
        assert_refused(text, "line ", name)
    else:
        assert_refused(text, f"line {number}: ", name)


@pytest.mark.parametrize("key", config.KEYS)
def test_no_key_takes_a_list_or_keys_of_its_own(key):
    assert_refused(make_document(key, ["basic"]), f"{key} holds more than one value")
    assert_refused(make_document(key, {"name": "basic"}), f"{key} holds more than one value")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quantization: fast", "line 1: quantization must hold keys"),
        ("quantization: [approach]", "line 1: quantization must hold keys"),
        ("just words", "line 1: the configuration must hold keys"),
        ("- model", "line 1: the configuration must hold keys"),
        ("42", "line 1: the configuration must hold keys"),
        ("model:\n  name: a\nmodel:\n  name: b", "line 3: model stands twice"),
        ("models: {}", "line 1: there is no key models"),
        ("model.name: bert\nquantization: {}", "line 1: there is no key model.name"),
        ("tuning.strategy: {name: random}", "line 1: there is no key tuning.strategy"),
        ("null: 3", "line 1: there is no key null"),
        ("? \n: 3", "line 1: there is no key "),
        ("model: {name: a}\n---\nmodel: {name: b}", "line 2: a second document begins"),
        ("---\n---\n", "line 2: a second document begins"),
        ("&all\nmodel: {name: a}", "line 1: the configuration has an anchor (&all)"),
        ("!!python/object/apply:os.system ['true']", "line 1: the configuration has the tag"),
        ("!!python/object/new:os.system {args: ['true']}", "line 1: the configuration has the tag"),
        ("!!set {model, tuning}", "line 1: the configuration has the tag"),
        ("!!omap [model: {name: a}]", "line 1: the configuration must hold keys"),
        ("model: !!python/dict {name: a}", "line 1: model has the tag"),
        ("%YAML 9.9\n---\nmodel:", "not YAML"),
        ("model: {name: a", "not YAML"),
        ("model: \x00", "not YAML"),
        ("model: {name: a\x07}", "not YAML"),
        ("model: {name: \ud800}", "not YAML"),
        ("[" * 10_000, "nested more than 20 deep"),
        ("{a: " * 10_000, "nested more than 20 deep"),
        ("- " * 10_000 + "a", "nested more than 20 deep"),
        ("".join(" " * depth + "a:\n" for depth in range(200)), "nested more than 20 deep"),
        ("#" * (config.MAX_CONFIG_BYTES + 1), "larger than 64 KiB"),
        ("é" * (config.MAX_CONFIG_BYTES // 2 + 1), "larger than 64 KiB"),
        ("\ud800" * config.MAX_CONFIG_BYTES, "larger than 64 KiB"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_configuration_is_refused(text, words):
    assert_refused(text, words)


def test_a_billion_laughs_are_refused_unexpanded():
    laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, other in zip("abcdefgh", "bcdefghi", strict=True):
        laughs.append(f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]")
    assert_refused("\n".join(laughs), "line 1: the configuration has an anchor (&a)")


def test_the_remedy_for_an_unknown_key_lists_those_that_there_are():
    error = assert_refused(
        "tuning:\n  exit_policy:\n    trials: 3\n", "line 3: there is no key tuning.exit_policy.trials"
    )
    assert error.remedy == "The keys are tuning.exit_policy.max_trials, tuning.exit_policy.timeout."
    error = assert_refused("quantization:\n  approach: dynamic\n", "line 2")
    assert error.remedy == "Wanted is post_training_static_quant or smooth_quant."


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{file}]]",
        "model:\n  name: !!python/object/apply:os.system ['touch {file}']",
        "tuning:\n  random_seed: !!python/object/apply:os.system ['touch {file}']",
        "tuning:\n  strategy: !!python/object/new:os.system ['touch {file}']",
        "!!python/object/apply:os.system ['touch {file}']: 3",
        "model: !!python/module:antigravity {file}",
    ],
)
def test_a_configuration_runs_nothing(tmp_path, text):
    file = tmp_path / "touched"
    code = (
        "import sys; from bench.workload.interface import BadInput; from workloads.bert.quantization import config\n"
        "try: config.parse_recipe(sys.argv[1])\n"
        "except BadInput: sys.exit(3)\n"
    )
    given = text.replace("{file}", str(file))
    assert subprocess.run([sys.executable, "-c", code, given], cwd=ROOT).returncode == 3
    assert not file.exists()


@pytest.mark.parametrize(
    "text", ["a: " + "9" * 60_000, "tuning: {random_seed: " + "9" * 60_000 + "}", "- " * 15 + "'" + "x" * 60_000]
)
def test_what_is_large_and_strange_is_refused_in_words_that_can_be_read(text):
    """Python converts no text of so many digits, and nobody reads an error of 60,000 characters."""
    error = assert_refused(text, "line 1: ")
    assert len(str(error)) + len(error.remedy) < 2_000
