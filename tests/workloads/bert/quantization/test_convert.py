"""Conversions by Neural Compressor: what becomes INT8, the same graph as without the patches, and the cache."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

import tensorflow as tf

from bench.paths import ROOT
from bench.system.cache_entry import ENTRY_FILE, load_or_make, read_entry
from tests.support import tiny_bert
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint, read_checkpoint
from workloads.bert.quantization import convert, graph_cache, inc_adapter
from workloads.bert.quantization.config import QuantizationConfig

WIDE_SHAPE = {"hidden_size": 64, "intermediate_size": 256, "num_attention_heads": 4}
"""Wide enough that weights get stand-ins: those of FP32, and the largest of INT8."""
CONFIGS = {
    "per_channel": QuantizationConfig(),
    "per_tensor": QuantizationConfig(granularity="per_tensor"),
    "smooth_quant": QuantizationConfig(approach="smooth_quant", alpha=0.6),
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


def convert_with_inc(checkpoint: Checkpoint, config: QuantizationConfig, windows: Windows):
    """Return the graph that Neural Compressor makes without the patches from the same graph and configuration."""
    from neural_compressor.tensorflow import SmoothQuantConfig, quantize_model
    from neural_compressor.tensorflow.utils import Model

    def quantize(graph, inc_config):
        model = Model(graph)
        model.input_tensor_names, model.output_tensor_names = list(forward.INPUT_NAMES), list(forward.OUTPUT_NAMES)
        loader = convert.CalibrationLoader(windows)
        return quantize_model(model, inc_config, loader, len(loader)).graph_def

    graph = forward.build_frozen_graph(checkpoint)
    if config.is_smooth:
        graph = quantize(graph, SmoothQuantConfig(alpha=config.alpha))
    return quantize(graph, inc_adapter.make_static_config(config))


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
    """Run in a new process: without the patches, Neural Compressor redirects standard error and leaves files."""
    os.chdir(out)
    checkpoint = read_checkpoint(model_folder)
    for name, config in CONFIGS.items():
        graph = convert_with_inc(checkpoint, config, tiny_bert.make_windows(checkpoint, 23))
        (out / f"{name}.pb").write_bytes(graph.SerializeToString())


@pytest.fixture(scope="module")
def plain(checkpoint, tmp_path_factory) -> Path:
    """The folder of the graphs that Neural Compressor makes without the patches."""
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


@pytest.mark.parametrize("name", CONFIGS)
def test_every_matrix_product_becomes_int8_as_without_the_patches(checkpoint, windows, plain, name):
    progress = tiny_bert.ProgressRecorder()
    ours = convert.quantize_graph(checkpoint, CONFIGS[name], windows, progress)
    theirs = parse_graph((plain / f"{name}.pb").read_bytes())
    assert count_products(ours) == {INT8_OPERATOR: 13}
    nodes, wanted = ({node.name: node for node in graph.node} for graph in (ours, theirs))
    assert nodes.keys() == wanted.keys()
    for node in nodes.values():
        other = wanted[node.name]
        assert (node.op, list(node.input)) == (other.op, list(other.input)), node.name
        if node.op in ("Const", "HostConst"):
            one, two = (tf.make_ndarray(made.attr["value"].tensor) for made in (node, other))
            assert one.dtype == two.dtype and one.shape == two.shape, node.name
            assert np.allclose(one.astype(float), two.astype(float), rtol=1e-5, atol=1e-6), node.name
    read = windows.attention_mask == 1
    int8, fp32 = compute_logits(ours, windows), compute_logits(forward.build_frozen_graph(checkpoint), windows)
    assert np.abs(int8 - compute_logits(theirs, windows)).max() < 1e-6
    # The graph computes what the model does, but in INT8.
    assert 1e-4 < np.abs(int8 - fp32)[:, read].max() < 1.0
    assert np.corrcoef(int8[:, read].ravel(), fp32[:, read].ravel())[0, 1] > 0.98
    assert any(text == "calibrating: 23 of 23 windows read" for text in progress)
    assert any("of Neural Compressor took" in text for text in progress)


def test_the_converted_graph_has_its_weights_and_no_stand_ins(checkpoint, windows):
    """At this width, weights of both types get stand-ins; otherwise the patches would be untested."""
    state = convert.ConversionState()
    graph = convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, state=state)
    types = Counter(tensor.dtype for tensor in state.stand_ins.tensors)
    assert types[tf.float32.as_datatype_enum] >= 12 and types[tf.qint8.as_datatype_enum] >= 2
    kernels = [
        node for node in graph.node if node.op == "Const" and node.attr["dtype"].type == tf.qint8.as_datatype_enum
    ]
    assert len(kernels) == 13
    for node in kernels:
        values = tf.make_ndarray(node.attr["value"].tensor)
        assert len(np.unique(values.astype(int))) > 50 and np.abs(values.astype(int)).max() == 127, node.name


def test_a_fallback_leaves_only_its_operators_in_fp32(checkpoint, windows):
    state = convert.ConversionState()
    operators = convert.list_quantizable_operators(checkpoint)
    for left in (frozenset(operators[1:2]), frozenset(operators[4:9]), frozenset(operators)):
        graph = convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, left, state)
        found = count_products(graph)
        assert found[INT8_OPERATOR] == 13 - len(left)
        assert {node.name for node in graph.node if node.op == "MatMul"} == left
    # With all operators in FP32 the graph computes what the FP32 graph does.
    assert (
        np.abs(compute_logits(graph, windows) - compute_logits(forward.build_frozen_graph(checkpoint), windows)).max()
        < 1e-4
    )


def test_shared_state_does_not_change_other_conversions(checkpoint, windows):
    state = convert.ConversionState()
    fallback = frozenset(convert.list_quantizable_operators(checkpoint)[:3])
    first = convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, frozenset(), state)
    convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, fallback, state)
    again = convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, frozenset(), state)
    assert np.array_equal(compute_logits(first, windows), compute_logits(again, windows))


def test_an_unknown_operator_is_an_error(checkpoint, windows):
    with pytest.raises(ValueError, match="no operator pooler"):
        convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress, frozenset(["pooler"]))


def test_a_conversion_leaves_nothing_in_the_working_folder(checkpoint, windows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    convert.quantize_graph(checkpoint, QuantizationConfig(), windows, ignore_progress)
    assert not list(tmp_path.iterdir())


# --- the cache ---


def find_entry(folder: Path) -> Path:
    return next(file for file in folder.glob("*/graph.pb") if ".draft-" not in file.parent.name)


def find_origin(progress: list[str]) -> str:
    """Return 'cache' or 'conversion', from the progress of a call."""
    cache, conversion = ("comes from the cache" in " ".join(progress)), any("calibrating" in text for text in progress)
    assert cache != conversion
    return "cache" if cache else "conversion"


@pytest.fixture(scope="module")
def filled(checkpoint, windows, tmp_path_factory) -> Path:
    """A cache with one complete entry."""
    folder = tmp_path_factory.mktemp("cache")
    progress = tiny_bert.ProgressRecorder()
    file = graph_cache.load_or_quantize(checkpoint, QuantizationConfig(), windows, folder, progress)
    assert find_origin(progress) == "conversion" and file == find_entry(folder)
    return folder


def get_from_cache(checkpoint, windows, folder, config=None, **options) -> str:
    progress = tiny_bert.ProgressRecorder()
    file = graph_cache.load_or_quantize(
        checkpoint, config or QuantizationConfig(), windows, folder, progress, **options
    )
    assert count_products(parse_graph(file.read_bytes()))[INT8_OPERATOR] > 0
    return find_origin(progress)


def copy_cache(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "cache")


def test_the_cache_is_used_the_second_time_and_by_other_tuning_settings(checkpoint, windows, filled):
    before = find_entry(filled).stat().st_mtime_ns
    assert get_from_cache(checkpoint, windows, filled) == "cache"
    assert (
        get_from_cache(checkpoint, windows, filled, QuantizationConfig(max_trials=3, strategy="random", random_seed=7))
        == "cache"
    )
    assert find_entry(filled).stat().st_mtime_ns == before
    facts = read_entry(find_entry(filled).parent).facts
    assert facts["fallback"] == [] and facts["seconds"] > 0 and facts["model"] == checkpoint.name


def test_another_model_configuration_fallback_or_calibration_is_another_entry(
    checkpoint, windows, tmp_path, monkeypatch
):
    other = tiny_bert.make_checkpoint(tmp_path / "other", seed=1, **WIDE_SHAPE)
    rows = windows[:-1]
    keys = {
        graph_cache._entry_key(checkpoint, QuantizationConfig(), windows, frozenset()),
        graph_cache._entry_key(other, QuantizationConfig(), windows, frozenset()),
        graph_cache._entry_key(checkpoint, CONFIGS["per_tensor"], windows, frozenset()),
        graph_cache._entry_key(checkpoint, CONFIGS["smooth_quant"], windows, frozenset()),
        graph_cache._entry_key(checkpoint, QuantizationConfig(), rows, frozenset()),
        graph_cache._entry_key(checkpoint, QuantizationConfig(), windows, frozenset(["qa_outputs/MatMul"])),
    }
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    keys.add(graph_cache._entry_key(checkpoint, QuantizationConfig(), windows, frozenset()))
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
def test_a_damaged_entry_is_noticed(filled, tmp_path, how):
    folder = copy_cache(filled, tmp_path)
    assert read_entry(find_entry(folder).parent)
    entry = find_entry(folder)
    DAMAGES[how](entry)
    assert read_entry(entry.parent) is None


def test_a_damaged_entry_is_made_again_and_remains_of_a_killed_process_are_removed(
    checkpoint, windows, filled, tmp_path
):
    folder = copy_cache(filled, tmp_path)
    truncate_file(find_entry(folder))
    find_entry(folder).with_name(ENTRY_FILE).write_bytes(b"\xff")
    left = folder / f"{find_entry(folder).parent.name}.draft-killed"
    other = folder / f"{'0' * 64}.draft-another-entry"
    for draft in (left, other):
        draft.mkdir()
        (draft / "graph.pb").write_bytes(b"half")
    with FileLock(folder / f"{'0' * 64}.lock"):
        assert get_from_cache(checkpoint, windows, folder) == "conversion"
        assert get_from_cache(checkpoint, windows, folder) == "cache"
    assert not left.exists()
    assert other.exists(), "a process that holds the lock of another entry may be writing its draft"
    other_graph, graph = (parse_graph(find_entry(where).read_bytes()) for where in (filled, folder))
    assert np.array_equal(compute_logits(other_graph, windows), compute_logits(graph, windows))


def test_an_entry_without_a_graph_is_made_again(checkpoint, windows, filled, tmp_path):
    folder = copy_cache(filled, tmp_path)
    entry = find_entry(folder).parent
    shutil.rmtree(entry)
    load_or_make(entry, lambda draft: {})
    assert get_from_cache(checkpoint, windows, folder) == "conversion"


def test_without_a_usable_cache_a_model_is_quantized_once_into_the_scratch_folder(checkpoint, windows, tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file in place of the folder")
    with pytest.raises(OSError, match="File exists"):
        get_from_cache(checkpoint, windows, blocked)
    progress, scratch = tiny_bert.ProgressRecorder(), tmp_path / "scratch"
    scratch.mkdir()
    file = graph_cache.load_or_quantize(checkpoint, QuantizationConfig(), windows, blocked, progress, scratch=scratch)
    assert count_products(parse_graph(file.read_bytes()))[INT8_OPERATOR] > 0
    assert "not stored, because the cache cannot be used: [Errno " in " ".join(progress)
    assert file.parent == scratch


def test_a_model_that_cannot_be_stored_is_not_quantized_twice(checkpoint, windows, tmp_path, monkeypatch):
    """The limit of a quota is met when the graph is written: after the work of minutes."""

    def refuse(folder: Path, make, **options):
        make(tmp_path / "draft")
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    calls = []

    def count_calls(*arguments):
        calls.append(arguments)
        return convert.quantize_graph(*arguments)

    monkeypatch.setattr(graph_cache, "load_or_make", refuse)
    monkeypatch.setattr(graph_cache, "quantize_graph", count_calls)
    draft, scratch = tmp_path / "draft", tmp_path / "scratch"
    for folder in (draft, scratch):
        folder.mkdir()
    file = graph_cache.load_or_quantize(
        checkpoint, QuantizationConfig(), windows, tmp_path, ignore_progress, scratch=scratch
    )
    assert len(calls) == 1
    assert file.parent == scratch and file.read_bytes() == (draft / file.name).read_bytes()


def fill(model_folder: Path, folder: Path) -> None:
    """Run in a new process: print where the entry came from."""
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
    origins = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(origins) == ["cache", "conversion"]
    assert len(list(tmp_path.glob("*/graph.pb"))) == 1 and not list(tmp_path.glob("*.draft-*"))


def test_what_a_tuning_stores_is_what_the_cache_gives(checkpoint, windows, tmp_path):
    graph = forward.build_frozen_graph(checkpoint)
    stored = graph_cache.store_graph(graph, 1.5, checkpoint, QuantizationConfig(), windows, tmp_path, frozenset())
    progress = tiny_bert.ProgressRecorder()
    assert graph_cache.load_or_quantize(checkpoint, QuantizationConfig(), windows, tmp_path, progress) == stored
    assert find_origin(progress) == "cache"
    # An entry that exists is not replaced.
    before = stored.read_bytes()
    graph_cache.store_graph(
        tf.compat.v1.GraphDef(), 1.5, checkpoint, QuantizationConfig(), windows, tmp_path, frozenset()
    )
    assert stored.read_bytes() == before
