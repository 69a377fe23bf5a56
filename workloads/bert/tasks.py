"""The tasks of BERT: answer a question, quantize and tune a model, show the operators of its graphs.

Arguments are checked here, before TensorFlow is loaded, so that a mistake is answered at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import PreparationResult
from bench.workload.tasks import NoArguments
from workloads.bert.measurements import (
    AskArguments,
    AskResult,
    LoadResult,
    OperatorsArguments,
    OperatorsResult,
    QuantizeArguments,
    QuantizeResult,
)
from workloads.bert.quantization import conversion
from workloads.bert.quantization.config import parse_config
from workloads.bert.quantization.conversion import Conversion

if TYPE_CHECKING:
    from workloads.bert.task_work import BertTaskWork


class BertTasks:
    """See `bench.workload.interface.TaskHandler`."""

    @cached_property
    def _work(self) -> BertTaskWork:
        from workloads.bert.task_work import BertTaskWork

        return BertTaskWork()

    def load_models(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> LoadResult:
        """Load the FP32 and the INT8 model, and run each once, so that `ask` can answer at once."""
        return self._work.load_models(settings, reporter)

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Make the models of both arms: convert the model, and quantize it for INT8. With the default model and arms,
        those of OpenVINO in the same precisions too."""
        return self._work.prepare(settings, reporter)

    def ask(self, settings: Settings, arguments: AskArguments, reporter: TaskReporter) -> AskResult:
        """Answer a question about a passage by the FP32 and the INT8 model, and time both."""
        return self._work.ask(settings, arguments, reporter)

    def quantize(self, settings: Settings, arguments: QuantizeArguments, reporter: TaskReporter) -> QuantizeResult:
        """Quantize the model by a configuration, and tune it until it meets the configuration's accuracy criterion.

        Reports `baseline` (`BaselineAccuracy`), `plan` (`TuningPlan`) and, for each trial, `trial` (`TuningTrial`). An
        untrained model has no accuracy: it is only converted, and nothing is reported. Raises BadInput.
        """
        wanted = Conversion(arguments.yaml, parse_config(arguments.yaml), frozenset())
        return self._work.quantize(settings, wanted, reporter)

    def operators(self, settings: Settings, arguments: OperatorsArguments, reporter: TaskReporter) -> OperatorsResult:
        """Profile the graphs of two precisions: their operators, the kernels that ran, and where the time goes.

        Raises BadInput if the plan's quantization is not on this machine.
        """
        if (name := str(settings.parameters["quantization"])) != conversion.DEFAULT_NAME:
            conversion.find_conversion_file(name, settings.cache / "bert")
        return self._work.operators(settings, arguments.precisions, reporter)
