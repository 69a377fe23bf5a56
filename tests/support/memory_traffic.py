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


def make_settings(
    tmp_path: Path, case: str = "unit-stride", lever: str = "", cores: int = 1, baseline: str = "", **parameters
) -> Settings:
    """Settings of a case with its defaults, a size of 64 KiB, and `parameters`. The accelerated arm by default."""
    workload, transformation = load_workloads()["memory-traffic"], TRANSFORMATIONS[case]
    defaults = {p.name: p.default for p in workload.parameters_of(workload.case(case))}
    return Settings(
        case,
        lever or transformation.accelerated,
        cores,
        1,
        defaults | {"size": 64} | parameters,
        0,
        tmp_path,
        tmp_path,
        tmp_path,
        baseline=baseline or transformation.baseline,
        accelerated=lever or transformation.accelerated,
    )


def prepare_arm(tmp_path: Path, *args, **parameters) -> tuple[MemoryTraffic, dict[str, Any]]:
    """An arm with the settings of `make_settings`, and what its `prepare` returned."""
    arm = MemoryTraffic(make_settings(tmp_path, *args, **parameters))
    return arm, arm.prepare(lambda text, share=None: None)
