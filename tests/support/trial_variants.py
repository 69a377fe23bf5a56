"""Changed declarations of the trial workload, for single tests."""

from dataclasses import replace
from typing import Any

from bench.values.arms import BaselineKind
from bench.workload.levers import LeverValue
from bench.workload.registry import load_workloads


def replace_trial(monkeypatch, **fields: Any) -> None:
    """Change the declaration of the trial workload for one test."""
    monkeypatch.setitem(load_workloads(), "trial", replace(load_workloads()["trial"], **fields))


def replace_trial_case(monkeypatch, **fields: Any) -> None:
    """Change the only case of the trial workload for one test."""
    replace_trial(monkeypatch, cases=(replace(load_workloads()["trial"].default_case, **fields),))


def add_missing_extra(monkeypatch) -> None:
    """The trial workload has a third setting, an extra that is not installed."""
    trial = load_workloads()["trial"]
    packages = ("no_such_package",)
    extra = LeverValue("rare", "Rare", BaselineKind.LIBRARY, packages=packages, optional=True, extra="rare-package")
    replace_trial(monkeypatch, lever=replace(trial.lever, values=(*trial.lever.values, extra)))
