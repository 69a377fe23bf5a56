"""BERT checkpoints: valid and broken folders. Each refusal says what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors", reason="safetensors is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

import ml_dtypes
import tokenizers
from safetensors.numpy import load_file, save_file

from bench.paths import ROOT
from bench.workload.interface import BadInput
from tests.support import tiny_bert
from workloads.bert.inference import tokenization
from workloads.bert.model import architecture, checkpoint, checkpoint_files

WEIGHTS_FILE = "model.safetensors"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tiny_bert.save_model(tmp_path / "model")


def update_config(folder: Path, **stated) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | stated))


def update_weights(folder: Path, change) -> None:
    """Apply `change` to the dictionary of tensors by their stored names, and write them again."""
    tensors = load_file(folder / WEIGHTS_FILE)
    change(tensors)
    save_file(tensors, folder / WEIGHTS_FILE)


def assert_refused(folder: Path, words: str) -> BadInput:
    with pytest.raises(BadInput, match=words) as error:
        checkpoint.load_checkpoint(str(folder))
    assert error.value.remedy
    return error.value


# --- what is accepted ---


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_a_valid_folder_is_read_as_it_was_written(tmp_path, kind, tokenizer_json):
    made = checkpoint.load_checkpoint(str(tiny_bert.save_model(tmp_path, kind=kind, tokenizer_json=tokenizer_json)))
    assert made.config == tiny_bert.make_config()
    assert made.vocabulary.name == ("tokenizer.json" if tokenizer_json else "vocab.txt")
    assert made.trained and made.casing.lowercase
    wanted = tiny_bert.make_weights(made.config)
    assert made.weights.keys() == wanted.keys()
    for name, value in made.weights.items():
        assert value.dtype == np.float32 and value.flags.c_contiguous
        assert np.array_equal(value, wanted[name].astype(kind).astype(np.float32)), name
    assert made.config.parameters() == sum(value.size for value in wanted.values())
    assert tokenization.WindowTokenizer(made).tokenizer.encode("The River", add_special_tokens=False).tokens == [
        "the",
        "river",
    ]


def test_the_names_of_old_checkpoints_are_accepted(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "old")

    def rename(tensors):
        for name in [name for name in tensors if "LayerNorm" in name]:
            tensors[name.replace(".weight", ".gamma").replace(".bias", ".beta")] = tensors.pop(name)
        tensors["bert.embeddings.position_ids"] = np.arange(64)
        tensors["bert.pooler.dense.bias"] = np.zeros(32, np.float32)

    update_weights(old, rename)
    assert any(name.endswith("LayerNorm.gamma") for name in load_file(old / WEIGHTS_FILE))
    one, other = checkpoint.read_checkpoint(folder), checkpoint.read_checkpoint(old)
    assert all(np.array_equal(one.weights[name], value) for name, value in other.weights.items())
    assert one.digest == other.digest


def test_names_without_the_prefix_bert_are_accepted(folder, tmp_path):
    bare = shutil.copytree(folder, tmp_path / "bare")

    def strip(tensors):
        for name in list(tensors):
            tensors[name.removeprefix("bert.")] = tensors.pop(name)

    update_weights(bare, strip)
    assert checkpoint.read_checkpoint(folder).digest == checkpoint.read_checkpoint(bare).digest


def test_a_folder_is_found_by_a_path_with_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert checkpoint.load_checkpoint(f" ~/{folder.name} ").digest == checkpoint.read_checkpoint(folder).digest


def test_a_cased_model_stays_cased(folder):
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    made = checkpoint.read_checkpoint(folder)
    assert not made.casing.lowercase
    assert tokenization.WindowTokenizer(made).tokenizer.encode("river River", add_special_tokens=False).tokens == [
        "river",
        "[UNK]",
    ]


def test_training_may_start_without_a_head(folder):
    update_weights(folder, lambda tensors: [tensors.pop(name) for name in architecture.HEAD_TENSORS])
    assert not set(architecture.HEAD_TENSORS) & checkpoint.read_checkpoint(folder, head=False).weights.keys()
    assert_refused(folder, "no question-answering head")


# --- the digest ---


def test_the_digest_depends_on_shape_and_weights(tmp_path):
    def digest(**options) -> str:
        return tiny_bert.make_checkpoint(tmp_path / "model", **options).digest

    first = digest()
    assert digest() == first
    assert tiny_bert.make_checkpoint(tmp_path / "elsewhere").digest == first
    assert digest(seed=1) != first
    assert digest(layer_norm_eps=1e-6) != first
    assert digest(num_attention_heads=4) != first


def test_one_weight_changes_the_digest(folder):
    first = checkpoint.read_checkpoint(folder).digest

    def nudge(tensors):
        tensors["qa_outputs.bias"][0] += 1e-3

    update_weights(folder, nudge)
    assert checkpoint.read_checkpoint(folder).digest != first


def test_another_vocabulary_changes_the_digest(folder):
    first = checkpoint.read_checkpoint(folder).digest
    (folder / "vocab.txt").write_text("\n".join([*tiny_bert.PIECES[:-2], "far", "away"]))
    assert checkpoint.read_checkpoint(folder).digest != first


# --- what is refused ---


@pytest.mark.parametrize("length", [0, 4, 100, -1, -1000])
def test_truncated_weights_are_refused(folder, length):
    data = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(data[:length])
    assert_refused(folder, "cannot be read")


def test_weights_in_another_format_are_refused(folder):
    (folder / WEIGHTS_FILE).write_bytes(b"\xff" * 4096)
    assert_refused(folder, "cannot be read")


def test_a_folder_without_weights_is_refused(folder):
    (folder / WEIGHTS_FILE).rename(folder / "pytorch_model.bin")
    assert "safetensors" in assert_refused(folder, "no model.safetensors").remedy


@pytest.mark.parametrize("changes", [{"hidden_size": 16}, {"intermediate_size": 32}, {"vocab_size": 5000}])
def test_weights_of_another_shape_than_config_json_are_refused(folder, changes):
    update_config(folder, **changes)
    assert_refused(folder, "has shape .* but config.json requires")


def test_a_missing_layer_is_named(folder):
    update_config(folder, num_hidden_layers=3)
    assert_refused(folder, r"lacks encoder.layer.2.attention.self.query.weight and 15 more")


@pytest.mark.parametrize("name", ["bert.encoder.layer.2.output.dense.bias", "bert.embeddings.extra", "dense.weight"])
def test_a_tensor_that_would_not_be_computed_is_refused(folder, name):
    update_weights(folder, lambda tensors: tensors.update({name: np.zeros(32, np.float32)}))
    assert_refused(folder, f"have {name}, which a BERT with this config.json does not use")


def test_layers_beyond_those_of_config_json_are_refused(folder):
    update_config(folder, num_hidden_layers=1)
    assert_refused(folder, r"encoder.layer.1.\S+ and 15 more, which a BERT with this config.json does not use")


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"is_decoder": True}, "is_decoder is True"), ({"quantization_config": {"bits": 4}}, "has a quantization_config")],
)
def test_a_model_that_computes_otherwise_is_refused(folder, changes, words):
    update_config(folder, **changes)
    assert_refused(folder, words)


def test_a_vocabulary_with_fewer_pieces_than_the_model_is_named(folder):
    assert not tokenization.WindowTokenizer(checkpoint.read_checkpoint(folder)).shortage
    (folder / "vocab.txt").write_text("\n".join(tiny_bert.PIECES[:90]) + "\n")
    shortage = tokenization.WindowTokenizer(checkpoint.read_checkpoint(folder)).shortage
    assert shortage == f"vocabulary of 90 of {len(tiny_bert.PIECES)} word pieces"


def test_heads_of_other_tasks_are_ignored(folder):
    first = checkpoint.read_checkpoint(folder).digest
    extra = {name: np.zeros(3, np.float32) for name in ("cls.predictions.bias", "classifier.bias", "bert.pooler.dense")}
    update_weights(folder, lambda tensors: tensors.update(extra))
    update_config(folder, is_decoder=False, quantization_config=None)
    assert checkpoint.read_checkpoint(folder).digest == first


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(folder, value):
    def set_value(tensors):
        tensors["bert.encoder.layer.1.output.dense.weight"][3, 4] = value

    update_weights(folder, set_value)
    assert_refused(folder, "encoder.layer.1.output.dense.weight holds values that are infinite or not numbers")


def test_weights_beyond_float16_are_refused(folder):
    """The largest float16 is 65504: larger weights become infinite when they are saved."""
    tensors = load_file(folder / WEIGHTS_FILE)
    tensors["qa_outputs.weight"] *= 1e6
    with np.errstate(over="ignore"):
        save_file({name: value.astype(np.float16) for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    assert_refused(folder, "qa_outputs.weight holds values that are infinite or not numbers")


def test_bfloat16_is_read_with_its_values(folder):
    """NumPy has no bfloat16: its bits must not be read as another type."""
    tensors = load_file(folder / WEIGHTS_FILE)
    save_file({name: value.astype(ml_dtypes.bfloat16) for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    made = checkpoint.read_checkpoint(folder)
    wanted = tiny_bert.make_weights(made.config)
    assert all(np.allclose(value, wanted[name], rtol=2**-8) for name, value in made.weights.items())


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint8, bool])
def test_quantized_weights_are_refused(folder, kind):
    """Their values have no meaning without their scales."""
    tensors = load_file(folder / WEIGHTS_FILE)
    save_file({name: value.astype(kind) for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    assert_refused(folder, "is of type [IUB]")


INVALID_CONFIGS = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ('{"hidden_size": 32,}', "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("\xff\xfe", "not JSON"),
    ("[]", "does not contain a JSON object"),
    ("null", "does not contain a JSON object"),
    ('{"model_type": "distilbert"}', "'distilbert' model, not a BERT"),
    ('{"model_type": null}', "not a BERT"),
    ('{"hidden_act": "relu"}', "activation 'relu'"),
    ('{"position_embedding_type": "relative_key"}', "relative positions"),
    ('{"hidden_size": "32"}', "hidden_size is '32'"),
    ('{"hidden_size": 0}', "hidden_size is 0"),
    ('{"hidden_size": -32}', "hidden_size is -32"),
    ('{"hidden_size": 32.0}', r"hidden_size is 32\.0"),
    ('{"num_hidden_layers": true}', "num_hidden_layers is True"),
    ('{"num_hidden_layers": null}', "num_hidden_layers is None"),
    ('{"vocab_size": 1e400}', "vocab_size is inf"),
    ('{"layer_norm_eps": NaN}', "layer_norm_eps is nan"),
    ('{"vocab_size": 99999999999999999999}', "vocab_size is 9999"),
    ('{"hidden_size": 32, "num_attention_heads": 5}', "hidden_size 32 is not a multiple of num_attention_heads 5"),
    ('{"hidden_size": 32, "num_attention_heads": 64}', "not a multiple"),
]


@pytest.mark.parametrize(("text", "words"), INVALID_CONFIGS, ids=[repr(text[:40]) for text, _ in INVALID_CONFIGS])
def test_a_config_json_that_is_invalid_or_of_another_model_is_refused(folder, text, words):
    (folder / "config.json").write_text(text, encoding="latin-1")
    assert_refused(folder, words)


def test_a_config_json_with_millions_of_layers_is_refused_at_once(folder):
    """The names of the 160 million tensors of ten million layers would not fit in memory."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from bench.workload.interface import BadInput\n"
        "from workloads.bert.model import checkpoint\n"
        "try: checkpoint.load_checkpoint(sys.argv[1])\n"
        "except BadInput as error: sys.exit(f'refused: {error}')\n"
    )
    update_config(folder, num_hidden_layers=9_999_999)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert "refused: " in done.stderr, done.stderr[-500:]


def test_a_folder_without_config_json_or_vocabulary_is_refused(folder):
    (folder / "vocab.txt").unlink()
    assert_refused(folder, "neither tokenizer.json nor vocab.txt")
    (folder / "config.json").unlink()
    assert_refused(folder, "no config.json")


def test_json_files_too_large_are_refused(folder):
    with (folder / "config.json").open("wb") as file:
        file.truncate(checkpoint_files.MAX_JSON_BYTES + 1)
    assert_refused(folder, "larger than 16 MiB")


def test_a_model_too_large_is_refused_unread(folder):
    with (folder / WEIGHTS_FILE).open("wb") as file:
        file.truncate(checkpoint_files.MAX_MODEL_BYTES + 1)
    assert_refused(folder, r"have 4 GiB")


OTHER_VOCABULARY = tokenizers.Tokenizer(tokenizers.models.WordLevel({"river": 0}, "river")).to_str().encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("vocab.txt", b"\xff\xfe\x00", "is not a valid vocabulary"),
        ("vocab.txt", b"the\nriver\n", "is not a valid vocabulary"),
        ("vocab.txt", "\n".join([*tiny_bert.PIECES, "more"]).encode(), "word pieces, but the model"),
        ("tokenizer.json", b"{}", "is not a valid vocabulary"),
        ("tokenizer.json", b"not json", "is not a valid vocabulary"),
        ("tokenizer.json", OTHER_VOCABULARY, r"no word piece \[CLS\]"),
        ("tokenizer_config.json", b"[", "not JSON"),
    ],
)
def test_a_vocabulary_that_is_invalid_or_of_another_model_is_refused(folder, name, content, words):
    (folder / name).write_bytes(content)
    with pytest.raises(BadInput, match=words) as error:
        tokenization.WindowTokenizer(checkpoint.load_checkpoint(str(folder)))
    assert error.value.remedy


@pytest.mark.parametrize(
    "name", ["/nowhere/at/all", "./nothing", "../nothing", "~/nothing", "nothing", "a/b/c", "", "  "]
)
def test_a_missing_folder_is_refused(name):
    with pytest.raises(BadInput, match="there is no folder") as error:
        checkpoint.load_checkpoint(name)
    assert architecture.SHIPPED_MODEL in error.value.remedy


# --- untrained shapes and the shipped model ---


def test_the_numbers_of_parameters_are_those_of_the_paper():
    """Devlin et al. 2018: 110 M and 340 M, with the pooler, which question answering does not use."""
    assert architecture.BASE.parameters() == 108_893_186
    assert architecture.LARGE.parameters() == 334_094_338
    assert architecture.BASE.head_size == architecture.LARGE.head_size == 64


def test_untrained_weights_are_drawn_when_they_are_read_and_always_the_same(monkeypatch):
    monkeypatch.setitem(checkpoint.UNTRAINED_MODELS, "small-untrained", tiny_bert.make_config())
    first, second = (checkpoint.make_untrained("small-untrained") for _ in range(2))
    assert not vars(first.weights).keys() & {"_arrays"}
    assert {name: value.shape for name, value in first.weights.items()} == first.config.shapes()
    assert all(np.array_equal(second.weights[name], value) for name, value in first.weights.items())
    assert 0.015 < first.weights["embeddings.word_embeddings.weight"].std() < 0.025


@pytest.mark.skipif(
    not (checkpoint.MODELS_FOLDER / architecture.SHIPPED_MODEL).is_dir(), reason="the shipped model is missing"
)
def test_the_shipped_model_is_a_trained_bert_with_a_vocabulary():
    made = checkpoint.load_checkpoint(architecture.SHIPPED_MODEL)
    assert made.trained and made.name == architecture.SHIPPED_MODEL
    assert tokenization.WindowTokenizer(made).tokenizer.get_vocab_size() == made.config.vocab_size
