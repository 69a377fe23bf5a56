"""The arm of the estimators: one estimator or function of scikit-learn, stock or patched."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.values.arms import RacedInput
from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from workloads.estimators import sklearnex_adapter
from workloads.estimators.catalogue import ESTIMATORS, HELD_OUT_STEPS, Job
from workloads.estimators.memory import require_memory

RESULT_FILE = "result.npz"
MAX_QUOTED_MESSAGES = 3
"""Messages of the log that the evidence of a step quotes."""


class EstimatorArm:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.estimator = ESTIMATORS[settings.case]
        # Before the classes of scikit-learn are imported, as in the two lines that a user adds.
        self.log = sklearnex_adapter.patch() if settings.lever == "sklearnex" else None
        # Warnings of the estimators (no convergence, deprecated arguments) would fill the log at every repetition.
        warnings.simplefilter("once")
        self.implementation = getattr(importlib.import_module(self.estimator.module), self.estimator.attribute)

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        # Imported here because it imports scikit-learn, which must be patched first.
        from workloads.estimators.datasets import GENERATED, draw_start, make_data

        # Of one arm only: the other one is allocating its share now.
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
        threads = self.estimator.describe_threads(self.settings.parameters, self.settings.cores)
        source = str(self.settings.parameters.get("data", GENERATED))
        return {
            "work": rows,
            "step_work": {step: held_out if step in HELD_OUT_STEPS else rows for step in self.estimator.steps},
            "data": self.data.digest,
            "facts": {
                "estimator": self.estimator.path,
                "implementation": f"{self.implementation.__module__}.{self.implementation.__qualname__}",
                "arguments": ", ".join(f"{name}={text}" for name, text in texts.items()) or "none",
                "threads of the stock estimator": threads,
                **({"algorithms": differences} if (differences := describe_differences(self.settings)) else {}),
            },
            "inputs": [
                RacedInput(label="Data", text=f"{self.data.label}, {self.settings.parameters['dtype']}"),
                RacedInput(
                    label="Rows",
                    text=f"{rows:,} to learn from, {held_out:,} held out" if self.estimator.holds_out else f"{rows:,}",
                ),
                RacedInput(label="Stock threads", text=threads),
            ],
            "synthetic": "the data is generated" if source == GENERATED else "",
            # Only of the patched arm: without one, both arms run the same algorithm.
            "bias": describe_reservations(self.settings) if self.log else "",
        }

    def repeat(self, repetition: int, clock: Clock) -> None:
        self.model = self.result = None
        for step in self.estimator.steps:
            if self.log:
                self.log.step = step
            self.model, self.result = clock(step, self._make_call(step, self.model))

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
            return [
                Evidence(step=step, path="stock", words=[origin], reason="not patched") for step in self.estimator.steps
            ]
        collected: list[Evidence] = []
        model: Any = None
        for step in self.estimator.steps:
            (model, _), testimony = sklearnex_adapter.trace(self.log, step, self._make_call(step, model))
            collected.append(self._judge(step, testimony))
        return collected

    def _judge(self, step: str, testimony: sklearnex_adapter.Testimony) -> Evidence:
        """The path of a step. It counts as accelerated only if the log says so and oneDAL was called."""
        assert self.log is not None
        messages = self.log.count_messages(step)
        accelerated = sum(times for text, times in messages.items() if sklearnex_adapter.ACCELERATED in text)
        fell_back = sum(times for text, times in messages.items() if sklearnex_adapter.FELL_BACK in text)
        native = ", ".join(testimony.native_calls)
        words = [
            f"runs {self.implementation.__module__}.{self.implementation.__qualname__}",
            *(
                f"log: {times:,} × {text}"
                for text, times in messages.most_common()
                if sklearnex_adapter.ACCELERATED in text or sklearnex_adapter.FELL_BACK in text
            ),
        ][: MAX_QUOTED_MESSAGES + 1]
        words += [f"log: {cause}" for cause in testimony.causes]
        words += [f"log: {remark}" for remark in self.log.list_remarks(step)[:MAX_QUOTED_MESSAGES]]
        words.append(f"trace of one call: {native}" if native else "trace of one call: no call reached oneDAL")
        causes = " ".join(testimony.causes)
        path, reason = "accelerated", ""
        if not native and accelerated and not fell_back:
            path, reason = "stock", "the log says accelerated, but no call reached oneDAL"
        elif not native and not messages:
            path, reason = "stock", f"scikit-learn-intelex does not accelerate {self.estimator.attribute}"
        elif not native:
            path, reason = "stock", causes or "fell back, and the log names no reason"
        elif not messages:
            path, reason = "unknown", "oneDAL was called, but the log has no message"
        elif self.implementation.__module__.startswith("sklearn."):
            path, reason = "stock", f"partial: only parts inside of stock {self.estimator.attribute} are accelerated"
        elif fell_back:
            path, reason = "stock", f"partial: {causes or 'some calls fell back'}"
        return Evidence(
            step=step,
            path=path,
            words=words,
            calls=accelerated + fell_back,
            accelerated_calls=accelerated if native else 0,
            reason=reason,
        )

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        from workloads.estimators import quality

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
            assessment.measures += [
                measure.model_copy(update={"step": first}) if measure.same_work else measure
                for measure in inspected.measures
            ]
            arrays |= inspected.arrays
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
