"""BERT checkpoints: real folders, good and broken, each refusal with what to do."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors", reason="safetensors is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

import ml_dtypes
import tokenizers
from safetensors.numpy import load_file, save_file

from bench.workload.declaration import BadInput
from tests import bert_models
from workloads.bert.inference import tokenization
from workloads.bert.model import checkpoint

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path) -> Path:
    return bert_models.save(tmp_path / "model")


def restated(folder: Path, **stated) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | stated))


def reweighed(folder: Path, change) -> None:
    """Write the weights again, as `change` leaves them: a dictionary by the file's names."""
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def refused(folder: Path, words: str) -> BadInput:
    with pytest.raises(BadInput, match=words) as error:
        checkpoint.load(str(folder))
    assert error.value.remedy
    return error.value


# --- what is taken ---


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_a_good_folder_is_read_as_it_was_written(tmp_path, kind, tokenizer_json):
    made = checkpoint.load(str(bert_models.save(tmp_path, kind=kind, tokenizer_json=tokenizer_json)))
    assert made.config == bert_models.config()
    assert made.vocabulary.name == ("tokenizer.json" if tokenizer_json else "vocab.txt")
    assert made.trained and made.lowercase
    assert made.bytes_on_disk == (tmp_path / WEIGHTS).stat().st_size
    wanted = bert_models.weights(made.config)
    assert made.weights.keys() == wanted.keys()
    for name, value in made.weights.items():
        assert value.dtype == np.float32 and value.flags.c_contiguous
        assert np.array_equal(value, wanted[name].astype(kind).astype(np.float32)), name
    assert made.config.parameters() == sum(value.size for value in wanted.values())
    assert tokenization.Reader(made).pieces.encode("The River", add_special_tokens=False).tokens == ["the", "river"]


def test_the_names_of_old_checkpoints_are_understood(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "old")

    def rename(tensors):
        for name in [name for name in tensors if "LayerNorm" in name]:
            tensors[name.replace(".weight", ".gamma").replace(".bias", ".beta")] = tensors.pop(name)
        tensors["bert.embeddings.position_ids"] = np.arange(64)
        tensors["bert.pooler.dense.bias"] = np.zeros(32, np.float32)

    reweighed(old, rename)
    assert any(name.endswith("LayerNorm.gamma") for name in load_file(old / WEIGHTS))
    one, other = checkpoint.read(folder), checkpoint.read(old)
    assert all(np.array_equal(one.weights[name], value) for name, value in other.weights.items())
    assert one.digest == other.digest


def test_names_without_the_prefix_bert_are_understood(folder, tmp_path):
    bare = shutil.copytree(folder, tmp_path / "bare")

    def strip(tensors):
        for name in list(tensors):
            tensors[name.removeprefix("bert.")] = tensors.pop(name)

    reweighed(bare, strip)
    assert checkpoint.read(folder).digest == checkpoint.read(bare).digest


def test_a_folder_is_found_by_a_path_with_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert checkpoint.load(f" ~/{folder.name} ").digest == checkpoint.read(folder).digest


def test_a_cased_model_stays_cased(folder):
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    made = checkpoint.read(folder)
    assert not made.lowercase
    assert tokenization.Reader(made).pieces.encode("river River", add_special_tokens=False).tokens == ["river", "[UNK]"]


def test_training_may_start_without_a_head(folder):
    reweighed(folder, lambda tensors: [tensors.pop(name) for name in checkpoint.HEAD])
    assert not set(checkpoint.HEAD) & checkpoint.read(folder, head=False).weights.keys()
    refused(folder, "no question-answering head")


# --- the digest ---


def test_the_digest_is_of_what_the_model_computes(tmp_path):
    def digest(**options) -> str:
        return bert_models.make(tmp_path / "model", **options).digest

    first = digest()
    assert digest() == first
    assert bert_models.make(tmp_path / "elsewhere").digest == first
    assert digest(seed=1) != first
    assert digest(layer_norm_eps=1e-6) != first
    assert digest(num_attention_heads=4) != first


def test_one_weight_changes_the_digest(folder):
    first = checkpoint.read(folder).digest

    def nudge(tensors):
        tensors["qa_outputs.bias"][0] += 1e-3

    reweighed(folder, nudge)
    assert checkpoint.read(folder).digest != first


def test_another_vocabulary_changes_the_digest(folder):
    first = checkpoint.read(folder).digest
    (folder / "vocab.txt").write_text("\n".join([*bert_models.PIECES[:-2], "far", "away"]))
    assert checkpoint.read(folder).digest != first


# --- what is refused ---


@pytest.mark.parametrize("length", [0, 4, 100, -1, -1000])
def test_truncated_weights_are_refused(folder, length):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:length])
    refused(folder, "cannot be read")


def test_weights_that_are_no_safetensors_are_refused(folder):
    (folder / WEIGHTS).write_bytes(b"\xff" * 4096)
    refused(folder, "cannot be read")


def test_a_folder_without_weights_is_refused(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    assert "safetensors" in refused(folder, "no model.safetensors").remedy


@pytest.mark.parametrize("changes", [{"hidden_size": 16}, {"intermediate_size": 32}, {"vocab_size": 5000}])
def test_weights_of_another_shape_than_config_json_are_refused(folder, changes):
    restated(folder, **changes)
    refused(folder, "has shape .* and config.json asks for")


def test_a_missing_layer_is_named(folder):
    restated(folder, num_hidden_layers=3)
    refused(folder, r"lacks encoder.layer.2.attention.self.query.weight and 15 more")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(folder, value):
    def spoil(tensors):
        tensors["bert.encoder.layer.1.output.dense.weight"][3, 4] = value

    reweighed(folder, spoil)
    refused(folder, "encoder.layer.1.output.dense.weight holds values that are no numbers")


def test_weights_beyond_float16_are_refused(folder):
    """float16 ends at 65504: what is larger became infinite when it was saved."""
    tensors = load_file(folder / WEIGHTS)
    tensors["qa_outputs.weight"] *= 1e6
    with np.errstate(over="ignore"):
        save_file({name: value.astype(np.float16) for name, value in tensors.items()}, folder / WEIGHTS)
    refused(folder, "qa_outputs.weight holds values that are no numbers")


def test_bfloat16_is_read_as_what_it_is(folder):
    """NumPy has none of its own: its bits must not be taken for another type's."""
    tensors = load_file(folder / WEIGHTS)
    save_file({name: value.astype(ml_dtypes.bfloat16) for name, value in tensors.items()}, folder / WEIGHTS)
    made = checkpoint.read(folder)
    wanted = bert_models.weights(made.config)
    assert all(np.allclose(value, wanted[name], rtol=2**-8) for name, value in made.weights.items())


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint8, bool])
def test_weights_quantized_by_others_are_refused(folder, kind):
    """Without the scales that stand beside them such numbers mean nothing."""
    tensors = load_file(folder / WEIGHTS)
    save_file({name: value.astype(kind) for name, value in tensors.items()}, folder / WEIGHTS)
    refused(folder, "is of type [IUB]")


BROKEN = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ('{"hidden_size": 32,}', "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("\xff\xfe", "not JSON"),
    ("[]", "no JSON object"),
    ("null", "no JSON object"),
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
    ('{"hidden_size": 32, "num_attention_heads": 5}', "hidden_size 32 is no multiple of num_attention_heads 5"),
    ('{"hidden_size": 32, "num_attention_heads": 64}', "no multiple"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=[repr(text[:40]) for text, _ in BROKEN])
def test_a_config_json_that_is_broken_or_of_another_model_is_refused(folder, text, words):
    (folder / "config.json").write_text(text, encoding="latin-1")
    refused(folder, words)


def test_a_config_json_of_endless_layers_is_refused_soon(folder):
    """Ten million layers have 160 million tensors: their names alone fill the memory."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from bench.workload.declaration import BadInput\n"
        "from workloads.bert import checkpoint\n"
        "try: checkpoint.load(sys.argv[1])\n"
        "except BadInput as error: sys.exit(f'refused: {error}')\n"
    )
    restated(folder, num_hidden_layers=9_999_999)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert "refused: " in done.stderr, done.stderr[-500:]


def test_a_folder_without_config_json_or_vocabulary_is_refused(folder):
    (folder / "vocab.txt").unlink()
    refused(folder, "neither tokenizer.json nor vocab.txt")
    (folder / "config.json").unlink()
    refused(folder, "no config.json")


def test_json_files_too_large_are_refused(folder):
    with (folder / "config.json").open("wb") as file:
        file.truncate(checkpoint.LARGEST_JSON + 1)
    refused(folder, "larger than 16 MiB")


def test_a_model_too_large_is_refused_unread(folder):
    with (folder / WEIGHTS).open("wb") as file:
        file.truncate(checkpoint.LARGEST_MODEL + 1)
    refused(folder, r"has 4\.3 GB")


OTHER_VOCABULARY = tokenizers.Tokenizer(tokenizers.models.WordLevel({"river": 0}, "river")).to_str().encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("vocab.txt", b"\xff\xfe\x00", "is no vocabulary"),
        ("vocab.txt", b"the\nriver\n", "is no vocabulary"),
        ("vocab.txt", "\n".join([*bert_models.PIECES, "more"]).encode(), "word pieces, and the model"),
        ("tokenizer.json", b"{}", "is no vocabulary"),
        ("tokenizer.json", b"not json", "is no vocabulary"),
        ("tokenizer.json", OTHER_VOCABULARY, r"no piece \[CLS\]"),
        ("tokenizer_config.json", b"[", "not JSON"),
    ],
)
def test_a_vocabulary_that_is_none_or_another_models_is_refused(folder, name, content, words):
    (folder / name).write_bytes(content)
    with pytest.raises(BadInput, match=words) as error:
        tokenization.Reader(checkpoint.load(str(folder)))
    assert error.value.remedy


@pytest.mark.parametrize(
    "name", ["/nowhere/at/all", "./nothing", "../nothing", "~/nothing", "nothing", "a/b/c", "", "  "]
)
def test_a_folder_that_is_not_there_is_told(name):
    with pytest.raises(BadInput, match="there is no folder") as error:
        checkpoint.load(name)
    assert checkpoint.SHIPPED in error.value.remedy


# --- the hub ---


def asked_of_the_hub(tmp_path: Path, name: str, **environment: str) -> str:
    """What `load` says of a hub name in a process of its own, with an empty cache."""
    code = (
        "import sys; from bench.workload.declaration import BadInput; from workloads.bert import checkpoint\n"
        "try:\n"
        "    made = checkpoint.load(sys.argv[1], lambda text, share=None: print(text))\n"
        "    print('read', made.digest, 'lowercase', made.lowercase)\n"
        "except BadInput as error: print('refused:', error, '|', error.remedy)\n"
    )
    # A proxy at a closed port is a network that is not there.
    absent = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        cwd=ROOT,
        env=os.environ
        | absent
        | {"HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def hub(folder: Path) -> Iterator[str]:
    """The address of a server that gives the files of `folder` as those of owner/model, as the hub does."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/owner/model/resolve/main/")
            file = folder / name
            if name == self.path or not file.is_file():
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound" if name == self.path else "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = file.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{name}-{len(data)}"')
            self.send_header("X-Repo-Commit", "1" * 40)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
def test_a_hub_model_is_fetched_with_progress_and_then_read_from_the_cache(tmp_path, tokenizer_json):
    folder = bert_models.save(tmp_path / "model", tokenizer_json=tokenizer_json, hidden_size=64)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    made = checkpoint.read(folder)
    with hub(folder) as address:
        told = asked_of_the_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert "fetching owner/model: model.safetensors: " in told
    assert f"read {made.digest} lowercase False" in told
    again = asked_of_the_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert f"read {made.digest} lowercase False" in again
    assert " MB" not in again


def test_a_model_that_the_hub_has_not_is_refused(tmp_path):
    with hub(tmp_path) as address:
        told = asked_of_the_hub(tmp_path, "owner/nothing", HF_ENDPOINT=address)
    assert "refused: the hub gives no config.json for owner/nothing" in told


@pytest.mark.parametrize("missing", ["model.safetensors", "vocab.txt"])
def test_a_hub_model_that_lacks_a_file_is_refused(tmp_path, missing):
    (bert_models.save(tmp_path / "model") / missing).unlink()
    with hub(tmp_path / "model") as address:
        told = asked_of_the_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert "refused: " in told and missing in told.split("refused: ")[1]


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {}], ids=["told to be offline", "no network"])
def test_a_hub_model_that_is_not_cached_is_refused_soon_without_a_network(tmp_path, environment):
    told = asked_of_the_hub(tmp_path, "fairlap-tests/no-such-model", **environment)
    assert "fetching fairlap-tests/no-such-model: config.json" in told
    assert "refused: fairlap-tests/no-such-model is not cached on this machine and the hub cannot be reached" in told
    assert "huggingface-cli download fairlap-tests/no-such-model" in told.split("|")[1]


@pytest.mark.parametrize("name", ["a b/c", "owner/--x", "owner/" + "x" * 200])
def test_what_can_be_no_hub_name_is_refused(tmp_path, name):
    assert "is no name of the Hugging Face hub" in asked_of_the_hub(tmp_path, name)


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
def test_a_hub_model_that_is_cached_is_read_without_a_network(tmp_path, tokenizer_json):
    """The cache as huggingface_hub lays it: refs name the commit, snapshots hold its files."""
    commit = "0" * 40
    cached = tmp_path / "hub" / "hub" / "models--fairlap-tests--small"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit)
    bert_models.save(cached / "snapshots" / commit, tokenizer_json=tokenizer_json)
    code = "import sys; from workloads.bert import checkpoint; print(checkpoint.load(sys.argv[1]).digest)"
    done = subprocess.run(
        [sys.executable, "-c", code, "fairlap-tests/small"],
        cwd=ROOT,
        env=os.environ | {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == checkpoint.read(cached / "snapshots" / commit).digest, done.stderr


# --- untrained shapes and the shipped model ---


def test_the_parameters_of_berts_shapes_are_those_of_the_paper():
    """Devlin et al. 2018: 110 M and 340 M, pooler included, which answers no questions here."""
    assert checkpoint.BASE.parameters() == 108_893_186
    assert checkpoint.LARGE.parameters() == 334_094_338
    assert checkpoint.BASE.head_size == checkpoint.LARGE.head_size == 64


@pytest.mark.skipif(not (checkpoint.ASSETS / checkpoint.SHIPPED).is_dir(), reason="the shipped model is not there")
def test_the_shipped_model_is_a_trained_bert_with_a_vocabulary():
    made = checkpoint.load(checkpoint.SHIPPED)
    assert made.trained and made.name == checkpoint.SHIPPED
    assert tokenization.Reader(made).pieces.get_vocab_size() == made.config.vocab_size
