"""The traced calls that have not returned, in each thread of this process, and the one that a new call belongs to.

It runs inside the user's program: it imports the standard library only, and prints nothing.

A call begins a root if no traced call surrounds it in its thread, and if its thread was not started inside of one that
still runs; traced calls inside of it are its nodes.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
import time

from fairlap_trace_file import Root, Totals, TraceWriter

MAX_DEPTH = 12
MAX_NODES = 400
"""Different calls inside of a root; further ones count as part of the call that makes them."""
CALIBRATION_CALLS = 200
STARTER = "_fairlap_starter"
"""Attribute of a thread: the call in which it was started."""
OWN_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


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


def start() -> None:
    """Begin a trace of this process."""
    global STATE
    STATE = State()
    watch_threads()
    os.register_at_fork(after_in_child=lambda: STATE.forget())
    atexit.register(finish)


def write_problem(text: str) -> None:
    """Report what could not be traced."""
    STATE.writer.write({"problem": text})


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
        if not name.startswith("<") and "site-packages" not in name and not name.startswith(OWN_FOLDER):
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
            totals.add_messages(call.messages)
        if is_root or written is not call.root:
            STATE.writer.write_root(written)


def current_call() -> Call | None:
    stack = STATE.stack()
    return stack[-1] if stack else find_starter()
