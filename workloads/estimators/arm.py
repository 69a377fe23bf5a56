"""The arm of the estimators: one estimator or function of scikit-learn, stock or patched."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.formatting import format_duration
from bench.values.arms import RacedInput
from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from workloads.estimators import sklearnex_adapter
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import HELD_OUT_STEPS, PREDICTIONS, SINGLE_ROW, SINGLE_ROW_JOBS, Job
from workloads.estimators.memory import require_memory
from workloads.estimators.options import uses_file
from workloads.estimators.path_evidence import judge_step

if TYPE_CHECKING:
    from workloads.estimators.own_split import OwnTable

RESULT_FILE = "result.npz"


class EstimatorArm:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.estimator = ESTIMATORS[settings.case]
        self.table: OwnTable | None = None
        """The user's file, if it was read before `prepare`."""
        predictions = settings.parameters.get(PREDICTIONS)
        self.serves = predictions in (SINGLE_ROW, SINGLE_ROW_JOBS)
        """Whether each timed call gets one row, and the model is fitted once."""
        self.request_jobs = 1 if predictions == SINGLE_ROW and self.estimator.predicts_with_jobs else None
        """`n_jobs` of single rows; None if it is that of fit, or if there is none."""
        self.steps = (self.estimator.request_step,) if self.serves else self.estimator.steps
        # Before the classes of scikit-learn are imported, as in the two lines that a user adds.
        self.log = sklearnex_adapter.patch() if settings.lever == "sklearnex" else None
        # Warnings of the estimators (no convergence, deprecated arguments) would fill the log at every repetition.
        warnings.simplefilter("once")
        self.implementation = getattr(importlib.import_module(self.estimator.module), self.estimator.attribute)

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        # Imported here because it imports scikit-learn, which must be patched first.
        from workloads.estimators.datasets import GENERATED, draw_start, make_data, take_rows

        notes: list[RacedInput] = []
        # Of one arm only: the other one is allocating its share now.
        if uses_file(self.settings):
            from workloads.estimators.own_table import describe_size, read_own_table

            table = self.table or read_own_table(self.settings, progress)
            require_memory(describe_size(self.settings, table), arms=1)
            self.data, notes = take_rows(self.settings, table), table.notes
        else:
            require_memory(self.settings, arms=1)
            progress("generating the data")
            self.data = make_data(self.settings)
        self.arguments = make_arguments(self.settings)
        texts = {name: repr(value) for name, value in self.arguments.items()}
        if self.settings.parameters.get("start") == "shared":
            clusters = int(self.arguments["n_clusters"])
            self.arguments["init"] = draw_start(self.data, clusters, self.settings.seed)
            texts["init"] = f"{clusters} rows drawn by the seed"
        rows, held_out = self.data.train.shape[0], self.data.test.shape[0]
        serving = self._prepare_requests(progress) if self.serves else {}
        threads = self.estimator.describe_threads(self.settings.parameters, self.settings.cores)
        if self.request_jobs and self.settings.cores > 1:
            threads = f"n_jobs={self.request_jobs} for one row, {self.settings.cores} in fit"
        is_generated = not uses_file(self.settings) and self.settings.parameters.get("data", GENERATED) == GENERATED
        return {
            "work": 1 if self.serves else rows,
            "step_work": {}
            if self.serves
            else {step: held_out if step in HELD_OUT_STEPS else rows for step in self.steps},
            "data": self.data.digest,
            "facts": {
                "estimator": self.estimator.path,
                "implementation": f"{self.implementation.__module__}.{self.implementation.__qualname__}",
                "arguments": ", ".join(f"{name}={text}" for name, text in texts.items()) or "none",
                "threads of the stock estimator": threads,
                **({"algorithms": differences} if (differences := describe_differences(self.settings)) else {}),
                **serving,
            },
            "inputs": [
                RacedInput(label="Data", text=f"{self.data.label}, {self.settings.parameters['dtype']}"),
                RacedInput(
                    label="Rows",
                    text=f"{rows:,} to learn from, {held_out:,} held out" if self.estimator.holds_out else f"{rows:,}",
                ),
                *notes,
                RacedInput(label="Stock threads", text=threads),
                *([RacedInput(label="Requests", text=self.requests.describe())] if self.serves else []),
            ],
            "synthetic": "the data is generated" if is_generated else "",
            # Only of the patched arm: without one, both arms run the same algorithm.
            "bias": describe_reservations(self.settings) if self.log else "",
        }

    def _prepare_requests(self, progress: ProgressReporter) -> dict[str, str]:
        """Fit the model that serves single rows, and return the facts about it."""
        from workloads.estimators.serving import RowRequests

        progress(f"fitting the {self.estimator.attribute} that predicts single rows")
        began = time.perf_counter()
        model, _ = self._make_call(self.estimator.steps[0], None)()
        fit_s = time.perf_counter() - began
        if self.request_jobs:
            model.n_jobs = self.request_jobs
        self.requests = RowRequests(self.estimator, model, self.data, self.settings.seed)
        if self.log:
            sklearnex_adapter.set_recording(False)
        return {"fit": f"once, while both arms prepared, in {format_duration(fit_s)}; not raced"}

    def repeat(self, repetition: int, clock: Clock) -> None:
        if self.serves:
            clock.leave_out(lambda: self._begin_requests(repetition))
            clock(self.estimator.request_step, self.requests.send)
            return
        self.model = self.result = None
        for step in self.estimator.steps:
            if self.log:
                self.log.step = step
            self.model, self.result = clock(step, self._make_call(step, self.model))

    def _begin_requests(self, repetition: int) -> None:
        """Choose the rows of a repetition. In the patched arm, one request is logged, and none of those that are
        timed: they would be slower."""
        self.requests.begin(repetition)
        if self.log:
            self.log.step = self.estimator.request_step
            sklearnex_adapter.set_recording(True)
            self.requests.send()
            sklearnex_adapter.set_recording(False)
            self.requests.begin(repetition)

    def _make_call(self, step: str, model: Any) -> Callable[[], tuple[Any, Any]]:
        """One call of `step`, which returns the model and the result. The first step makes a new model."""
        data, arguments = self.data, self.arguments
        weights = {} if data.weights is None else {"sample_weight": data.weights}
        if step == "call":
            positional = self._list_positional()
            if self.settings.parameters.get("stratify", "no") == "yes":
                arguments = arguments | {"stratify": data.target}
            return lambda: (None, self.implementation(*positional, **weights, **arguments))
        if step in HELD_OUT_STEPS:
            return lambda: (model, getattr(model, step)(data.test))
        target = (data.target,) if self.estimator.job in (Job.CLASSES, Job.VALUES) else ()

        def start() -> tuple[Any, Any]:
            made = self.implementation(**arguments)
            return made, getattr(made, step)(data.train, *target, **weights)

        return start

    def _list_positional(self) -> tuple[Any, ...]:
        """The arguments of a function that are data."""
        if self.estimator.job is Job.AUC:
            return self.data.target, self.data.train.ravel()
        return (self.data.train, self.data.target) if self.estimator.job is Job.SPLIT else (self.data.train,)

    def evidence(self) -> list[Evidence]:
        """Each step is called once more, and watched."""
        if self.log is None:
            origin = f"runs {self.implementation.__module__}.{self.implementation.__qualname__}"
            return [Evidence(step=step, path="stock", words=[origin], reason="not patched") for step in self.steps]
        if self.serves:
            step = self.estimator.request_step
            _, testimony = sklearnex_adapter.trace(self.log, step, self.requests.send)
            return [judge_step(self.log, step, testimony, self.implementation)]
        collected: list[Evidence] = []
        model: Any = None
        for step in self.estimator.steps:
            (model, _), testimony = sklearnex_adapter.trace(self.log, step, self._make_call(step, model))
            collected.append(judge_step(self.log, step, testimony, self.implementation))
        return collected

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        from workloads.estimators import quality

        if self.serves:
            self.model, self.result = self.requests.model, self.requests.predict_all()
        assessment = quality.assess(
            self.estimator.job,
            self.model,
            self.result,
            self.data,
            is_held_out=self.estimator.steps[-1] in HELD_OUT_STEPS,
            seed=self.settings.seed,
        )
        arrays = dict(assessment.arrays)
        if self.model is not None:
            inspected = quality.inspect_model(self.model, self.data, self.estimator.iterates)
            first = self.estimator.steps[0]
            # Iterations of a fit that was not timed are for information.
            update: dict[str, Any] = {"same_work": False} if self.serves else {"step": first}
            assessment.measures += [
                measure.model_copy(update=update) if measure.same_work else measure for measure in inspected.measures
            ]
            arrays |= inspected.arrays
        if self.serves:
            assessment.measures.append(self.requests.check_results(self.result))
        if assessment.scores:
            write_scores(self.settings.scratch, assessment.scores)
        np.savez(self.settings.scratch / RESULT_FILE, allow_pickle=False, **arrays)
        return assessment.measures, []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        from workloads.estimators import quality

        with np.load(other / RESULT_FILE) as baseline, np.load(self.settings.scratch / RESULT_FILE) as accelerated:
            comparison = quality.compare_results(self.estimator.job, baseline, accelerated)
        if comparison.scores:
            write_scores(self.settings.scratch, comparison.scores)
        return comparison.measures, []


def describe_differences(settings: Settings) -> str:
    """How the algorithms of the arms differ with these settings; empty if nothing is known."""
    texts = [ESTIMATORS[settings.case].algorithms]
    if settings.case == "kmeans" and settings.parameters["algorithm"] == "elkan":
        texts.append("oneDAL has no elkan and computes lloyd instead")
    if settings.parameters.get("start") == "own":
        texts.append("each library draws its own starting centres, so the iterations of fit depend on luck")
    return ", and ".join(filter(None, texts))


def describe_reservations(settings: Settings) -> str:
    """The same if it is a reservation of a claim; empty otherwise."""
    return describe_differences(settings) if ESTIMATORS[settings.case].is_less_exact else ""


def make_arguments(settings: Settings) -> dict[str, Any]:
    """The arguments of the estimator, or of the function besides its data. The same in both arms."""
    estimator, parameters = ESTIMATORS[settings.case], settings.parameters
    arguments = dict(estimator.arguments)
    for option in estimator.options:
        if option.argument:
            arguments[option.argument] = option.convert(parameters[option.parameter.name])
    if parameters.get("penalty", "l2") != "l2":
        # LogisticRegression: a penalty of L1 needs a solver that has it.
        arguments |= {"l1_ratio": 1.0, "solver": str(parameters["penalty"]).removeprefix("l1-")}
    if estimator.takes_jobs:
        arguments["n_jobs"] = settings.cores
    if estimator.has_seed:
        arguments["random_state"] = settings.seed
    return arguments
