"""Estimators: every estimator of scikit-learn that scikit-learn-intelex accelerates, stock against patched.

The cases are data: see `workloads.estimators.catalogue`. This module only declares.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, Step
from bench.workload.declaration import Platform, Suggestion, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import MAX_TABLE_MB, TABLE_ENDINGS, Parameter, Upload
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import TaskSet
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import (
    ALL_ROWS,
    BUNDLED_SETS,
    PREDICTIONS,
    SINGLE_ROW,
    SINGLE_ROW_JOBS,
    Estimator,
    Job,
)
from workloads.estimators.options import NO_FILE, NO_TARGET

ORDER = 5

_PATCH = "from sklearnex import patch_sklearn\npatch_sklearn()\n\n"
_RESULTS = {
    "predict": "predictions = model.predict(X_test)",
    "transform": "components = model.transform(X_test)",
    "kneighbors": "distances, rows = model.kneighbors(X_test)",
}
_REQUESTS = {
    "predict": "    prediction = model.predict(row)",
    "transform": "    components = model.transform(row)",
    "kneighbors": "    distances, rows = model.kneighbors(row)",
}
_CALLS = {
    Job.DISTANCES: 'distances = pairwise_distances(X, metric="cosine", n_jobs=cores)',
    Job.AUC: "area = roc_auc_score(y, scores)",
    Job.SPLIT: "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)",
}
_DESCRIPTIONS = {
    "fit": "{name}.fit on the rows",
    "predict": "{name}.predict of as many held-out rows",
    "transform": "{name}.transform of as many held-out rows",
    "kneighbors": "{name}.kneighbors of as many held-out rows",
    "fit_predict": "{name}.fit_predict on the rows",
    "fit_transform": "{name}.fit_transform on the rows",
    "call": "one call of {name}",
}
_NOISE = {
    Job.CLASSES: (0.05, "Share of rows whose class is replaced by a random one."),
    Job.VALUES: (0.1, "Standard deviation of the noise, as a share of that of the target."),
    Job.CLUSTERS: (1.0, "Standard deviation of each cluster; the centres are in a cube with a side of 20."),
    Job.MIXTURE: (1.0, "Standard deviation of each cluster; the centres are in a cube with a side of 20."),
    Job.COMPONENTS: (0.1, "Standard deviation of the noise around a space of 8 dimensions."),
    Job.NEIGHBOURS: (1.0, "Standard deviation of each cluster; the centres are in a cube with a side of 20."),
    Job.OUTLIERS: (1.0, "Standard deviation of each cluster; the centres are in a cube with a side of 20."),
    Job.EMBEDDING: (1.0, "Standard deviation of each cluster; the centres are in a cube with a side of 20."),
}
_COLUMNS = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_DTYPES = {"float64": "float64", "float32": "float32"}


def _make_code(estimator: Estimator, predictions: str = ALL_ROWS) -> Code:
    name = estimator.attribute
    lines = [f"from {estimator.module} import {name}", ""]
    if estimator.steps == ("call",):
        lines.append(_CALLS[estimator.job])
    else:
        arguments = [f"{key}={value!r}" for key, value in estimator.arguments.items()]
        arguments += ["init=X[start]"] if any(option.parameter.name == "start" for option in estimator.options) else []
        arguments += ["random_state=seed"] if estimator.has_seed else []
        arguments += ["n_jobs=cores"] if estimator.takes_jobs else []
        made = f"{name}({', '.join(arguments)})"
        if estimator.steps[0] == "fit":
            has_target = estimator.job in (Job.CLASSES, Job.VALUES)
            lines += [f"model = {made}", f"model.fit(X{', y' if has_target else ''})"]
            if predictions == ALL_ROWS:
                lines.append(_RESULTS[estimator.steps[1]])
            else:
                if predictions == SINGLE_ROW and estimator.predicts_with_jobs:
                    lines.append("model.n_jobs = 1")
                lines += ["", "for row in requests:  # 1 row of X_test each", _REQUESTS[estimator.steps[1]]]
        else:
            lines.append(f"result = {made}.{estimator.steps[0]}(X)")
    before = "\n".join(lines) + "\n"
    return Code(before=before, after=_PATCH + before)


def _declare_data(estimator: Estimator) -> tuple[Parameter, ...]:
    """The parameters of the data of a case."""
    bundled = BUNDLED_SETS.get(estimator.job, {})
    of_generated = ("file", "data") if bundled else ("file",)
    held_out = "Of a real set, a quarter of the rows is held out; rows" if estimator.holds_out else "Rows"
    parameters = [
        Parameter(
            "columns",
            "Columns",
            "integer",
            estimator.columns,
            "Number of columns of generated data.",
            minimum=2,
            maximum=10_000,
            noun="column",
            stops=_COLUMNS,
            only_without=of_generated,
        ),
        Parameter(
            "dtype",
            "Number format",
            "choice",
            "float64",
            "The format of the data. Some implementations convert float32 to float64.",
            choices=_DTYPES,
        ),
    ]
    if estimator.job is Job.AUC:
        # Its input is one column of scores.
        parameters.pop(0)
    if bundled:
        parameters.insert(
            0,
            Parameter(
                "data",
                "Data",
                "choice",
                "generated",
                f"Generated by scikit-learn, or a real data set that comes with it. {held_out} beyond the size of a "
                "real set, columns, classes and noise are then ignored.",
                choices={"generated": "generated"} | dict(bundled),
                only_without=("file",),
            ),
        )
    if estimator.job not in (Job.VALUES, Job.COMPONENTS, Job.DISTANCES, Job.AUC):
        what = "classes" if estimator.job in (Job.CLASSES, Job.SPLIT) else "clusters of the generated data"
        parameters.append(
            Parameter(
                "classes",
                "Classes" if estimator.job in (Job.CLASSES, Job.SPLIT) else "Groups",
                "integer",
                estimator.classes,
                f"Number of {what}.",
                minimum=2,
                maximum=100,
                only_without=of_generated,
            )
        )
    if noise := _NOISE.get(estimator.job):
        default, explanation = noise
        parameters.append(
            Parameter(
                "noise",
                "Noise",
                "real",
                default,
                explanation,
                minimum=0.0,
                maximum=1.0 if estimator.job is Job.CLASSES else 10.0,
                only_without=of_generated,
            )
        )
    return tuple(parameters)


def _declare_predictions(estimator: Estimator) -> Parameter:
    """All held-out rows at once, or one at a time."""
    method = estimator.steps[-1]
    choices, jobs = {ALL_ROWS: "all held-out rows at once", SINGLE_ROW: "one row at a time"}, ""
    if estimator.predicts_with_jobs:
        choices[SINGLE_ROW_JOBS] = "one row at a time, n_jobs for all cores"
        jobs = " With n_jobs for all cores, stock scikit-learn waits for its threads in steps of 10 ms."
    return Parameter(
        PREDICTIONS,
        "Predictions",
        "choice",
        ALL_ROWS,
        f"One row at a time, as in a service: the model is fitted once, which is not timed, and every call of {method} "
        f"gets one held-out row and is timed on its own. The result then has percentiles of the latency.{jobs}",
        choices=choices,
    )


def _declare_case(estimator: Estimator) -> Case:
    steps = tuple(Step(name, name, _DESCRIPTIONS[name].format(name=estimator.attribute)) for name in estimator.steps)
    parameters = _declare_data(estimator) + tuple(option.parameter for option in estimator.options)
    step_choices: dict[str, tuple[str, ...]] = {}
    if single := estimator.request_step:
        method = estimator.steps[-1]
        steps += (
            Step(single, f"{method}, one row", f"{estimator.attribute}.{method} of one held-out row", is_request=True),
        )
        predictions = _declare_predictions(estimator)
        parameters += (predictions,)
        step_choices = dict.fromkeys(predictions.choices, (single,)) | {ALL_ROWS: estimator.steps}
    return Case(
        estimator.name,
        estimator.attribute,
        estimator.summary,
        steps=steps,
        code=_make_code(estimator),
        parameters=parameters,
        text=estimator.summary,
        budget_s=estimator.budget_s,
        batch=estimator.rows,
        step_parameter=PREDICTIONS if single else "",
        step_choices=step_choices,
        code_choices={choice: _make_code(estimator, choice) for choice in step_choices if choice != ALL_ROWS},
    )


_SERVING = tuple(estimator.name for estimator in ESTIMATORS.values() if estimator.request_step)
_OWN_DATA = (
    Parameter(
        "file",
        "Own table",
        "text",
        NO_FILE,
        help="A CSV or Parquet file of yours instead of the data below: enter a path or upload it. Its columns of "
        "numbers are used; columns, classes and noise are then ignored.",
        choices={NO_FILE: "none"},
        upload=Upload(
            "CSV or Parquet file",
            TABLE_ENDINGS,
            MAX_TABLE_MB,
            "workloads.estimators.own_table:check",
        ),
        path="always",
    ),
    Parameter(
        "target_column",
        "Target column",
        "text",
        NO_TARGET,
        help="The column of your table that is predicted. Texts are classes. Cases that predict nothing leave it out, "
        "or compare their groups with it.",
        choices={NO_TARGET: "none"},
        only_with="file",
        column_of="file",
    ),
    Parameter(
        "missing",
        "Missing values",
        "choice",
        "error",
        help="What to do with rows of your table that have missing or infinite values.",
        choices={"error": "refuse the file", "drop": "leave out these rows"},
        only_with="file",
    ),
    Parameter(
        "scaling",
        "Scaling",
        "choice",
        "none",
        help="Columns of your table as they are, or with a mean of 0 and a standard deviation of 1. Support vector "
        "machines, neighbours and gradient methods can be slow or wrong with columns of very different sizes.",
        choices={"none": "as they are", "standard": "mean 0, standard deviation 1"},
        only_with="file",
    ),
)
_LARGE = ("linear-regression", "ridge", "logistic-regression", "kmeans", "pca", "random-forest-classifier")

WORKLOAD = Workload(
    name="estimators",
    title="Estimators",
    icon=":material/scatter_plot:",
    summary="Stock scikit-learn against scikit-learn-intelex: one estimator, with data and settings you choose.",
    story=(
        "scikit-learn-intelex replaces many estimators of scikit-learn by those of oneDAL. Two lines of code switch "
        "it on; what it does not accelerate runs stock code without a warning.",
        "Pick an estimator, the size of the data and its parameters. Each step is timed separately, and the evidence "
        "says for each whether the accelerated path ran, and why not.",
        "The stock arm gets n_jobs for all requested cores wherever the estimator has the parameter: most published "
        "ratios that look too good compare with one core.",
        "Both arms are judged on the same rows, held out wherever a step predicts or transforms.",
    ),
    lever=Lever(
        name="sklearnex",
        label="scikit-learn-intelex",
        values=(
            LeverValue("stock", "stock scikit-learn", BaselineKind.LIBRARY, packages=("sklearn",)),
            LeverValue("sklearnex", "scikit-learn-intelex", BaselineKind.BEST_KNOWN, packages=("sklearn", "sklearnex")),
        ),
        baseline="stock",
        accelerated="sklearnex",
        changes_arithmetic=True,
    ),
    cases=tuple(map(_declare_case, ESTIMATORS.values())),
    parameters=_OWN_DATA,
    batch=Parameter(
        "batch",
        "Rows",
        "integer",
        10_000,
        "Rows that the estimator learns from, or that the function gets. Estimators with predict, transform or "
        "kneighbors get as many held-out rows for it.",
        minimum=100,
        maximum=10_000_000,
        noun="row",
        stops=(100, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000),
    ),
    unit="rows",
    quality="same quality",
    suggestions=(
        Suggestion("Use 100,000 rows", {"batch": 100_000}, cases=_LARGE),
        Suggestion("Predict one row at a time", {PREDICTIONS: SINGLE_ROW}, cases=_SERVING),
        Suggestion("Use 3,000 rows", {"batch": 3_000}),
        Suggestion("Use float32", {"dtype": "float32"}),
    ),
    arm="workloads.estimators.arm:EstimatorArm",
    tasks=TaskSet(
        entries=(declare_preparation("load the estimators of scikit-learn and its extension", 8),),
        handler="workloads.estimators.tasks:EstimatorTasks",
    ),
    input_check="workloads.estimators.input_check:check_inputs",
    checks_every_plan=True,
    source="https://uxlfoundation.github.io/scikit-learn-intelex/latest/algorithms.html",
    platform=Platform(
        systems=("Linux", "Windows"),
        note="scikit-learn-intelex is built for x86-64 processors under Linux and Windows only.",
    ),
    # Preparing includes a fit if single rows are predicted, of both arms at the same time.
    limits=TimeLimits(prepare_s=600.0, sample_s=300.0),
)
