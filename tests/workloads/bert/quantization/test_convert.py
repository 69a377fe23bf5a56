"""Conversions by Neural Compressor: what becomes INT8, the same graph as without our speed-ups, and the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

import tensorflow as tf
from tensorflow.python.framework import tensor_util

from bench.paths import ROOT
from bench.system.cache_entry import ENTRY_FILE, read_entry
from tests.support import tiny_bert
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint, read_checkpoint
from workloads.bert.quantization import convert, graph_cache, inc_patches
from workloads.bert.quantization.config import Recipe

WIDE_SHAPE = {"hidden_size": 64, "intermediate_size": 256, "num_attention_heads": 4}
"""Wide enough that its weights get stand-ins, in FP32 and the largest in INT8 too."""
RECIPES = {
    "per_channel": Recipe(),
    "per_tensor": Recipe(granularity="per_tensor"),
    "smooth_quant": Recipe(approach="smooth_quant", alpha=0.6),
}
INT8_OPERATOR = "QuantizedMatMulWithBiasAndDequantize"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    return tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"), **WIDE_SHAPE)


@pytest.fixture(scope="module")
def windows(checkpoint) -> Windows:
    return tiny_bert.make_windows(checkpoint, 23)


def ignore_progress(text: str, share: float | None = None) -> None:
    pass


def count_products(graph) -> Counter[str]:
    return Counter(node.op for node in graph.node if "MatMul" in node.op and "Batch" not in node.op)


def compute_logits(graph, windows: Windows) -> np.ndarray:
    engine = InferenceSession(graph, 1)
    try:
        return np.stack(engine.compute_logits(windows, 8))
    finally:
        engine.close()


def convert_with_inc(checkpoint: Checkpoint, recipe: Recipe, windows: Windows):
    """What Neural Compressor makes by itself of the same graph with the same configuration."""
    from neural_compressor.tensorflow import SmoothQuantConfig, quantize_model
    from neural_compressor.tensorflow.utils import Model

    def converted(graph, config):
        wrapped = Model(graph)
        wrapped.input_tensor_names, wrapped.output_tensor_names = list(forward.INPUT_NAMES), list(forward.OUTPUT_NAMES)
        loader = convert.CalibrationLoader(windows)
        return quantize_model(wrapped, config, loader, len(loader)).graph_def

    graph = forward.build_frozen_graph(checkpoint)
    if recipe.smooth:
        graph = converted(graph, SmoothQuantConfig(alpha=recipe.alpha))
    return converted(graph, convert.build_static_config(recipe))


def start_process(call: str, tmp_path: Path) -> subprocess.Popen:
    code = f"from pathlib import Path; from {__name__} import fill, write_plain; {call}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def write_plain(model_folder: Path, out: Path) -> None:
    """For a process of its own: Neural Compressor takes standard error for itself, and leaves files behind."""
    os.chdir(out)
    checkpoint = read_checkpoint(model_folder)
    for name, recipe in RECIPES.items():
        graph = convert_with_inc(checkpoint, recipe, tiny_bert.make_windows(checkpoint, 23))
        (out / f"{name}.pb").write_bytes(graph.SerializeToString())


@pytest.fixture(scope="module")
def plain(checkpoint, tmp_path_factory) -> Path:
    """The folder of Neural Compressor's own graphs."""
    out = tmp_path_factory.mktemp("plain")
    call = f"write_plain(Path({str(checkpoint.vocabulary.parent)!r}), Path({str(out)!r}))"
    process = start_process(call, out)
    process.communicate()
    assert process.returncode == 0
    return out


def parse_graph(data: bytes):
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(data)
    return graph


# --- conversion ---


def test_the_operators_are_the_matrix_products_of_the_model(checkpoint):
    found = convert.list_quantizable_operators(checkpoint)
    parts = [f"attention/{name}" for name in ("self/query", "self/key", "self/value", "output/dense")]
    wanted = [
        (f"encoder/layer/{number}/", f"{part}/MatMul")
        for number in (0, 1)
        for part in (*parts, "intermediate/dense", "output/dense")
    ]
    assert len(found) == 13 and found[-1] == "qa_outputs/MatMul"
    for name, (begin, end) in zip(found, wanted, strict=False):
        assert name.startswith(begin) and name.endswith(end)
    assert {node.name for node in forward.build_frozen_graph(checkpoint).node if node.op == "MatMul"} == set(found)


@pytest.mark.parametrize("name", RECIPES)
def test_every_matrix_product_becomes_int8_as_without_the_speed_ups(checkpoint, windows, plain, name):
    told = tiny_bert.ProgressRecorder()
    ours = convert.quantize_graph(checkpoint, RECIPES[name], windows, told)
    theirs = parse_graph((plain / f"{name}.pb").read_bytes())
    assert count_products(ours) == {INT8_OPERATOR: 13}
    nodes, wanted = ({node.name: node for node in graph.node} for graph in (ours, theirs))
    assert nodes.keys() == wanted.keys()
    for node in nodes.values():
        other = wanted[node.name]
        assert (node.op, list(node.input)) == (other.op, list(other.input)), node.name
        if node.op in ("Const", "HostConst"):
            one, two = (tensor_util.MakeNdarray(made.attr["value"].tensor) for made in (node, other))
            assert one.dtype == two.dtype and one.shape == two.shape, node.name
            assert np.allclose(one.astype(float), two.astype(float), rtol=1e-5, atol=1e-6), node.name
    read = windows.attention_mask == 1
    int8, fp32 = compute_logits(ours, windows), compute_logits(forward.build_frozen_graph(checkpoint), windows)
    assert np.abs(int8 - compute_logits(theirs, windows)).max() < 1e-6
    # It computes what the model does, but in INT8.
    assert 1e-4 < np.abs(int8 - fp32)[:, read].max() < 1.0
    assert np.corrcoef(int8[:, read].ravel(), fp32[:, read].ravel())[0, 1] > 0.98
    assert any(text == "calibration: 23 of 23 windows read" for text in told)
    assert any(text.startswith("Neural Compressor: ") for text in told)


def test_weights_of_a_conversion_stand_in_the_graph_and_not_their_stand_ins(checkpoint, windows):
    """At this width both kinds get stand-ins; the speed-ups would be untested else."""
    kept = inc_patches.ConversionState()
    graph = convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, kept=kept)
    types = Counter(tensor.dtype for tensor in kept.stand_ins.tensors)
    assert types[tf.float32.as_datatype_enum] >= 12 and types[tf.qint8.as_datatype_enum] >= 2
    kernels = [
        node for node in graph.node if node.op == "Const" and node.attr["dtype"].type == tf.qint8.as_datatype_enum
    ]
    assert len(kernels) == 13
    for node in kernels:
        values = tensor_util.MakeNdarray(node.attr["value"].tensor)
        assert len(np.unique(values.astype(int))) > 50 and np.abs(values.astype(int)).max() == 127, node.name


def test_a_fallback_leaves_just_what_it_names_in_fp32(checkpoint, windows):
    kept = inc_patches.ConversionState()
    operators = convert.list_quantizable_operators(checkpoint)
    for left in (frozenset(operators[1:2]), frozenset(operators[4:9]), frozenset(operators)):
        graph = convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, left, kept)
        found = count_products(graph)
        assert found[INT8_OPERATOR] == 13 - len(left)
        assert {node.name for node in graph.node if node.op == "MatMul"} == left
    # All in FP32 is FP32.
    assert (
        np.abs(compute_logits(graph, windows) - compute_logits(forward.build_frozen_graph(checkpoint), windows)).max()
        < 1e-4
    )


def test_what_is_kept_of_a_conversion_changes_no_other(checkpoint, windows):
    kept = inc_patches.ConversionState()
    fallback = frozenset(convert.list_quantizable_operators(checkpoint)[:3])
    first = convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, frozenset(), kept)
    convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, fallback, kept)
    again = convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, frozenset(), kept)
    assert np.array_equal(compute_logits(first, windows), compute_logits(again, windows))


def test_an_operator_that_is_none_is_an_error(checkpoint, windows):
    with pytest.raises(ValueError, match="no operator pooler"):
        convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress, frozenset(["pooler"]))


def test_a_conversion_leaves_nothing_in_the_working_folder(checkpoint, windows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    convert.quantize_graph(checkpoint, Recipe(), windows, ignore_progress)
    assert not list(tmp_path.iterdir())


# --- the cache ---


def find_entry(folder: Path) -> Path:
    return next(file for file in folder.glob("*/graph.pb") if ".draft-" not in file.parent.name)


def find_origin(told: list[str]) -> str:
    """'cache' or 'conversion', from what a call told."""
    cache, conversion = ("comes from the cache" in " ".join(told)), any("calibration" in text for text in told)
    assert cache != conversion
    return "cache" if cache else "conversion"


@pytest.fixture(scope="module")
def filled(checkpoint, windows, tmp_path_factory) -> Path:
    """A cache with one whole entry."""
    folder = tmp_path_factory.mktemp("cache")
    told = tiny_bert.ProgressRecorder()
    file = graph_cache.load_or_quantize(checkpoint, Recipe(), windows, folder, told)
    assert find_origin(told) == "conversion" and file == find_entry(folder)
    return folder


def get_from_cache(checkpoint, windows, folder, recipe=None, **options) -> str:
    told = tiny_bert.ProgressRecorder()
    file = graph_cache.load_or_quantize(checkpoint, recipe or Recipe(), windows, folder, told, **options)
    assert count_products(parse_graph(file.read_bytes()))[INT8_OPERATOR] > 0
    return find_origin(told)


def copy_cache(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "cache")


def test_the_second_time_comes_from_the_cache_and_of_what_tunes_alone_too(checkpoint, windows, filled):
    before = find_entry(filled).stat().st_mtime_ns
    assert get_from_cache(checkpoint, windows, filled) == "cache"
    assert (
        get_from_cache(checkpoint, windows, filled, Recipe(max_trials=3, strategy="random", random_seed=7)) == "cache"
    )
    assert find_entry(filled).stat().st_mtime_ns == before
    facts = read_entry(find_entry(filled).parent).facts
    assert facts["fallback"] == [] and facts["seconds"] > 0 and facts["model"] == checkpoint.name


def test_another_model_recipe_fallback_or_calibration_is_another_entry(checkpoint, windows, tmp_path, monkeypatch):
    other = tiny_bert.make_checkpoint(tmp_path / "other", seed=1, **WIDE_SHAPE)
    rows = Windows(**{name: getattr(windows, name)[:-1] for name in Windows.__slots__})
    keys = {
        graph_cache._entry_key(checkpoint, Recipe(), windows, frozenset()),
        graph_cache._entry_key(other, Recipe(), windows, frozenset()),
        graph_cache._entry_key(checkpoint, RECIPES["per_tensor"], windows, frozenset()),
        graph_cache._entry_key(checkpoint, RECIPES["smooth_quant"], windows, frozenset()),
        graph_cache._entry_key(checkpoint, Recipe(), rows, frozenset()),
        graph_cache._entry_key(checkpoint, Recipe(), windows, frozenset(["qa_outputs/MatMul"])),
    }
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    keys.add(graph_cache._entry_key(checkpoint, Recipe(), windows, frozenset()))
    assert len(keys) == 7


def truncate_file(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


DAMAGES = {
    "graph truncated": lambda file: truncate_file(file),
    "graph empty": lambda file: file.write_bytes(b""),
    "graph gone": lambda file: file.unlink(),
    "one bit flipped": flip_byte,
    "card gone": lambda file: file.with_name(ENTRY_FILE).unlink(),
    "card garbage": lambda file: file.with_name(ENTRY_FILE).write_bytes(b"\xff\x00{"),
    "card truncated": lambda file: truncate_file(file.with_name(ENTRY_FILE)),
    "card of another kind": lambda file: file.with_name(ENTRY_FILE).write_text("[1]"),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_spoiled_entry_is_noticed(filled, tmp_path, how):
    folder = copy_cache(filled, tmp_path)
    assert read_entry(find_entry(folder).parent)
    entry = find_entry(folder)
    DAMAGES[how](entry)
    assert read_entry(entry.parent) is None


def test_a_spoiled_entry_is_made_again_and_what_a_killed_process_left_is_removed(checkpoint, windows, filled, tmp_path):
    folder = copy_cache(filled, tmp_path)
    truncate_file(find_entry(folder))
    find_entry(folder).with_name(ENTRY_FILE).write_bytes(b"\xff")
    left = folder / f"{find_entry(folder).parent.name}.draft-killed"
    other = folder / f"{'0' * 64}.draft-another-entry"
    for draft in (left, other):
        draft.mkdir()
        (draft / "graph.pb").write_bytes(b"half")
    assert get_from_cache(checkpoint, windows, folder) == "conversion"
    assert get_from_cache(checkpoint, windows, folder) == "cache"
    assert not left.exists()
    assert other.exists(), "another entry's, which its own process may be writing"
    other_graph, graph = (parse_graph(find_entry(where).read_bytes()) for where in (filled, folder))
    assert np.array_equal(compute_logits(other_graph, windows), compute_logits(graph, windows))


def fill(model_folder: Path, folder: Path) -> None:
    """For a process of its own: says how it came by the entry."""
    checkpoint = read_checkpoint(model_folder)
    windows = tiny_bert.make_windows(checkpoint, 23)
    print("ready", flush=True)
    while not (folder / "go").exists():
        time.sleep(0.01)
    print(get_from_cache(checkpoint, windows, folder), flush=True)


def test_of_two_processes_at_once_one_converts(checkpoint, tmp_path):
    call = f"fill(Path({str(checkpoint.vocabulary.parent)!r}), Path({str(tmp_path)!r}))"
    both = [start_process(call, tmp_path) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    said = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["cache", "conversion"]
    assert len(list(tmp_path.glob("*/graph.pb"))) == 1 and not list(tmp_path.glob("*.draft-*"))


def test_what_a_tuning_stores_is_what_the_cache_gives(checkpoint, windows, tmp_path):
    graph = forward.build_frozen_graph(checkpoint)
    stored = graph_cache.store_graph(graph, 1.5, checkpoint, Recipe(), windows, tmp_path, frozenset())
    told = tiny_bert.ProgressRecorder()
    assert graph_cache.load_or_quantize(checkpoint, Recipe(), windows, tmp_path, told) == stored
    assert find_origin(told) == "cache"
    # What stands there already stays.
    before = stored.read_bytes()
    graph_cache.store_graph(tf.compat.v1.GraphDef(), 1.5, checkpoint, Recipe(), windows, tmp_path, frozenset())
    assert stored.read_bytes() == before
