"""Changed declarations of the trial workload, for single tests."""

from dataclasses import replace

from bench.workload.declaration import LeverValue
from bench.workload.registry import load_workloads


def add_missing_extra(monkeypatch) -> None:
    """The trial workload has a third setting, an extra that is not installed."""
    trial = load_workloads()["trial"]
    extra = LeverValue("rare", "Rare", packages=("no_such_package",), extra="rare-package")
    changed = replace(trial, lever=replace(trial.lever, values=(*trial.lever.values, extra)))
    monkeypatch.setitem(load_workloads(), "trial", changed)
