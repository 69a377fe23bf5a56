"""The task of colour quantization: prepare this machine for a race."""

from __future__ import annotations

import importlib

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from bench.workload.tasks import NoArguments

MODULES = ("sklearn.cluster", "sklearn.metrics", "sklearnex.cluster")


class ColourQuantizationTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Import what both arms import. The system then has the files in memory, and the next process starts sooner."""
        preparation = Preparation(settings.cache, reporter, len(MODULES))
        for module in MODULES:
            with preparation.part(f"importing {module}"):
                importlib.import_module(module)
        return preparation.finish()
