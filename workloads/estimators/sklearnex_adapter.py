"""The two witnesses of the path that scikit-learn-intelex took: its log, and the calls that reached oneDAL.

The log alone is not enough: with some settings it says "running accelerated version" although stock code does the work.
So one call of each step is traced too. Every estimator calls oneDAL in one of two ways: through an object of one class
of the package onedal, or by a function or class of the module daal4py. Both are watched.

This is the only module of the workload that uses names of scikit-learn-intelex which are not documented.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any, TypeVar

from bench.workload.library_guard import LibraryGuard

GUARD = LibraryGuard(
    "scikit-learn-intelex", "==2026.2.*", "find out which calls reached oneDAL, and which estimators it replaces"
)
LOGGER = "sklearnex"
ACCELERATED = "running accelerated version"
FELL_BACK = "fallback to original"
CAUSE = "patching failed with cause - "
WORK = ("train", "infer", "compute")
"""Parts of the names of the functions of oneDAL that do the work of an estimator. Others build models."""
HELPERS = {
    "onedal.basic_statistics.compute",
    "daal4py.daal_assert_all_finite",
    "daal4py.daalinit",
    "daal4py.enable_thread_pinning",
    "daal4py.get_data",
    "daal4py.logistic_regression_model_builder",
    "daal4py.num_threads",
}
"""What checks and converts the input, also of steps that fall back then."""

T = TypeVar("T")


class PathLog(logging.Handler):
    """The messages in which scikit-learn-intelex says which implementation each call of a step ran."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.step = ""
        """The step that runs now."""
        self._messages: dict[str, Counter[str]] = {}
        self._remarks: dict[str, dict[str, None]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        self._messages.setdefault(self.step, Counter())[message] += 1
        if record.levelno >= logging.INFO and ACCELERATED not in message and FELL_BACK not in message:
            self._remarks.setdefault(self.step, {})[message] = None

    def count_messages(self, step: str) -> Counter[str]:
        """The messages of a step by their text."""
        return self._messages.get(step, Counter())

    def list_remarks(self, step: str) -> list[str]:
        """The messages of a step that say something else than its path, such as that oneDAL has no elkan."""
        return list(self._remarks.get(step, {}))


@dataclass(frozen=True, slots=True)
class Testimony:
    """What was seen of one call."""

    causes: tuple[str, ...]
    """Why it fell back, in the words of the library."""
    native_calls: tuple[str, ...]
    """Names of the functions of oneDAL that were called, each once."""


def patch() -> PathLog:
    """Patch scikit-learn, before its classes are imported. Returns the log of all later calls."""
    GUARD.require("sklearnex:patch_sklearn")(verbose=False)
    return watch()


def watch() -> PathLog:
    """The log of all later calls, for a process that imports classes of scikit-learn-intelex and patches nothing."""
    GUARD.require_version()
    logger = logging.getLogger(LOGGER)
    # Reasons of fallbacks are logged at DEBUG, which costs time: only while a call is traced.
    logger.setLevel(logging.INFO)
    logger.propagate = False
    log = PathLog()
    # Instead of the library's own handler, which would write to the standard error in timed calls.
    logger.handlers[:] = [log]
    return log


def set_recording(is_recording: bool) -> None:
    """Whether each call writes to the log. By default the library itself logs nothing, and a message costs some
    microseconds, a large part of a call with one row."""
    logging.getLogger(LOGGER).setLevel(logging.INFO if is_recording else logging.WARNING)


def list_patched() -> frozenset[str]:
    """What the installed version replaces, such as `sklearn.cluster.KMeans`."""
    return frozenset(GUARD.require("sklearnex.dispatcher:get_patch_map")())


def trace(log: PathLog, step: str, call: Callable[[], T]) -> tuple[T, Testimony]:
    """Do `call`, which is one call of `step`, and watch it. It is slower than without a trace."""
    entry = GUARD.require("onedal.common._backend:BackendFunction").__call__.__code__
    daal4py = GUARD.require("daal4py")
    seen: dict[str, None] = {}

    class WatchedModule(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if callable(value) and not name.startswith("_"):
                seen[f"daal4py.{name}"] = None
            return value

    def record(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is entry:
            # The check for missing values is called compute, without a module.
            name = str(frame.f_locals["self"].name)
            if "." in name and any(part in name.rpartition(".")[2] for part in WORK):
                seen[f"onedal.{name}"] = None

    logger = logging.getLogger(LOGGER)
    before, level = Counter(log.count_messages(step)), logger.level
    module_class, log.step = type(daal4py), step
    logger.setLevel(logging.DEBUG)
    daal4py.__class__ = WatchedModule
    sys.setprofile(record)
    try:
        result = call()
    finally:
        sys.setprofile(None)
        daal4py.__class__ = module_class
        logger.setLevel(level)
    messages = log.count_messages(step) - before
    causes = dict.fromkeys(text.partition(CAUSE)[2] for text in messages if CAUSE in text)
    return result, Testimony(tuple(causes), tuple(name for name in seen if name not in HELPERS))
