"""What BERT does when asked, other than racing: answer a question, be quantized and tuned, tell its operators.

What is asked is checked here, before TensorFlow is loaded, so that a mistake is answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.bert.quantization import conversion
from workloads.bert.quantization.config import parse_config
from workloads.bert.quantization.conversion import Conversion

if TYPE_CHECKING:
    from workloads.bert.task_work import BertTaskWork

MAX_PASSAGE_CHARACTERS = 100_000
"""Characters of a passage that is asked about: some 400 windows of 128 word pieces."""
MAX_QUESTION_CHARACTERS = 2_000


class BertTasks:
    """See `bench.workload.interface.TaskHandler`; every method is a task."""

    @cached_property
    def _tasks(self) -> BertTaskWork:
        from workloads.bert.task_work import BertTaskWork

        return BertTaskWork()

    def ask(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Both models' answers to `given`: `question` and `passage`.

        Returns `answers`, by precision (`fp32`, `int8`): `best`, a list of `text`, `start`, `end` (characters of the
        passage) and `probability` (share of the n-best list); and `inference_s`, the median of a few passes over all
        windows, models taking turns; beside them `windows`, `length`, `repeats` and `tokenize_s`. Raises BadInput for
        an empty or far too long text.
        """
        question, passage = str(given["question"]), str(given["passage"])
        for what, text, longest in (
            ("question", question, MAX_QUESTION_CHARACTERS),
            ("passage", passage, MAX_PASSAGE_CHARACTERS),
        ):
            if not text.strip():
                raise BadInput(f"The {what} is empty", f"Write a {what}.")
            if len(text) > longest:
                raise BadInput(
                    f"The {what} has {len(text):,} characters; up to {longest:,} are read",
                    "Paste the part of it that matters.",
                )
        return self._tasks.ask(settings, question, passage, tell)

    def quantize(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Quantize by the configuration `given["yaml"]`; a trained model is tuned to its accuracy criterion.

        Tells of the events `baseline` (`f1`, `exact_match`, `seconds`, `questions`), `plan` (`operators`, their number,
        `max_trials`, `relative_loss`, `strategy`) and, for each trial, `trial` (the fields of `tune.Trial`,
        `exact_match`, `evaluation_s` and `quantization`). Returns `quantization`, the name under which a race takes the
        result; `best`, the number of the best trial; `met`, whether that meets the criterion; `stopped`, why the search
        ended; sizes in bytes, `bytes_fp32` and `bytes_int8`, of the serialised graphs; and `asked` and `calibrated`,
        numbers of questions. An untrained model is only converted: it has no accuracy to keep. Raises BadInput.
        """
        text = str(given["yaml"])
        return self._tasks.quantize(settings, Conversion(text, parse_config(text), frozenset()), tell)

    def operators(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Operators of the graphs of two precisions, `given["precisions"]`, and the kernels that ran, untimed.

        Returns `arms`, one for each precision: `projections` and `attention` (`int8` of `total` matrix products),
        `counts` of operators, `bytes_on_disk`, `constants`, and of a profile of some passes over a batch `wall_ms`,
        `onednn_ms`, `onednn_share`, `kernels`, `operators`, `products`, `note` and `verdict` (see
        `workloads.bert.profiling.operators` and `kernels`); `changes`, the operators of every layer before and after; and
        `limit`, what INT8 gained beside what its instructions allow, or None.
        """
        if (name := str(settings.parameters["quantization"])) != conversion.DEFAULT_NAME:
            conversion.find_conversion_file(name, settings.cache / "bert")
        return self._tasks.operators(settings, list(given["precisions"]), tell)
