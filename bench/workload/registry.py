"""The declared workloads: one for each package under `workloads/`, and those that FAIRLAP_EXTRA_WORKLOADS names."""

from __future__ import annotations

import importlib
import os
import pkgutil
from functools import cache
from types import ModuleType

import workloads
from bench.workload.declaration import Workload

EXTRA_WORKLOADS = "FAIRLAP_EXTRA_WORKLOADS"
"""Environment variable: import names of packages with further workloads, separated by commas. Each package holds its
declaration as `WORKLOAD`. Child processes inherit the variable, so arms and tasks find the same workloads."""
LAST = 99
"""Position of a workload that declares no ORDER."""


class ExtraWorkloadError(ValueError):
    """FAIRLAP_EXTRA_WORKLOADS names a package that declares no usable workload."""

    def __init__(self, package: str, problem: str) -> None:
        super().__init__(f"{EXTRA_WORKLOADS}: {package!r} {problem}. Correct or unset the variable.")


@cache
def load_workloads() -> dict[str, Workload]:
    """Every declared workload by its name, in the order in which pages list them. Raises ExtraWorkloadError."""
    ranked: list[tuple[int, str, Workload]] = []
    for module in pkgutil.iter_modules(workloads.__path__):
        package = importlib.import_module(f"workloads.{module.name}")
        ranked.append(_rank(package, package.WORKLOAD))
    names = {name for _, name, _ in ranked}
    for package_name in filter(None, map(str.strip, os.environ.get(EXTRA_WORKLOADS, "").split(","))):
        package = _import_extra(package_name)
        workload = getattr(package, "WORKLOAD", None)
        if not isinstance(workload, Workload):
            raise ExtraWorkloadError(package_name, "has no attribute WORKLOAD that is a Workload")
        if workload.name in names:
            raise ExtraWorkloadError(package_name, f"declares {workload.name!r}, which another workload is called")
        names.add(workload.name)
        ranked.append(_rank(package, workload))
    return {name: workload for _, name, workload in sorted(ranked, key=lambda entry: entry[:2])}


def _rank(package: ModuleType, workload: Workload) -> tuple[int, str, Workload]:
    return getattr(package, "ORDER", LAST), workload.name, workload


def _import_extra(package_name: str) -> ModuleType:
    try:
        return importlib.import_module(package_name)
    except (ImportError, TypeError, ValueError) as error:
        # TypeError and ValueError: names that are relative or empty, such as ".x".
        raise ExtraWorkloadError(package_name, f"cannot be imported ({error})") from error
