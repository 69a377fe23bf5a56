"""`python -m tests.support.estimator_paths LEVER FOLDER`: all cases of the estimators at a tiny size, in one process.

Writes `FOLDER/LEVER.json`: for every trial the evidence of each step, the digest of the data and the measures. The
results of each trial are in a folder of its own, so that the arms can be compared. With the lever `sklearnex`, it also
compares them with those of `stock`, which must have run before.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.plan.validation import make_plan
from bench.workload.interface import Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Estimator, Job

ROWS = 160
SMALL_SETTINGS = {"trees": 3, "iterations": 300, "columns": 12, "components": 4, "eps": 1.5}


def list_trials() -> Iterator[tuple[str, Estimator, dict[str, Any], tuple[str, ...]]]:
    """Name, case, settings, and the steps that must not be accelerated: the default, every choice of every parameter,
    float32, and three classes."""
    for estimator in ESTIMATORS.values():
        others = () if estimator.is_patched else estimator.steps
        yield estimator.name, estimator, {}, others
        for option in estimator.options:
            parameter = option.parameter
            for choice in parameter.choices:
                if choice != parameter.default:
                    settings: dict[str, Any] = {parameter.name: choice}
                    if choice == "manhattan" and choice not in option.fallbacks:
                        # With 15 columns or fewer, the algorithm is kd_tree, which has this metric in stock only.
                        settings["columns"] = 20
                    steps = option.fallbacks.get(choice, others)
                    yield f"{estimator.name} {parameter.name}={choice}", estimator, settings, steps
        if estimator.is_patched and estimator.job is not Job.EMBEDDING:
            # float32 falls back in one function: there it is a sentence in the help.
            steps = ("call",) if estimator.job is Job.DISTANCES else ()
            yield f"{estimator.name} dtype=float32", estimator, {"dtype": "float32"}, steps
        if step := estimator.request_step:
            settings = {"predictions": "single"}
            yield f"{estimator.name} predictions=single", estimator, settings, () if estimator.is_patched else (step,)
        if estimator.job is Job.CLASSES and estimator.is_patched:
            yield f"{estimator.name} classes=3", estimator, {"classes": 3}, ()
    yield (
        "knn-classifier kd_tree manhattan",
        ESTIMATORS["knn-classifier"],
        {
            "algorithm": "kd_tree",
            "metric": "manhattan",
        },
        ("fit", "predict"),
    )
    yield (
        "knn-classifier manhattan few columns",
        ESTIMATORS["knn-classifier"],
        {"metric": "manhattan", "columns": 15},
        ("fit", "predict"),
    )
    yield (
        "random-forest-classifier single rows of a fallback",
        ESTIMATORS["random-forest-classifier"],
        {"criterion": "entropy", "predictions": "single"},
        ("predict-row",),
    )


def make_settings(estimator: Estimator, lever: str, folder: Path, batch: int = ROWS, **parameters: Any) -> Settings:
    """The settings of an arm of this case on one core, with small values where `parameters` has none."""
    names = {option.parameter.name for option in estimator.options} | {"columns"}
    small = {name: value for name, value in SMALL_SETTINGS.items() if name in names}
    if estimator.job in (Job.CLUSTERS, Job.AUC):
        small.pop("columns", None)
    plan = make_plan("estimators", estimator.name, cores=1, batch=batch, parameters=small | parameters)
    folder.mkdir(parents=True, exist_ok=True)
    return Settings(estimator.name, lever, 1, batch, plan.parameters, 0, folder, folder, folder)


class NoClock:
    """Calls each step once."""

    in_race = False

    def __call__(self, step, work):
        return work()

    def leave_out(self, work):
        return work()


def main(lever: str, folder: Path) -> None:
    from workloads.estimators.arm import EstimatorArm

    warnings.simplefilter("ignore")
    found = {}
    for name, estimator, parameters, _ in list_trials():
        scratch = folder / lever / name.replace(" ", "-")
        arm = EstimatorArm(make_settings(estimator, lever, scratch, **parameters))
        # Not outside of the loop: an arm sets its own filter.
        warnings.simplefilter("ignore")
        prepared = arm.prepare(lambda text, share=None: None)
        arm.repeat(0, NoClock())
        evidence, (measures, _) = arm.evidence(), arm.conclude()
        agreement = arm.compare(folder / "stock" / scratch.name)[0] if lever == "sklearnex" else []
        found[name] = {
            "data": prepared["data"],
            "bias": prepared["bias"],
            "facts": prepared["facts"],
            "evidence": [item.model_dump() for item in evidence],
            "measures": {measure.name: measure.value for measure in measures},
            "decisive": [measure.name for measure in [*measures, *agreement] if measure.decisive],
            "agreement": {measure.name: measure.value for measure in agreement},
        }
    (folder / f"{lever}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
