"""The cases of support vector machines."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import (
    FIT_PREDICT,
    INVERSE_STRENGTH,
    Option,
    measure,
    offer,
    offer_sparse,
    offer_weights,
)

_BLOCKS = "stock (libsvm) improves two multipliers at a time, oneDAL blocks of them (its method thunder)"


def _offer_kernels() -> Option:
    return offer(
        "kernel",
        "Kernel",
        {"rbf": "rbf", "linear": "linear", "poly": "poly", "sigmoid": "sigmoid"},
        explanation="All four are accelerated.",
    )


SUPPORT_VECTORS = (
    Estimator(
        "svc",
        "sklearn.svm",
        "SVC",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.ONE,
        "A support vector machine for classes.",
        (INVERSE_STRENGTH, _offer_kernels(), offer_weights(), offer_sparse()),
        budget_s=60,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "nu-svc",
        "sklearn.svm",
        "NuSVC",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.ONE,
        "A support vector machine for classes, with a bound on the share of its support vectors.",
        (
            measure("nu", "Nu", 0.3, 0.01, 0.9, "Lower bound of the share of support vectors."),
            _offer_kernels(),
            offer_sparse(),
        ),
        budget_s=60,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "svr",
        "sklearn.svm",
        "SVR",
        Job.VALUES,
        FIT_PREDICT,
        Threads.ONE,
        "A support vector machine for values.",
        (INVERSE_STRENGTH, _offer_kernels(), offer_sparse()),
        has_seed=False,
        budget_s=90,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "nu-svr",
        "sklearn.svm",
        "NuSVR",
        Job.VALUES,
        FIT_PREDICT,
        Threads.ONE,
        "A support vector machine for values, with a bound on the share of its support vectors.",
        (
            INVERSE_STRENGTH,
            measure("nu", "Nu", 0.5, 0.01, 0.9, "Lower bound of the share of support vectors."),
            _offer_kernels(),
            offer_sparse(),
        ),
        has_seed=False,
        rows=3_000,
        budget_s=60,
        algorithms=_BLOCKS,
    ),
)
