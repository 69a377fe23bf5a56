"""Checkpoints in several files, of other libraries and architectures, and pointers in place of files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors", reason="safetensors is not installed")

import ml_dtypes
from safetensors.numpy import load_file, save_file

from bench.paths import ROOT
from bench.workload.interface import BadInput
from tests.support import tiny_bert
from workloads.bert.model import checkpoint
from workloads.bert.model.checkpoint_files import INDEX_FILE, OTHER_WEIGHTS, WEIGHTS_FILE

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 435755784\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tiny_bert.save_model(tmp_path / "model")


def assert_refused(folder: Path, words: str) -> BadInput:
    """By the check before the queue, and by reading, with the same words."""
    with pytest.raises(BadInput, match=words) as checked:
        checkpoint.check_checkpoint(str(folder))
    with pytest.raises(BadInput, match=words):
        checkpoint.load_checkpoint(str(folder))
    assert checked.value.remedy
    return checked.value


def test_weights_in_several_files_are_those_of_one_file(folder):
    whole = checkpoint.read_checkpoint(folder)
    tiny_bert.split_weights(folder)
    checkpoint.check_checkpoint(str(folder))
    parts = checkpoint.read_checkpoint(folder)
    assert parts.digest == whole.digest
    assert list(parts.weights) == list(whole.weights)
    assert all(np.array_equal(value, whole.weights[name]) for name, value in parts.weights.items())


def test_a_missing_part_is_named(folder):
    tiny_bert.split_weights(folder)[1].unlink()
    assert_refused(folder, "names model-00002-of-00003.safetensors, which is not in")


def test_a_part_that_is_a_pointer_is_named(folder):
    tiny_bert.split_weights(folder)[2].write_bytes(POINTER)
    assert "git lfs pull" in assert_refused(folder, "model-00003-of-00003.safetensors is a pointer of Git LFS").remedy


def test_tensors_that_no_part_has_are_named(folder):
    files = tiny_bert.split_weights(folder)
    tensors = load_file(files[0])
    lost = next(name for name in tensors if "attention" in name)
    save_file({name: value for name, value in tensors.items() if name != lost}, files[0])
    assert_refused(folder, f"the 3 weight files in .* lack {lost.removeprefix('bert.')}")


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ({}, "no object 'weight_map'"),
        ({"weight_map": {}}, "no object 'weight_map'"),
        ({"weight_map": ["model.safetensors"]}, "no object 'weight_map'"),
        ({"weight_map": {"a": "../other/model.safetensors"}}, "in the same folder"),
        ({"weight_map": {"a": "/etc/passwd"}}, "in the same folder"),
        ({"weight_map": {"a": "pytorch_model-00001.bin"}}, "expected a safetensors file"),
        ({"weight_map": {"a": 7}}, "names 7"),
    ],
)
def test_an_index_that_names_no_files_of_the_folder_is_refused(folder, index, words):
    tiny_bert.split_weights(folder)
    (folder / INDEX_FILE).write_text(json.dumps(index))
    assert_refused(folder, words)


@pytest.mark.parametrize("name", OTHER_WEIGHTS)
def test_weights_of_other_libraries_are_named_with_what_to_do(folder, name):
    (folder / WEIGHTS_FILE).rename(folder / name)
    library, remedy = OTHER_WEIGHTS[name]
    assert assert_refused(folder, f"weights of {library} only").remedy == remedy


@pytest.mark.parametrize(
    ("name", "words", "remedy"),
    [
        ("model.gguf", r"weights of llama.cpp \(model.gguf\)", "was made from"),
        ("best.pt", r"weights of PyTorch \(best.pt\)", "save_pretrained"),
        ("adapter_config.json", "has an adapter", "merge_and_unload"),
        ("model-00001-of-00001.safetensors", f"in parts .* but no {INDEX_FILE}", "Add model.safetensors.index.json"),
        ("weights.safetensors", "has weights.safetensors, but no model.safetensors", "Rename weights.safetensors"),
    ],
)
def test_weights_with_other_names_are_named_with_what_to_do(folder, name, words, remedy):
    (folder / WEIGHTS_FILE).rename(folder / name)
    assert remedy in assert_refused(folder, words).remedy


@pytest.mark.parametrize("name", ["adapter_config.json", "model.gguf"])
def test_a_folder_without_config_json_is_called_what_it_is(folder, name):
    (folder / WEIGHTS_FILE).rename(folder / name)
    (folder / "config.json").unlink()
    assert_refused(folder, f"{name}.*, no config.json")


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.module."])
def test_prefixes_of_wrappers_are_accepted(folder, prefix):
    first = checkpoint.read_checkpoint(folder).digest
    tensors = load_file(folder / WEIGHTS_FILE)
    save_file({f"{prefix}{name}": value for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    assert checkpoint.read_checkpoint(folder).digest == first
    both = tensors | {f"{prefix}qa_outputs.bias": tensors["qa_outputs.bias"]}
    save_file(both, folder / WEIGHTS_FILE)
    assert_refused(folder, "has qa_outputs.bias twice")


def test_a_head_is_not_missed_if_more_is_missing(folder):
    tensors = load_file(folder / WEIGHTS_FILE)
    kept = {name: value for name, value in tensors.items() if "embeddings" in name}
    save_file(kept, folder / WEIGHTS_FILE)
    assert_refused(folder, "lacks encoder.layer.0")


def test_bfloat16_is_read_in_a_process_that_imports_nothing_else(folder):
    tensors = load_file(folder / WEIGHTS_FILE)
    save_file({name: value.astype(ml_dtypes.bfloat16) for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    code = (
        "import sys\nfrom pathlib import Path\nfrom workloads.bert.model import checkpoint\n"
        "print(checkpoint.read_checkpoint(Path(sys.argv[1])).digest)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == checkpoint.read_checkpoint(folder).digest, done.stderr[-500:]


def test_a_folder_without_any_weights_is_refused(folder):
    (folder / WEIGHTS_FILE).unlink()
    assert_refused(folder, "has no model.safetensors")


@pytest.mark.parametrize("name", [WEIGHTS_FILE, "config.json", "vocab.txt", "tokenizer.json"])
def test_a_pointer_of_git_lfs_is_named(folder, name):
    (folder / name).write_bytes(POINTER)
    assert "git lfs pull" in assert_refused(folder, f"{name} is a pointer of Git LFS").remedy


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "roberta"}, "'roberta' model, not a BERT: it reads byte-pair pieces"),
        ({"model_type": "distilbert"}, "'distilbert' model, not a BERT: it reads no segments"),
        ({"model_type": "albert"}, "not a BERT: all its layers share"),
        ({"model_type": "gpt2"}, "'gpt2' model, not a BERT$"),
        ({"model_type": ["bert"]}, "not a BERT"),
        ({"model_type": None, "architectures": ["RobertaForQuestionAnswering"]}, "not a BERT"),
    ],
)
def test_other_architectures_are_named(folder, config, words):
    tiny_bert.save_model(folder, config=config)
    assert "model_type 'bert'" in assert_refused(folder, words).remedy


def test_old_files_name_the_architecture_by_its_class(folder):
    content = json.loads((folder / "config.json").read_text())
    del content["model_type"]
    (folder / "config.json").write_text(json.dumps(content | {"architectures": ["BertForQuestionAnswering"]}))
    checkpoint.check_checkpoint(str(folder))
    (folder / "config.json").write_text(json.dumps(content | {"architectures": ["RobertaForQuestionAnswering"]}))
    assert_refused(folder, "'roberta' model, not a BERT")


def test_a_byte_pair_vocabulary_and_a_missing_one_are_told_apart(folder):
    (folder / "vocab.txt").unlink()
    assert "save_pretrained" in assert_refused(folder, "neither tokenizer.json nor vocab.txt").remedy
    (folder / "vocab.json").write_text("{}")
    assert_refused(folder, "byte-pair vocabulary of another architecture")


def test_a_missing_head_and_wrong_shapes_are_found_before_the_weights_are_read(folder):
    tensors = load_file(folder / WEIGHTS_FILE)
    save_file({name: value for name, value in tensors.items() if "qa_outputs" not in name}, folder / WEIGHTS_FILE)
    assert_refused(folder, "no question-answering head")
    save_file(tensors | {"qa_outputs.weight": np.zeros((3, 32), np.float32)}, folder / WEIGHTS_FILE)
    assert_refused(folder, r"qa_outputs.weight has shape \(3, 32\), but config.json requires \(2, 32\)")


def test_names_that_are_no_folders_are_not_checked():
    for name in ("fairlap-minilm-squad", "bert-base-untrained", "owner/model"):
        checkpoint.check_checkpoint(name)
