"""TODO: bench.workload.registry.load_workloads."""

from __future__ import annotations

import importlib.util
import pkgutil
from functools import cache

import workloads
from bench.workload.declaration import Workload


@cache
def load_workloads() -> dict[str, Workload]:
    """Every declared workload by its name, in the order in which pages list them."""

    found = []
    for module in pkgutil.iter_modules(workloads.__path__):
        declared = importlib.import_module(f"workloads.{module.name}")
        found.append((getattr(declared, "ORDER", 99), declared.WORKLOAD))
    return {workload.name: workload for _, workload in sorted(found, key=lambda pair: (pair[0], pair[1].name))}


def workload_title(workload: str) -> str:
    known = load_workloads().get(workload)
    return known.title if known else workload
