"""The adapters of Modin, Ray and Dask: untested versions are refused, and partitions, objects and processes are
found."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from bench.paths import ROOT
from bench.workload.library_guard import UnsupportedLibrary
from tests.support.modin import needs_dask, needs_ray
from workloads.modin.engines import dask_adapter, modin_adapter, ray_adapter
from workloads.modin.engines.errors import EngineFault


@pytest.mark.parametrize(
    "load",
    [lambda: modin_adapter.load_modin("Ray", 1), ray_adapter.load_ray.__wrapped__, dask_adapter.load_distributed],
    ids=["modin", "ray", "distributed"],
)
def test_an_untested_version_is_refused_before_the_library_is_imported(monkeypatch, load):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1")
    with pytest.raises(UnsupportedLibrary, match=r"0\.1 is installed") as refusal:
        load()
    assert "pip install" in refusal.value.remedy


@needs_ray
def test_the_installed_modin_and_ray_are_tested_versions():
    assert modin_adapter.GUARD.require_version()
    assert ray_adapter.GUARD.require_version()


@needs_ray
def test_a_ray_that_starts_its_services_by_other_methods_is_refused(tmp_path, monkeypatch):
    node_class = importlib.import_module("ray._private.node").Node
    monkeypatch.delattr(node_class, "start_log_monitor")
    with pytest.raises(UnsupportedLibrary, match=r"has no ray\._private\.node:Node\.start_log_monitor"):
        ray_adapter.start_local_ray(
            cores=1, object_store_bytes=1, folder=tmp_path, spill_folder=tmp_path, max_pause_ms=1
        )


@needs_dask
def test_the_installed_dask_is_a_tested_version():
    assert dask_adapter.GUARD.require_version()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("The current node timed out during startup.", EngineFault, "did not start, in 2 attempts"),
        ("another problem", RuntimeError, "another problem"),
    ],
)
def test_a_ray_that_does_not_start_in_time_is_reported_with_a_remedy(tmp_path, monkeypatch, text, error, message):
    def fail_to_start(**_):
        raise RuntimeError(text)

    monkeypatch.setattr(ray_adapter, "load_ray", lambda: SimpleNamespace(init=fail_to_start))
    with pytest.raises(error, match=message) as failure:
        ray_adapter.start_local_ray(
            cores=1, object_store_bytes=1, folder=tmp_path, spill_folder=tmp_path, max_pause_ms=1
        )
    assert error is RuntimeError or failure.value.remedy


OBSERVATIONS_SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np, psutil
from workloads.modin.engines import modin_adapter, ray_adapter
from workloads.modin.engines.ray_engine import LocalRayEngine
engine = LocalRayEngine(2, 1 << 20, Path(sys.argv[1]), lambda text, share=None: None)
before = ray_adapter.read_stored_bytes()
frame = engine.pd.DataFrame({"a": np.arange(100_000.0), "b": 1.0})
result, execution = engine.observe(lambda: frame * 2, frame)
places = ray_adapter.locate_objects(modin_adapter.partition_references(result))
services = ray_adapter.list_session_services()
print(json.dumps({
    "is_frame": [modin_adapter.is_frame(value) for value in (frame, frame["a"], 1, engine.to_pandas(frame))],
    "grid": modin_adapter.partition_grid(frame),
    "references": len(modin_adapter.partition_references(frame)),
    "of_a_number": len(modin_adapter.partition_references(1)),
    "stored": ray_adapter.read_stored_bytes() - before,
    "workers": execution.active_workers,
    "worker_count": len(engine._worker_cpu_times_s()),
    "places": [[len(place.node_ids), place.size_bytes, place.spilled] for place in places.values()],
    "nodes": [[node.is_alive, node.cores] for node in ray_adapter.list_nodes()],
    "services": sorted(service.name() for service in services),
    "managers": sum(ray_adapter.is_node_process(one, node.id) for one in services for node in ray_adapter.list_nodes()),
    "value": float(engine.to_pandas(result)["a"].iloc[-1]),
}))
"""


@needs_ray
def test_partitions_objects_nodes_and_processes_are_seen(tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", OBSERVATIONS_SCRIPT, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert process.returncode == 0, process.stderr
    seen = json.loads(process.stdout.splitlines()[-1])
    assert seen["is_frame"] == [True, True, False, False]
    assert seen["grid"] == [2, 1]
    assert (seen["references"], seen["of_a_number"]) == (2, 0)
    assert seen["stored"] > 100_000 * 8
    assert seen["workers"] >= 1
    assert seen["worker_count"] == 2, "one per core, and none more when this process joined"
    assert all(nodes == 1 and size > 100_000 and not spilled for nodes, size, spilled in seen["places"])
    assert seen["nodes"] == [[True, 2.0]]
    assert seen["services"] == ["gcs_server", "raylet"]
    assert seen["managers"] == 1
    assert seen["value"] == 2 * 99_999
