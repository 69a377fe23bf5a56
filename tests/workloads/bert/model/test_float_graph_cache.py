"""Floating-point graphs from the cache: the same bytes, built once for everything that they depend on."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from bench.paths import ROOT
from bench.system.cache_entry import ENTRY_FILE, digest_sources, load_or_make
from tests.support import tiny_bert
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import float_graph_cache, forward, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.model.float_graph_cache import GRAPH_FILE, PREFIX, write_float_graph


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    return tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"))


def write_graph(checkpoint: Checkpoint, cache: Path, file: Path, precision: str = "fp32") -> tuple[bytes, str]:
    """The bytes of the graph, and the texts of its progress."""
    progress = tiny_bert.ProgressRecorder()
    write_float_graph(precision, checkpoint, cache, file, progress)
    return file.read_bytes(), " | ".join(progress)


@pytest.mark.parametrize(
    ("precision", "is_fused", "kind"),
    [("fp32", True, tf.float32), ("fp32-stock", False, tf.float32), ("bf16", True, tf.bfloat16)],
)
def test_a_graph_from_the_cache_has_the_bytes_of_a_new_one(tmp_path, checkpoint, precision, is_fused, kind):
    graph = forward.build_frozen_graph(checkpoint, kind)
    expected = (fusion.fuse_graph(graph) if is_fused else graph).SerializeToString(deterministic=True)
    first, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "first.pb", precision)
    again, progress = write_graph(checkpoint, tmp_path / "cache", tmp_path / "again.pb", precision)
    assert first == again == expected
    assert progress == f"building graph: {precision} comes from the cache"


def test_another_model_or_precision_is_another_entry(tmp_path, checkpoint):
    other = tiny_bert.make_checkpoint(tmp_path / "other", seed=1)
    for model, precision in ((checkpoint, "fp32"), (checkpoint, "bf16"), (other, "fp32")):
        _, progress = write_graph(model, tmp_path / "cache", tmp_path / "graph.pb", precision)
        assert "from the cache" not in progress
    assert len(list((tmp_path / "cache").glob(f"*/{GRAPH_FILE}"))) == 3


def test_the_key_has_the_source_of_the_modules_that_were_imported(tmp_path, checkpoint, monkeypatch):
    key = float_graph_cache._entry_key("fp32", checkpoint)
    changed = tmp_path / "fusion.py"
    changed.write_bytes(Path(fusion.__file__).read_bytes() + b"# changed\n")
    monkeypatch.setattr(fusion, "__file__", str(changed))
    assert float_graph_cache._entry_key("fp32", checkpoint) == key, "the file changed after the import"
    digest = digest_sources(float_graph_cache._SOURCES)
    assert digest != float_graph_cache._SOURCES_SHA256
    monkeypatch.setattr(float_graph_cache, "_SOURCES_SHA256", digest)
    assert float_graph_cache._entry_key("fp32", checkpoint) != key


def test_the_entry_of_another_precision_is_not_used(tmp_path, checkpoint):
    bf16, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "bf16.pb", "bf16")
    [other] = (tmp_path / "cache").glob(f"{PREFIX}*/")
    fp32, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "fp32.pb")
    [entry] = set((tmp_path / "cache").glob(f"{PREFIX}*/")) - {other}
    shutil.rmtree(other)
    shutil.copytree(entry, other)
    again, progress = write_graph(checkpoint, tmp_path / "cache", tmp_path / "bf16.pb", "bf16")
    assert again == bf16 != fp32
    assert "from the cache" not in progress


def test_an_entry_without_a_graph_is_made_again(tmp_path, checkpoint):
    graph, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    [entry] = (tmp_path / "cache").glob(f"{PREFIX}*/")
    shutil.rmtree(entry)
    load_or_make(entry, lambda draft: {})
    again, progress = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    assert again == graph
    assert "cache" not in progress
    assert (entry / GRAPH_FILE).read_bytes() == graph


def block_folder(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.write_text("not a folder")


def block_lock(cache: Path) -> None:
    [lock] = cache.glob("*.lock")
    lock.unlink()
    lock.mkdir()


@pytest.mark.parametrize("block", [block_folder, block_lock])
def test_without_a_usable_cache_a_graph_is_built(tmp_path, checkpoint, block):
    graph, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    block(tmp_path / "cache")
    again, progress = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    assert again == graph
    assert "not cached, because the cache cannot be used: [Errno " in progress


def test_a_graph_that_the_cache_has_no_room_for_is_built_once(tmp_path, checkpoint):
    """A limit of 10 kB for each file is a stand-in for a full disk: writing fails in the same place."""
    script = f"""
import resource, signal
from pathlib import Path
from tests.support import tiny_bert
from tests.workloads.bert.model.test_float_graph_cache import write_graph
from workloads.bert.model import float_graph_cache
from workloads.bert.model.checkpoint import read_checkpoint

class Target(type(Path())):
    def write_bytes(self, data):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return super().write_bytes(data)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
checkpoint = read_checkpoint(Path({str(checkpoint.vocabulary.parent)!r}))
graph, progress = write_graph(checkpoint, Path({str(tmp_path / "cache")!r}), Target({str(tmp_path / "graph.pb")!r}))
print(len(graph), progress)
"""
    graph, _ = write_graph(checkpoint, tmp_path / "other", tmp_path / "other.pb")
    process = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(f"{len(graph)} ")
    assert "not cached, because the cache cannot be used: [Errno 27] File too large" in process.stdout
    assert process.stdout.count("fusing") == 1


def test_a_graph_outlives_its_entry_and_a_later_write_leaves_the_entry_whole(tmp_path, checkpoint):
    file = tmp_path / "graph.pb"
    fp32, _ = write_graph(checkpoint, tmp_path / "cache", file)
    [entry] = (tmp_path / "cache").glob(f"*/{GRAPH_FILE}")
    assert os.path.samefile(entry, file)
    write_graph(checkpoint, tmp_path / "cache", file, "bf16")
    assert entry.read_bytes() == fp32
    write_graph(checkpoint, tmp_path / "cache", file)
    entry.unlink()
    assert graphdef.read_graph(file).node


def test_the_cache_keeps_below_its_limit(tmp_path, checkpoint, monkeypatch):
    fp32, _ = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    [card] = (tmp_path / "cache").glob(f"*/{ENTRY_FILE}")
    os.utime(card, (0, 0))
    monkeypatch.setattr(float_graph_cache, "MAX_CACHE_BYTES", len(fp32))
    write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb", "bf16")
    assert not card.exists()
    assert len(list((tmp_path / "cache").glob(f"*/{ENTRY_FILE}"))) == 1


def test_on_a_disk_that_is_nearly_full_nothing_is_cached(tmp_path, checkpoint, monkeypatch):
    monkeypatch.setattr(float_graph_cache, "MIN_FREE_FACTOR", 10**12)
    graph, progress = write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    assert "not cached, because less than" in progress and graph
    assert not list((tmp_path / "cache").iterdir())


def test_a_graph_from_the_cache_reads_no_weights(checkpoint, tmp_path):
    class Unreadable(dict):
        def __getitem__(self, name: str):
            raise AssertionError(f"{name} was read")

        items = __getitem__

    write_graph(checkpoint, tmp_path / "cache", tmp_path / "graph.pb")
    same = dataclasses.replace(checkpoint, weights=Unreadable())
    assert "from the cache" in write_graph(same, tmp_path / "cache", tmp_path / "graph.pb")[1]
