"""The measurement of pandas to Modin: the size from which on a call gains."""

from __future__ import annotations

import importlib

from bench.workload.interface import BadInput, Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from bench.workload.tasks import NoArguments
from workloads.modin.measurements import BREAK_EVEN_CALLS, BreakEvenArguments, BreakEvenResult


class ModinTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Write the table of the plan to the cache, and read the libraries from the disk. Raises BadInput."""
        from bench.tables.identify import find_table
        from workloads.modin import dataset

        preparation = Preparation(settings.cache, reporter, 2)
        with preparation.part("generating the table"):
            file, rows = str(settings.parameters["file"]), settings.batch
            if file == "synthetic":
                kind, columns = str(settings.parameters["kind"]), int(settings.parameters["columns"])
                dataset.make_synthetic(kind, rows, columns, settings.seed, settings.cache, preparation.report)
            else:
                table = find_table(file, settings.uploads)
                dataset.load_from_file(table, rows, settings.cache, preparation.report)
        with preparation.part("importing Ray and Modin"):
            importlib.import_module("ray")
            importlib.import_module("modin.pandas")
        return preparation.finish()

    def break_even(self, settings: Settings, arguments: BreakEvenArguments, reporter: TaskReporter) -> BreakEvenResult:
        """Time one call by pandas and by Modin at growing sizes, each four times the one before.

        The table is synthetic, and Ray is started for the search. Reports `start` (`EngineStart`) and, for each size,
        `point` (`BreakEvenPoint`). Raises BadInput.
        """
        # Checked before Ray is loaded, so that a mistake is answered at once.
        for name, value in (("file", "synthetic"), ("cluster", "own")):
            if settings.parameters[name] != value:
                raise BadInput(
                    f"The search cannot use {name} {settings.parameters[name]}: it makes its own table and starts its "
                    "own Ray",
                    f"Set {name} to {value}.",
                )
        from workloads.modin.break_even.search import search_break_even

        return search_break_even(settings, BREAK_EVEN_CALLS[arguments.call], arguments, reporter)
