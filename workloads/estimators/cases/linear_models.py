"""The cases of linear models."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import FIT_PREDICT, INVERSE_STRENGTH, measure, offer, offer_sparse, offer_weights

_ALPHA = "Strength of the regularization."
_POSITIVE = offer(
    "positive",
    "Coefficients",
    {"free": "any sign", "positive": "positive only"},
    values={"free": False, "positive": True},
    fallbacks={"positive": ("fit",)},
)


LINEAR_MODELS = (
    Estimator(
        "logistic-regression",
        "sklearn.linear_model",
        "LogisticRegression",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.BLAS,
        "A linear model of the classes. Both arms use the same optimizer; oneDAL computes the loss and its gradient.",
        (
            INVERSE_STRENGTH,
            offer(
                "solver",
                "Solver",
                {"lbfgs": "lbfgs", "newton-cg": "newton-cg", "newton-cholesky": "newton-cholesky", "saga": "saga"},
                fallbacks=dict.fromkeys(("newton-cg", "newton-cholesky", "saga"), ("fit",)),
            ),
            offer(
                "penalty",
                "Penalty",
                {"l2": "L2", "l1-liblinear": "L1 with liblinear", "l1-saga": "L1 with saga"},
                argument="",
                fallbacks=dict.fromkeys(("l1-liblinear", "l1-saga"), ("fit",)),
                explanation="The L1 penalties replace the solver. With liblinear, the log of scikit-learn-intelex says "
                "accelerated although stock code does the work.",
            ),
            offer(
                "class_weight",
                "Class weights",
                {"none": "none", "balanced": "balanced"},
                values={"none": None},
                fallbacks={"balanced": ("fit",)},
            ),
            offer_weights("fit"),
            offer_sparse(*FIT_PREDICT),
        ),
        arguments={"max_iter": 1_000},
        iterates=True,
        # liblinear and saga are loops of compiled code without threads.
        one_thread={"penalty": ("l1-liblinear", "l1-saga"), "solver": ("saga",)},
    ),
    Estimator(
        "linear-regression",
        "sklearn.linear_model",
        "LinearRegression",
        Job.VALUES,
        FIT_PREDICT,
        Threads.N_JOBS_AND_BLAS,
        "Ordinary least squares.",
        (_POSITIVE, offer_weights("fit"), offer_sparse(*FIT_PREDICT)),
        columns=100,
        has_seed=False,
        algorithms="stock solves least squares by LAPACK's lstsq, oneDAL by the normal equations, which are less exact "
        "for columns that nearly depend on each other, as generated ones do not",
        is_less_exact=True,
    ),
    Estimator(
        "ridge",
        "sklearn.linear_model",
        "Ridge",
        Job.VALUES,
        FIT_PREDICT,
        Threads.BLAS,
        "Least squares with an L2 penalty.",
        (
            measure("alpha", "Alpha", 1.0, 1e-6, 1e6, _ALPHA),
            offer(
                "solver",
                "Solver",
                {"auto": "auto", "svd": "svd", "cholesky": "cholesky", "lsqr": "lsqr"},
                fallbacks=dict.fromkeys(("svd", "cholesky", "lsqr"), FIT_PREDICT),
            ),
            _POSITIVE,
            offer_weights("fit"),
            offer_sparse(*FIT_PREDICT),
        ),
        columns=100,
    ),
    Estimator(
        "lasso",
        "sklearn.linear_model",
        "Lasso",
        Job.VALUES,
        FIT_PREDICT,
        Threads.ONE,
        "Least squares with an L1 penalty. scikit-learn-intelex accelerates it in its preview mode only.",
        (measure("alpha", "Alpha", 0.01, 1e-6, 1e6, _ALPHA),),
        columns=100,
        iterates=True,
        is_patched=False,
    ),
    Estimator(
        "elastic-net",
        "sklearn.linear_model",
        "ElasticNet",
        Job.VALUES,
        FIT_PREDICT,
        Threads.ONE,
        "Least squares with L1 and L2 penalties. scikit-learn-intelex accelerates it in its preview mode only.",
        (measure("alpha", "Alpha", 0.01, 1e-6, 1e6, _ALPHA),),
        columns=100,
        iterates=True,
        is_patched=False,
    ),
)
