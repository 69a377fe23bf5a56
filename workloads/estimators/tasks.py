"""The task of the estimators: prepare this machine for a race."""

from __future__ import annotations

import importlib

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from bench.workload.tasks import NoArguments
from workloads.estimators.catalogue import ESTIMATORS


class EstimatorTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Import what the arms import. The system then has the files in memory, and the next process starts sooner."""
        users = dict.fromkeys(estimator.module for estimator in ESTIMATORS.values())
        modules = [*users, "sklearn.datasets", "sklearnex"]
        preparation = Preparation(settings.cache, reporter, len(modules))
        for module in modules:
            with preparation.part(f"importing {module}"):
                importlib.import_module(module)
        return preparation.finish()
