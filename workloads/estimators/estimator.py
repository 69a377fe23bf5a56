"""What is declared of a case: an estimator or a function of scikit-learn, and how it is raced. Light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bench.workload.cases import DEFAULT_BUDGET_S
from workloads.estimators.options import Option


class Job(StrEnum):
    """What a case computes. It decides on the data and on how the quality is measured."""

    CLASSES = "classes"
    VALUES = "values"
    CLUSTERS = "clusters"
    MIXTURE = "mixture"
    COMPONENTS = "components"
    NEIGHBOURS = "neighbours"
    OUTLIERS = "outliers"
    EMBEDDING = "embedding"
    DISTANCES = "distances"
    AUC = "area under the curve"
    SPLIT = "split"


class Threads(StrEnum):
    """How the stock estimator uses several cores."""

    N_JOBS = "n_jobs={cores}"
    OPENMP = "OpenMP with {cores} threads"
    BLAS = "BLAS with {cores} threads"
    N_JOBS_AND_BLAS = "n_jobs={cores}, and BLAS with {cores} threads"
    ONE = "1 thread, because it has no n_jobs"
    ONE_SOLVER = "1 thread, because its solver uses one"


BUNDLED_SETS: Mapping[Job, Mapping[str, str]] = {
    Job.CLASSES: {
        "digits": "handwritten digits (1,797 rows)",
        "breast_cancer": "breast cancer (569 rows)",
        "wine": "wine (178 rows)",
        "iris": "iris (150 rows)",
    },
    Job.VALUES: {"diabetes": "diabetes (442 rows)"},
    Job.CLUSTERS: {"digits": "handwritten digits (1,797 rows)"},
    Job.MIXTURE: {"digits": "handwritten digits (1,797 rows)"},
    Job.COMPONENTS: {"digits": "handwritten digits (1,797 rows)"},
    Job.NEIGHBOURS: {"digits": "handwritten digits (1,797 rows)"},
    Job.EMBEDDING: {"digits": "handwritten digits (1,797 rows)"},
}
"""The real data that comes with scikit-learn, by what a case computes."""
HELD_OUT_STEPS = frozenset({"predict", "transform", "kneighbors"})
"""Steps that work on the held-out rows."""
PREDICTIONS = "predictions"
"""Name of the parameter that chooses how the held-out rows are predicted."""
ALL_ROWS, SINGLE_ROW, SINGLE_ROW_JOBS = "all", "single", "single-jobs"
"""Its choices. `single` is with n_jobs=1: joblib waits for its threads in steps of 10 ms, so that more jobs make one
row slower unless its prediction takes much longer. `single-jobs` is with n_jobs for all cores."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator or a function, and how it is raced."""

    name: str
    """Name of the case."""
    module: str
    """Module of scikit-learn that users import it from."""
    attribute: str
    """Its name in that module."""
    job: Job
    steps: tuple[str, ...]
    """Names of the timed methods, in order; `call` for a function."""
    threads: Threads
    summary: str
    options: tuple[Option, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments that cannot be changed."""
    columns: int = 20
    """Default number of columns."""
    classes: int = 2
    """Default number of classes, or of clusters in the data."""
    has_seed: bool = True
    """Whether it takes `random_state`."""
    iterates: bool = False
    """Whether `n_iter_` counts iterations that are comparable between the arms."""
    algorithms: str = ""
    """How the algorithm of oneDAL differs from stock's, as a clause; empty if both do the same arithmetic in another
    order, or if it is not known."""
    is_less_exact: bool = False
    """Whether that difference is a reservation, because oneDAL computes less or less exactly."""
    is_patched: bool = True
    """Whether scikit-learn-intelex has an implementation of its own."""
    square_bytes: int = 0
    """Bytes that an arm needs for each pair of rows."""
    rows: int = 0
    """Default number of rows; 0 for that of the workload."""
    budget_s: float = DEFAULT_BUDGET_S
    one_thread: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Parameter to the choices with which the stock estimator uses one thread, whatever `threads` says."""

    @property
    def path(self) -> str:
        """Such as `sklearn.cluster.KMeans`."""
        return f"{self.module}.{self.attribute}"

    @property
    def holds_out(self) -> bool:
        """Whether a step works on held-out rows. Without one, none are generated."""
        return not HELD_OUT_STEPS.isdisjoint(self.steps)

    @property
    def request_step(self) -> str:
        """The name of the step that works on one held-out row, such as `predict-row`; empty without held-out rows."""
        return next((f"{step}-row" for step in self.steps if step in HELD_OUT_STEPS), "")

    @property
    def predicts_with_jobs(self) -> bool:
        """Whether stock scikit-learn predicts with as many threads of joblib as `n_jobs` says."""
        return self.threads is Threads.N_JOBS and bool(self.request_step)

    @property
    def takes_jobs(self) -> bool:
        """Whether it is given `n_jobs`."""
        return self.threads in (Threads.N_JOBS, Threads.N_JOBS_AND_BLAS)

    def describe_threads(self, parameters: Mapping[str, Any], cores: int) -> str:
        """How the stock estimator uses the cores with the parameters of a plan."""
        uses_one = any(parameters.get(name) in choices for name, choices in self.one_thread.items())
        return (Threads.ONE_SOLVER if uses_one else self.threads).value.format(cores=cores)

    def list_fallbacks(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Every setting that forces a fallback: parameter, choice, and the steps that fall back."""
        return [
            (option.parameter.name, choice, steps)
            for option in self.options
            for choice, steps in option.fallbacks.items()
        ]
