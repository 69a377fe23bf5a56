"""Traces the calls of scikit-learn in the process of a user's script, and in the worker processes that it starts.

It runs inside the user's program, before anything else: it imports the standard library only, and prints nothing. Calls
in progress are in `fairlap_calls`, the file that they are written into in `fairlap_trace_file`.

What is traced: public methods of estimators, and public functions of scikit-learn that check their parameters, which
all documented ones do. They are wrapped as soon as the module that defines them has been loaded, so that every later
import gets the wrapped ones. A call of a generator method, such as `staged_predict`, counts only until it returns the
generator.

Two witnesses tell which code ran. The log of scikit-learn-intelex has a message for every call that it could
accelerate; it belongs to the innermost traced call. And calls of oneDAL itself are counted where Python calls the
compiled library, without those that only look for infinite values, because a fallback makes them too.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import logging
import sys
import threading
import time
import types
from collections.abc import Sequence

import fairlap_calls
from fairlap_calls import current_call, trace

TRACED_PACKAGES = ("sklearn", "sklearnex", "daal4py", "onedal")
PATCHED_PACKAGES = ("sklearnex", "daal4py", "onedal")
UNTRACED_METHODS = {
    "get_params",
    "set_params",
    "get_metadata_routing",
    "set_output",
    "get_feature_names_out",
    "get_n_splits",
    "get_hyperparameters",
    "reset_hyperparameters",
    "register_callbacks",
}
ONEDAL_CLASS = "BackendFunction"
ONEDAL_CHECKS = ("finiteness",)
"""Parts of the names of oneDAL's functions that only check data."""
DAAL4PY_COMPUTATIONS = (
    "bf_knn_classification_prediction",
    "bf_knn_classification_training",
    "cosine_distance",
    "correlation_distance",
    "daal_generate_shuffled_indices",
    "daal_roc_auc_score",
    "daal_train_test_split",
    "daal_tsne_gradient_descent",
    "elastic_net_prediction",
    "elastic_net_training",
    "kdtree_knn_classification_prediction",
    "kdtree_knn_classification_training",
    "lasso_regression_prediction",
    "lasso_regression_training",
    "logistic_regression_prediction",
    "optimization_solver_cross_entropy_loss",
    "optimization_solver_logistic_loss",
)
"""Functions of daal4py that compute, called by the parts of scikit-learn-intelex that do not use `onedal`."""


def install() -> None:
    """Trace all that is imported from now on."""
    fairlap_calls.start()
    sys.meta_path.insert(0, Finder())


class LogReader(logging.Handler):
    """Gives each message of scikit-learn-intelex to the innermost traced call."""

    def emit(self, record: logging.LogRecord) -> None:
        call = current_call()
        try:
            text = record.getMessage()
        except Exception:
            # The caller of the logger must not fail.
            return
        if call is None or ": " not in text or text.startswith(("Dispatching function", "Assigned method")):
            return
        call.messages[text] = call.messages.get(text, 0) + 1


def watch_log() -> None:
    """Read the log at the level where it has the reasons of fallbacks. The library's own handlers print no more."""
    logger = logging.getLogger("sklearnex")
    # The level that the user has asked for stays that of the handlers that print.
    for handler in logger.handlers:
        handler.setLevel(max(handler.level, logger.getEffectiveLevel()))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(LogReader(logging.DEBUG))


class TracedCallable:
    """A bound method that is traced. Pickles as the method does."""

    def __init__(self, bound: object, owner: object, name: str) -> None:
        functools.update_wrapper(self, bound)  # type: ignore[arg-type]
        self._fairlap = (bound, owner, name)

    def __call__(self, *args: object, **kwargs: object) -> object:
        bound, owner, name = self._fairlap
        kind = type(owner)
        return trace(bound, args, kwargs, id(owner), f"{kind.__name__}.{name}", name, is_patched(kind))

    def __reduce__(self) -> tuple[object, ...]:
        _, owner, name = self._fairlap
        return getattr, (owner, name)

    @property
    def __self__(self) -> object:
        return self._fairlap[1]

    @property
    def __func__(self) -> object:
        return getattr(self._fairlap[0], "__func__", self._fairlap[0])


class TracedMethod:
    """Takes the place of a method, or of a descriptor that makes one, in a class."""

    def __init__(self, original: object, name: str) -> None:
        self.original, self.name = original, name
        self.__doc__ = getattr(original, "__doc__", None)

    def __get__(self, owner: object, kind: type | None = None) -> object:
        # Raises AttributeError for a method that this object does not have.
        bound = self.original.__get__(owner, kind)  # type: ignore[attr-defined]
        return bound if owner is None else TracedCallable(bound, owner, self.name)

    def __getattr__(self, name: str) -> object:
        return getattr(self.original, name)


@functools.cache
def is_patched(kind: type) -> bool:
    return any(parent.__module__.partition(".")[0] in PATCHED_PACKAGES for parent in kind.__mro__)


def trace_function(function: types.FunctionType) -> object:
    patched = function.__module__.partition(".")[0] in PATCHED_PACKAGES
    name = function.__name__

    @functools.wraps(function)
    def traced(*args: object, **kwargs: object) -> object:
        return trace(function, args, kwargs, 0, name, name, patched)

    return traced


def prepare_module(module: types.ModuleType) -> None:
    """Trace what a module defines that has just been loaded."""
    package = module.__name__.partition(".")[0]
    if module.__name__ == "sklearnex":
        watch_log()
    if module.__name__ == "onedal.common._backend":
        count_onedal_calls(getattr(module, ONEDAL_CLASS))
        return
    if module.__name__ == "daal4py":
        for name in DAAL4PY_COMPUTATIONS:
            if hasattr(module, name):
                setattr(module, name, count_daal4py(getattr(module, name)))
        return
    if package == "onedal":
        return
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            trace_class(value)
        elif (
            isinstance(value, types.FunctionType)
            and not name.startswith("_")
            and name == value.__name__
            and hasattr(value, "_skl_parameter_constraints")
        ):
            setattr(module, name, trace_function(value))


def trace_class(kind: type) -> None:
    is_estimator = any(parent.__name__ == "BaseEstimator" for parent in kind.__mro__)
    if not is_estimator and not kind.__name__.endswith("Mixin"):
        return
    for name, value in list(vars(kind).items()):
        if name.startswith("_") or name in UNTRACED_METHODS:
            continue
        if isinstance(value, types.FunctionType) or type(value).__name__ == "_AvailableIfDescriptor":
            setattr(kind, name, TracedMethod(value, name))


def count_onedal_calls(kind: type) -> None:
    call_backend = kind.__call__

    def counted(self: object, *args: object, **kwargs: object) -> object:
        name = str(getattr(self, "name", ""))
        is_work = (args or kwargs) and not getattr(self, "no_policy", False)
        if not is_work or any(check in name for check in ONEDAL_CHECKS):
            return call_backend(self, *args, **kwargs)
        began = time.monotonic()
        try:
            return call_backend(self, *args, **kwargs)
        finally:
            note_onedal(time.monotonic() - began)

    kind.__call__ = counted  # type: ignore[method-assign]


def count_daal4py(function: object) -> object:
    def counted(*args: object, **kwargs: object) -> object:
        note_onedal(0.0)
        return function(*args, **kwargs)  # type: ignore[operator]

    return counted


def note_onedal(seconds: float) -> None:
    call = current_call()
    if call is not None:
        call.onedal_calls += 1
        call.onedal_s += seconds


class Finder(importlib.abc.MetaPathFinder):
    """Finds modules as the other finders do, and has those of the traced packages prepared after they are loaded."""

    def __init__(self) -> None:
        self._local = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in TRACED_PACKAGES or getattr(self._local, "busy", False):
            return None
        self._local.busy = True
        try:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                if finder is self or find is None:
                    continue
                spec = find(fullname, path, target)
                if spec is not None:
                    break
            else:
                return None
        finally:
            self._local.busy = False
        loader = spec.loader
        if isinstance(loader, importlib.machinery.SourceFileLoader):
            execute = loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                execute(module)
                try:
                    prepare_module(module)
                except Exception as error:
                    fairlap_calls.write_problem(f"{module.__name__}: {type(error).__name__}: {error}")

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
