"""Observed kernels: one pass is enough for the same graph, processor, versions and settings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from bench.system.cache_entry import load_or_make
from tests.support import tiny_bert
from workloads.bert.model import forward, fusion
from workloads.bert.profiling import evidence, observed_kernels, profile
from workloads.bert.profiling.kernels import KernelTotals
from workloads.bert.profiling.observed_kernels import KERNELS_FILE

ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "1"}
KERNEL = KernelTotals("inner_product", "brgemm:avx512_core", "f32", "fp32", "mb8ic4oc4", "", 13.0, 1.5, 0.1, 0.25, 256)


@pytest.fixture
def observe(tmp_path, monkeypatch) -> Callable[..., tuple[Any, bool]]:
    """`observe_kernels` for a file that is no graph: a stand-in for the pass returns `KERNEL`."""
    graph = tmp_path / "graph.pb"
    graph.write_bytes(b"a graph")
    windows = tiny_bert.make_windows(tiny_bert.make_checkpoint(tmp_path / "model"), count=4)
    monkeypatch.setattr(profile, "profile_one_pass", lambda *_, **__: (KERNEL,))

    def observe(**changes: Any) -> tuple[Any, bool]:
        options = {"threads": 1, "batch": 4, "environment": ENVIRONMENT} | changes
        return observed_kernels.observe_kernels(
            graph, windows, cache=tmp_path / "cache", progress=tiny_bert.ProgressRecorder(), **options
        )

    return observe


def find_kernel_files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").glob(f"*/{KERNELS_FILE}"))


def test_the_second_observation_comes_from_the_cache(observe):
    first, second = observe(), observe()
    assert (first[1], second[1]) == (False, True)
    assert first[0] == second[0]
    assert second[0].kernels == (KERNEL,)


def test_an_entry_without_kernels_is_observed_again(observe, tmp_path):
    first = observe()
    [file] = find_kernel_files(tmp_path)
    shutil.rmtree(file.parent)
    load_or_make(file.parent, lambda draft: {})
    assert observe() == first


@pytest.mark.parametrize(
    "changes", [{"threads": 2}, {"batch": 2}, {"environment": ENVIRONMENT | {"ONEDNN_MAX_CPU_ISA": "AVX2"}}]
)
def test_another_setting_is_observed_again(observe, changes):
    observe()
    assert observe(**changes)[1] is False


def test_another_graph_is_observed_again(observe, tmp_path):
    observe()
    (tmp_path / "graph.pb").write_bytes(b"another graph")
    assert observe()[1] is False


def test_another_variable_of_the_user_is_observed_again(observe, monkeypatch):
    observe()
    monkeypatch.setenv("DNNL_MAX_CPU_ISA", "AVX2")
    assert observe()[1] is False


def test_another_processor_is_observed_again(observe, monkeypatch):
    observe()
    monkeypatch.setattr(observed_kernels, "_identify_processor", lambda: ["model name : another"])
    assert observe()[1] is False


def test_the_processor_is_identified_by_model_and_instruction_sets():
    fields = {line.partition(":")[0].strip() for line in observed_kernels._identify_processor()}
    assert {"model name", "flags"} <= fields
    assert "cpu MHz" not in fields, "it changes all the time"


def test_a_damaged_entry_is_observed_again(observe, tmp_path):
    observe()
    [file] = find_kernel_files(tmp_path)
    file.write_bytes(b"{")
    observation, is_cached = observe()
    assert not is_cached
    assert observation.kernels == (KERNEL,)


def test_a_failed_pass_is_not_cached(observe, monkeypatch, tmp_path):
    def fail(*_: Any, **__: Any) -> None:
        raise profile.ProfileError("no log")

    with monkeypatch.context() as patch:
        patch.setattr(profile, "profile_one_pass", fail)
        with pytest.raises(profile.ProfileError):
            observe()
    assert not find_kernel_files(tmp_path)
    assert observe()[1] is False


def test_cached_evidence_says_when_it_was_observed(tmp_path):
    """The kernels of a real graph: from a process of its own, then from the cache."""
    checkpoint = tiny_bert.make_checkpoint(tmp_path / "model")
    graph = tmp_path / "graph.pb"
    graph.write_bytes(fusion.fuse_graph(forward.build_frozen_graph(checkpoint)).SerializeToString())
    progress = tiny_bert.ProgressRecorder()

    def collect() -> Any:
        return evidence.collect_inference_evidence(
            "fp32",
            graph,
            tiny_bert.make_windows(checkpoint, count=4),
            threads=1,
            batch=4,
            environment=ENVIRONMENT,
            cache=tmp_path / "cache",
            progress=progress,
        )

    observed = collect()
    assert any(word.startswith("oneDNN ran: 13 × inner_product") for word in observed.words)
    assert "evidence: one batch with oneDNN's log of kernels" in progress
    progress.clear()
    cached = collect()
    assert cached.words[:-1] == observed.words
    assert cached.words[-1].endswith("in a run of the same graph, on this processor and these versions")
    assert "evidence: one batch with oneDNN's log of kernels" not in progress
    assert cached.model_copy(update={"words": observed.words}) == observed
