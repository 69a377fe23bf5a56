"""The YAML configuration of a quantization: what is accepted, and what is refused with line, key and remedy."""

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
from workloads.bert.quantization.config import QuantizationConfig
from workloads.bert.quantization.template import QUANTIZATION_YAML


def assert_refused(text: str, *words: str) -> BadInput:
    with pytest.raises(BadInput) as error:
        config.parse_config(text)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.remedy
    return error.value


def make_document(key: str, value: object) -> str:
    """Return a document with one value at a dotted key."""
    for word in reversed(key.split(".")):
        value = {word: value}
    return yaml.safe_dump(value)


def replace_line(line: str, key: str) -> tuple[str, int]:
    """Return the default document with the line of `key` replaced, and the number of that line."""
    lines = QUANTIZATION_YAML.splitlines()
    at = next(number for number, text in enumerate(lines) if text.strip().startswith(f"{key}:"))
    indent = len(lines[at]) - len(lines[at].lstrip())
    lines[at] = " " * indent + line
    return "\n".join(lines), at + 1


# --- what is accepted ---


def test_the_defaults_parse_to_themselves():
    assert config.parse_config(QUANTIZATION_YAML) == QuantizationConfig()


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\n", "---\n", "null", "~", "model:", "tuning:\n  strategy:\n", "\ufeff"]
)
def test_missing_keys_keep_their_defaults(text):
    assert config.parse_config(text) == QuantizationConfig()


def test_the_default_document_shows_every_key():
    shown = []

    def walk(value: object, at: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{at}.{key}" if at else key)
        else:
            shown.append(at)

    walk(yaml.safe_load(QUANTIZATION_YAML), "")
    assert shown == config.list_keys()
    assert {field for _, field, _ in SETTINGS} == {field.name for field in dataclasses.fields(QuantizationConfig)}


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
    ("tuning.exit_policy.timeout", "timeout_s", 12.5),
    ("tuning.random_seed", "random_seed", 2**32 - 1),
]


@pytest.mark.parametrize(("key", "field", "value"), SETTINGS)
def test_every_key_can_be_set(key, field, value):
    assert config.parse_config(make_document(key, value)) == dataclasses.replace(QuantizationConfig(), **{field: value})


def test_no_key_that_can_be_set_is_left_out_above():
    """The other keys have one value that is allowed, or a name that nothing depends on."""
    fixed = {"model.name", "model.framework", "evaluation.accuracy.metric"}
    fixed |= {f"quantization.model_wise.{tensor}.algorithm" for tensor in ("weight", "activation")}
    assert {key for key, _, _ in SETTINGS} == set(config.list_keys()) - fixed


def test_other_notations_of_yaml_are_read():
    text = "{tuning: {exit_policy: {'max_trials': 0x10, timeout: .5}}, quantization: {approach: !!str smooth_quant}}"
    assert config.parse_config(text) == QuantizationConfig(max_trials=16, timeout_s=0.5, approach="smooth_quant")


def test_the_digest_depends_on_what_changes_a_conversion():
    def digest(**changes) -> str:
        return dataclasses.replace(QuantizationConfig(), **changes).digest()

    same = [{}, {"alpha": 0.1}, {"strategy": "random"}, {"max_trials": 3}, {"timeout_s": 1.0}, {"random_seed": 5}]
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
        ("sampling_size: 0100", "sampling_size", "sampling_size is '0100', which YAML reads as 64"),
        ("relative: 1e-2", "relative", "is '1e-2', which YAML reads as text, because it has no decimal point"),
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
        ("? [a, b] : 3", "max_trials", "a key of tuning.exit_policy is not a word"),
        ("timeout: 3", "max_trials", "tuning.exit_policy.timeout is given twice"),
        ("<<: {max_trials: 3}", "max_trials", "there is no key tuning.exit_policy.<<"),
        ("max_trials: &few 3", "max_trials", "an anchor (&few)"),
        ("max_trials: *few", "max_trials", "an alias (*few)"),
        ("max_trials: !!python/object/apply:os.system ['true']", "max_trials", "max_trials"),
        ("max_trials: !!python/name:os.system", "max_trials", "max_trials is '' with the tag"),
        ("max_trials: !secret 3", "max_trials", "max_trials is '3' with the tag !secret"),
        ("max_trials: !!binary 3", "max_trials", "max_trials is '3' with the tag"),
        ("max_trials: !!timestamp x", "max_trials", "max_trials is 'x' with the tag"),
        ("max_trials: !!bool x", "max_trials", "max_trials is 'x' with the tag"),
        ("max_trials: !!int ''", "max_trials", "max_trials is '' with the tag"),
        ("max_trials: @3", "max_trials", "not YAML"),
        ("max_trials: '3", "max_trials", "not YAML"),
        ("\tmax_trials: 3", "max_trials", "not YAML"),
        ("max_trials: 3: 4", "max_trials", "not YAML"),
    ],
)
def test_an_invalid_line_is_named_with_its_key(line, key, name):
    text, number = replace_line(line, key)
    if line == "timeout: 1:30":
        # YAML 1.1 has numbers to the base 60.
        assert config.parse_config(text).timeout_s == 90
    elif line == "timeout: 3":
        second = max(at for at, other in enumerate(text.splitlines(), 1) if other.strip().startswith("timeout:"))
        assert_refused(text, f"line {second}: {name}")
    elif line == "max_trials: '3":
        # YAML notices the missing quote at the end of the text.
        assert_refused(text, "line ", name)
    else:
        assert_refused(text, f"line {number}: ", name)


@pytest.mark.parametrize("key", config.list_keys())
def test_no_value_is_a_list_or_a_mapping(key):
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
        ("model:\n  name: a\nmodel:\n  name: b", "line 3: model is given twice"),
        ("models: {}", "line 1: there is no key models"),
        ("model.name: bert\nquantization: {}", "line 1: there is no key model.name"),
        ("tuning.strategy: {name: random}", "line 1: there is no key tuning.strategy"),
        ("null: 3", "line 1: there is no key null"),
        ('"\u202emodel\u200b": 3', r"line 1: there is no key \u202emodel\u200b"),
        ("? \n: 3", "line 1: there is no key "),
        ("model: {name: a}\n---\nmodel: {name: b}", "line 2: a second document begins"),
        ("---\n---\n", "line 2: a second document begins"),
        ("&all\nmodel: {name: a}", "line 1: the configuration has an anchor (&all)"),
        ("!!python/object/apply:os.system ['true']", "line 1: the configuration has the tag"),
        ("!!python/object/new:os.system {args: ['true']}", "line 1: the configuration has the tag"),
        ("!!set {model, tuning}", "line 1: the configuration has the tag"),
        ("!!omap [model: {name: a}]", "line 1: the configuration has the tag tag:yaml.org,2002:omap, which"),
        ("model: !!python/dict {name: a}", "line 1: model has the tag"),
        ("%YAML 9.9\n---\nmodel:", "not YAML"),
        ("model: {name: a", "not YAML"),
        ("model: \x00", "not YAML"),
        ("model: {name: a\x07}", "not YAML"),
        ("model: {name: \ud800}", "not YAML"),
        ("[" * 10_000, "the nesting is deeper than 20 levels"),
        ("{a: " * 4_000, "the nesting is deeper than 20 levels"),
        ("- " * 8_000 + "a", "the nesting is deeper than 20 levels"),
        ("".join(" " * depth + "a:\n" for depth in range(170)), "the nesting is deeper than 20 levels"),
        ("#" * (config.MAX_CONFIG_BYTES + 1), "larger than 16 KiB"),
        ("é" * (config.MAX_CONFIG_BYTES // 2 + 1), "larger than 16 KiB"),
        ("\ud800" * config.MAX_CONFIG_BYTES, "larger than 16 KiB"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_anything_but_a_configuration_is_refused(text, words):
    assert_refused(text, words)


def test_a_billion_laughs_attack_is_refused_unexpanded():
    laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, other in zip("abcdefgh", "bcdefghi", strict=True):
        laughs.append(f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]")
    assert_refused("\n".join(laughs), "line 1: the configuration has an anchor (&a)")


def test_the_remedy_lists_the_known_keys_or_the_accepted_values():
    error = assert_refused(
        "tuning:\n  exit_policy:\n    trials: 3\n", "line 3: there is no key tuning.exit_policy.trials"
    )
    assert error.remedy == "Did you mean max_trials? The keys of tuning.exit_policy are max_trials, timeout."
    error = assert_refused("quantization:\n  approach: dynamic\n", "line 2")
    assert error.remedy == "Expected post_training_static_quant or smooth_quant."
    error = assert_refused("tuning:\n  exit_policy:\n    max_trials: 0\n", "line 3")
    assert error.remedy == "Expected an integer from 1 to 1,000."
    error = assert_refused("quantization: {model_wise: {weight: {algorithm: kl}}}", "line 1")
    assert error.remedy.startswith("Expected minmax, the only algorithm that Neural Compressor 3.10 has")


def test_of_several_errors_the_first_in_the_text_is_named():
    text = "tuning:\n  random_seed: -1\nquantization:\n  alpha: 3\n  no_key: 1\n"
    assert_refused(text, "line 2: tuning.random_seed is '-1'")


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
        "try: config.parse_config(sys.argv[1])\n"
        "except BadInput: sys.exit(3)\n"
    )
    given = text.replace("{file}", str(file))
    assert subprocess.run([sys.executable, "-c", code, given], cwd=ROOT).returncode == 3
    assert not file.exists()


@pytest.mark.parametrize(
    "text", ["a: " + "9" * 16_000, "tuning: {random_seed: " + "9" * 16_000 + "}", "- " * 15 + "'" + "x" * 16_000]
)
def test_messages_about_large_values_are_short(text):
    """Python refuses to convert so many digits, and nobody reads an error of 16,000 characters."""
    error = assert_refused(text, "line 1: ")
    assert len(str(error)) + len(error.remedy) < 2_000
