"""Traces the calls of scikit-learn in the process of a user's script, and in the worker processes that it starts.

It runs inside the user's program, before anything else: it imports the standard library only, and prints nothing.

What is traced: public methods of estimators, and public functions of scikit-learn that check their parameters, which
all documented ones do. They are wrapped as soon as the module that defines them has been loaded, so that every later
import gets the wrapped ones. A call begins a root if no traced call surrounds it in its thread, and if its thread was
not started inside of one that still runs; traced calls inside of it are its nodes. Each root is one line of JSON in a
file of this process, see `TraceWriter`. A call of a generator method, such as `staged_predict`, counts only until it
returns the generator.

Two witnesses tell which code ran. The log of scikit-learn-intelex has a message for every call that it could
accelerate; it belongs to the innermost traced call. And calls of oneDAL itself are counted where Python calls the
compiled library, without those that only look for infinite values, because a fallback makes them too.
"""

from __future__ import annotations

import atexit
import functools
import importlib.abc
import importlib.machinery
import json
import logging
import os
import sys
import threading
import time
import types
from collections.abc import Sequence

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
MAX_ROOTS = 20_000
"""Roots with a line of their own; later ones are added up by call site and written at the end."""
MAX_DEPTH = 12
MAX_NODES = 400
"""Different calls inside of a root; further ones count as part of the call that makes them."""
MAX_MESSAGES = 20
"""Different messages of the log that a node keeps."""
CALIBRATION_CALLS = 200
STARTER = "_fairlap_starter"
"""Attribute of a thread: the call in which it was started."""


class Totals:
    """What all calls of one node have used."""

    def __init__(self) -> None:
        self.calls = 0
        self.total_s = self.self_s = self.onedal_s = 0.0
        self.errors = self.onedal_calls = self.calls_with_onedal = 0
        self.patched = self.parallel = False
        self.messages: dict[str, int] = {}

    def as_json(self, path: tuple[str, ...]) -> dict[str, object]:
        return {"path": path, **vars(self)}

    def add(self, other: Totals) -> None:
        for name in ("calls", "total_s", "self_s", "onedal_s", "errors", "onedal_calls", "calls_with_onedal"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.patched, self.parallel = self.patched or other.patched, self.parallel or other.parallel
        for text, count in other.messages.items():
            if text in self.messages or len(self.messages) < MAX_MESSAGES:
                self.messages[text] = self.messages.get(text, 0) + count


class Call:
    """A traced call that has not returned."""

    __slots__ = (
        "children_s",
        "key",
        "messages",
        "name",
        "onedal_calls",
        "onedal_s",
        "parallel",
        "patched",
        "path",
        "root",
        "start",
    )

    def __init__(self, root: Root, path: tuple[str, ...], key: int, name: str, patched: bool, parallel: bool) -> None:
        self.root, self.path, self.key, self.name, self.patched, self.parallel = (
            root,
            path,
            key,
            name,
            patched,
            parallel,
        )
        self.children_s = self.onedal_s = 0.0
        self.onedal_calls = 0
        self.messages: dict[str, int] = {}
        self.start = 0.0


class Root:
    """An outermost call, with the totals of what it calls."""

    __slots__ = ("ended", "nodes", "site", "start")

    def __init__(self, site: tuple[str, int] | None, start: float = 0.0) -> None:
        self.site, self.start = site, start
        self.ended = False
        """Whether the outermost call has returned, so that its line is written. A thread may go on nevertheless."""
        self.nodes: dict[tuple[str, ...], Totals] = {}


class TraceWriter:
    """Writes a line for each root, at once, because a worker process may be killed when it has done its work.

    `{"site": [file, line] or null, "start": monotonic seconds, "nodes": [{"path": [...], ...}]}`. Roots after the first
    `MAX_ROOTS` have no start. A call that a thread ends after its root has a line of its own, without the node of
    the root. `{"exit": true, ...}` is the line of the main process when it exits.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self.reopen()

    def reopen(self) -> None:
        """Write into a new file of this process; after a fork, the old one belongs to the parent."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        name = os.path.join(os.environ["FAIRLAP_TRACE_FOLDER"], f"{os.getpid()}-{time.monotonic_ns()}.jsonl")
        self.descriptor = -1
        self._name = name
        self._roots = 0
        self._later: dict[tuple[tuple[str, int] | None, tuple[str, ...]], Root] = {}

    def write_root(self, root: Root) -> None:
        self._roots += 1
        if self._roots <= MAX_ROOTS:
            self.write({"site": root.site, "start": root.start, "nodes": list_nodes(root)})
            return
        first = next(iter(root.nodes), ())
        later = self._later.setdefault((root.site, first), Root(root.site))
        for path, totals in root.nodes.items():
            later.nodes.setdefault(path, Totals()).add(totals)

    def write_later(self) -> None:
        for root in self._later.values():
            self.write({"site": root.site, "start": None, "nodes": list_nodes(root)})
        self._later.clear()

    def write(self, line: dict[str, object]) -> None:
        try:
            if self.descriptor < 0:
                self.descriptor = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:
            # The script may have closed the descriptor or changed its limits; it goes on without a trace.
            self.descriptor = -1


def list_nodes(root: Root) -> list[dict[str, object]]:
    return [totals.as_json(path) for path, totals in root.nodes.items()]


class State:
    """What the tracer knows in this process."""

    def __init__(self) -> None:
        self.local = threading.local()
        self.lock = threading.Lock()
        self.writer = TraceWriter()
        self.is_main = "FAIRLAP_TRACE_MAIN" not in os.environ
        os.environ.setdefault("FAIRLAP_TRACE_MAIN", str(os.getpid()))
        self.folder = os.path.join(os.path.realpath(os.environ.get("FAIRLAP_TRACE_SOURCE", "/nowhere")), "")

    def forget(self) -> None:
        """After a fork, in the child: the calls that the parent is in are not calls of this process."""
        self.local = threading.local()
        self.lock = threading.Lock()
        thread = find_thread()
        if thread is not None:
            vars(thread).pop(STARTER, None)
        self.is_main = False
        self.writer.reopen()

    def stack(self) -> list[Call]:
        try:
            return self.local.stack
        except AttributeError:
            self.local.stack = []
            return self.local.stack


STATE: State


def install() -> None:
    """Trace all that is imported from now on."""
    global STATE
    STATE = State()
    sys.meta_path.insert(0, Finder())
    watch_threads()
    os.register_at_fork(after_in_child=lambda: STATE.forget())
    atexit.register(finish)


def watch_threads() -> None:
    """Note in each thread the call in which it was started."""
    start = threading.Thread.start

    @functools.wraps(start)
    def start_thread(self: threading.Thread, *args: object, **kwargs: object) -> None:
        vars(self)[STARTER] = current_call()
        start(self, *args, **kwargs)  # type: ignore[call-arg]

    threading.Thread.start = start_thread  # type: ignore[method-assign]


def find_thread() -> threading.Thread | None:
    """The current thread; None if Python did not start it. `threading.current_thread` would add it to the script's."""
    return getattr(threading, "_active", {}).get(threading.get_ident())


def find_starter() -> Call | None:
    """The call that the current thread works for: the one in which it was started, until the root of that returns."""
    thread = find_thread()
    call: Call | None = None if thread is None else vars(thread).get(STARTER)
    return None if call is None or call.root.ended else call


def finish() -> None:
    """Write what is left, and what a traced call costs."""
    STATE.writer.write_later()
    if not STATE.is_main:
        return
    written = STATE.writer.descriptor
    try:
        STATE.writer.descriptor = os.open(os.devnull, os.O_WRONLY)
        costs = measure_costs()
        os.close(STATE.writer.descriptor)
    except OSError:
        costs = [0.0, 0.0]
    STATE.writer.descriptor = written
    loaded = {name: name in sys.modules for name in ("sklearn", "sklearnex")}
    STATE.writer.write({"exit": True, "costs_s": costs, "loaded": loaded})


def measure_costs() -> list[float]:
    """Seconds that tracing adds to an outermost call and to a call inside of another."""

    def nothing() -> None:
        return None

    def measure(call: object) -> float:
        began = time.perf_counter()
        for _ in range(CALIBRATION_CALLS):
            call()  # type: ignore[operator]
        return (time.perf_counter() - began) / CALIBRATION_CALLS

    plain_s = measure(nothing)
    outer = functools.partial(trace, nothing, (), {}, 0, "calibration", "calibration", False)
    outer_s = measure(outer)
    inner: list[float] = []

    def measure_inner() -> None:
        inner.append(measure(functools.partial(trace, nothing, (), {}, 1, "inner", "inner", False)))

    trace(measure_inner, (), {}, 0, "calibration", "calibration", False)
    return [max(0.0, outer_s - plain_s), max(0.0, inner[0] - plain_s)]


def find_site() -> tuple[str, int] | None:
    """File and line of the nearest frame of the script, or of another file in its folder; None if there is none."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith("<") and "site-packages" not in name and name != __file__:
            path = os.path.realpath(name)
            if path.startswith(STATE.folder) and not path.startswith(sys.prefix + os.sep):
                return path, frame.f_lineno
        frame = frame.f_back
    return None


def trace(
    function: object,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    key: int,
    label: str,
    name: str,
    patched: bool,
) -> object:
    """Call `function`. `key` and `name` recognize a call that continues the surrounding one, as `super().fit()`."""
    stack = STATE.stack()
    top = stack[-1] if stack else None
    if top is not None and ((top.key == key and top.name == name) or len(stack) >= MAX_DEPTH):
        top.patched = top.patched or patched
        return function(*args, **kwargs)  # type: ignore[operator]
    if top is not None:
        call = Call(top.root, (*top.path, label), key, name, patched, top.parallel)
    else:
        site = find_site()
        starter = find_starter() if site is None else None
        if starter is not None and len(starter.path) < MAX_DEPTH:
            call = Call(starter.root, (*starter.path, label), key, name, patched, True)
        else:
            # Without a place it may be a call in a pool of the script's own, at the same time as others.
            is_parallel = site is None and threading.get_ident() != threading.main_thread().ident
            call = Call(Root(site), (label,), key, name, patched, is_parallel)
    if len(call.root.nodes) >= MAX_NODES and call.path not in call.root.nodes:
        return function(*args, **kwargs)  # type: ignore[operator]
    is_root = len(call.path) == 1
    stack.append(call)
    call.start = time.monotonic()
    if is_root:
        call.root.start = call.start
    failed = True
    try:
        result = function(*args, **kwargs)  # type: ignore[operator]
        failed = False
        return result
    finally:
        total_s = time.monotonic() - call.start
        if stack and stack[-1] is call:
            stack.pop()
        if top is not None:
            top.children_s += total_s
        written = call.root
        with STATE.lock:
            if call.root.ended:
                written = Root(call.root.site, call.root.start)
            elif is_root:
                call.root.ended = True
            totals = written.nodes.get(call.path)
            if totals is None:
                totals = written.nodes[call.path] = Totals()
            totals.calls += 1
            totals.total_s += total_s
            totals.self_s += total_s - call.children_s
            totals.errors += failed
            totals.onedal_calls += call.onedal_calls
            totals.onedal_s += call.onedal_s
            totals.calls_with_onedal += call.onedal_calls > 0
            totals.patched = totals.patched or call.patched
            totals.parallel = totals.parallel or call.parallel
            for text, count in call.messages.items():
                if text in totals.messages or len(totals.messages) < MAX_MESSAGES:
                    totals.messages[text] = totals.messages.get(text, 0) + count
        if is_root or written is not call.root:
            STATE.writer.write_root(written)


def current_call() -> Call | None:
    stack = STATE.stack()
    return stack[-1] if stack else find_starter()


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
                    STATE.writer.write({"problem": f"{module.__name__}: {type(error).__name__}: {error}"})

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
