"""The classes that an arm uses: those of scikit-learn, or of scikit-learn-intelex in the stages that it accelerates."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from bench.workload.interface import Settings
from workloads.documents.catalogue import CLASSIFIERS, KMEANS, REDUCTIONS, TSNE, Estimator
from workloads.estimators import sklearnex_adapter
from workloads.estimators.sklearnex_adapter import PathLog


class Implementations:
    """The estimators of an arm by stage. scikit-learn itself stays as it is: nothing is patched."""

    def __init__(self, settings: Settings, accelerated: frozenset[str]) -> None:
        """`accelerated` are the names of the stages that scikit-learn-intelex does."""
        parameters = settings.parameters
        self.stages: Mapping[str, Estimator] = {
            "reduce": REDUCTIONS[settings.case],
            "classifier": CLASSIFIERS[str(parameters["classifier"])],
            "topics": KMEANS,
            "map": TSNE,
        }
        self.accelerated = accelerated & self.stages.keys()
        self.cores, self.seed = settings.cores, settings.seed
        self._sizes = {
            "reduce": {"n_components": int(parameters["components"])},
            "topics": {"n_clusters": int(parameters["topics"])},
        }
        self.log: PathLog | None = sklearnex_adapter.watch() if self.accelerated else None
        """The log of scikit-learn-intelex; None if no stage uses it."""
        self.classes = {
            stage: _load_class(estimator, stage in self.accelerated) for stage, estimator in self.stages.items()
        }

    def make(self, stage: str, **arguments: Any) -> Any:
        """A new estimator of a stage."""
        return self.classes[stage](**self.list_arguments(stage), **arguments)

    def list_arguments(self, stage: str) -> dict[str, Any]:
        """The arguments that do not depend on the data. Equal in both arms."""
        estimator = self.stages[stage]
        arguments = self._sizes.get(stage, {}) | dict(estimator.arguments)
        if estimator.takes_jobs:
            arguments["n_jobs"] = self.cores
        if estimator.has_seed:
            arguments["random_state"] = self.seed
        return arguments


def _load_class(estimator: Estimator, is_accelerated: bool) -> Any:
    module = estimator.module
    if is_accelerated:
        # The package has the same modules, and leaves scikit-learn alone unless it is asked to patch it.
        module = f"sklearnex{module.removeprefix('sklearn')}"
    return getattr(importlib.import_module(module), estimator.attribute)
