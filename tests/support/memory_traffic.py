"""Helpers for tests of memory traffic: settings and prepared arms."""

from pathlib import Path
from typing import Any

from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from workloads.memory_traffic.arm import MemoryTraffic
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

VERSION_PAIRS = [
    (transformation, version) for transformation in TRANSFORMATIONS.values() for version in transformation.versions
]


def make_settings(tmp_path: Path, lever: str = "after", cores: int = 1, **parameters) -> Settings:
    """Settings with the declared defaults, a size of 64 KiB, and `parameters`."""
    declared = {parameter.name: parameter.default for parameter in load_workloads()["memory-traffic"].parameters}
    return Settings("kernel", lever, cores, 1, declared | {"size": 64} | parameters, 0, tmp_path, tmp_path, tmp_path)


def prepare_arm(tmp_path: Path, *args, **parameters) -> tuple[MemoryTraffic, dict[str, Any]]:
    """An arm with the settings of `make_settings`, and what its `prepare` returned."""
    arm = MemoryTraffic(make_settings(tmp_path, *args, **parameters))
    return arm, arm.prepare(lambda text, share=None: None)
