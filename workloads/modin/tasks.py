"""The measurement of pandas to Modin: the size from which on a call gains."""

from __future__ import annotations

from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.modin.measurements import BREAK_EVEN_CALLS, BreakEvenArguments, BreakEvenResult


class ModinTasks:
    """See `bench.workload.interface.TaskHandler`."""

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
