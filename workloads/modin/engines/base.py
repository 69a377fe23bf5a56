"""What executes an arm's calls: pandas in its own process, or Modin over workers that `on_ray` and `on_dask` start."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.values import Service, Table
from bench.workload.declaration import BadInput, Progress
from workloads.modin.engines.service_monitor import Watch

WORKED_S = 0.001
"""Processor time from which a worker counts as having worked, and not merely looked whether there was any."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of one call's execution, beside its time."""

    first_s: float
    """Time to the result."""
    rows: int = 1
    columns: int = 1
    """Partitions of the result, or of the input where the result has none."""
    defaulted: tuple[str, ...] = ()
    """Modin's words where it handed the call to pandas."""
    references: bool = False
    """Whether the result consists of the input's own partitions: nothing was computed."""
    stored: int = 0
    """Bytes that were newly stored; the engine's `storing` says where."""
    workers: int = 0
    """Worker processes that used a processor."""
    processor_s: float = 0.0
    """Processor time of those."""
    started: int = 0
    """Processes that Ray started for the call."""


class Engine(Protocol):
    """Executes calls."""

    pd: Any
    """pandas, or what stands in for it."""
    facts: dict[str, str]
    started_s: float
    """How long it took to import and start what comes on top of pandas."""
    service: str
    """What works for it in processes of its own, by name; empty where nothing does."""
    storing: str
    """What a note's `stored` counts, in words that go after the bytes."""
    outside: Service | None
    """What works for it and is not this process's own."""

    def wait(self, result: Any) -> None:
        """Return when `result` has been computed."""

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, Note]:
        """Do `work`, which works on the frame `given`, to its end, and tell how it was executed."""

    def plain(self, result: Any) -> Any:
        """`result` as pandas has it."""

    def check(self, result: Any) -> None:
        """Raise what went wrong where `result`, which was waited for, has not come about. For outside of clocks."""

    def explained(self) -> AbstractContextManager[None]:
        """Turns what goes wrong inside for want of room, or of who works, into BadInput or the like."""

    def nodes(self) -> Table | None:
        """The machines of a service that is not its own, and what each did so far."""


class Pandas:
    """pandas in this process: a result is there when its call returns."""

    service = ""
    storing = ""
    outside = None

    def __init__(self, progress: Progress) -> None:
        progress("importing pandas")
        self.pd = importlib.import_module("pandas")
        # Both arms import pandas before either engine starts: what counts is what Modin costs beyond it.
        self.started_s = 0.0
        self.facts = {"engine": f"pandas {self.pd.__version__}"}

    def wait(self, result: Any) -> None:
        return None

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, Note]:
        began = time.perf_counter()
        result = work()
        return result, Note(time.perf_counter() - began)

    def plain(self, result: Any) -> Any:
        return result

    def check(self, result: Any) -> None:
        return None

    def explained(self) -> AbstractContextManager[None]:
        return explained()

    def nodes(self) -> Table | None:
        return None


@dataclass(slots=True)
class Warned:
    """Keeps what Modin warns of: it warns where it hands a call to pandas."""

    said: list[str] = field(default_factory=list)

    def __call__(self, message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None):
        self.said.append(str(message))

    def defaulted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(words for words in self.said if "efaulting to pandas" in words))


class Modin:
    """Modin over the worker processes of a service, which a subclass starts before it calls `_load`."""

    service = ""
    storing = ""
    outside: Service | None = None

    def _load(self, watching: Watch, version: str, cores: int, began: float, progress: Progress) -> None:
        """Import Modin for the service of this `version`, which `watching` watches over, and cut tables into `cores`
        parts either way.

        `began` is when the service began to start, by `time.perf_counter`.
        """
        self.watching = watching
        service_s = time.perf_counter() - began
        progress("importing Modin")
        config = importlib.import_module("modin.config")
        config.Engine.put(self.service)
        config.CpuCount.put(cores)
        config.NPartitions.put(cores)
        self.pd = importlib.import_module("modin.pandas")
        self.execute = importlib.import_module("modin.utils").execute
        self.warned = Warned()
        warnings.simplefilter("always")
        warnings.showwarning = self.warned
        modin_s = time.perf_counter() - began - service_s
        # The workers start, and import pandas, when there is something to do.
        progress("first task of Modin")
        with self.explained():
            self.execute(self.pd.DataFrame({"number": range(FIRST_ROWS * cores)}).map(abs))
        self.started_s = time.perf_counter() - began
        modin = importlib.import_module("modin")
        self.facts = {
            "engine": f"Modin {modin.__version__} on {self.service} {version}",
            "start": f"{self.started_s:.1f} s: {self.service} {service_s:.1f} s, "
            f"Modin {modin_s:.1f} s, its first task {self.started_s - service_s - modin_s:.1f} s",
            "clock": "stops when modin.utils.execute says that every partition of the result is computed",
        }

    def wait(self, result: Any) -> None:
        self.execute(result)

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, Note]:
        self.warned.said.clear()
        before, stored = self._worker_times(), self._stored()
        began = time.perf_counter()
        result = work()
        self.wait(result)
        first_s = time.perf_counter() - began
        self.check(result)
        spent = {pid: max(0.0, s - before.get(pid, 0.0)) for pid, s in self._worker_times().items()}
        frame = result if hasattr(result, "_query_compiler") else given
        rows, columns = frame._query_compiler._modin_frame._partitions.shape
        refs, inputs = self._references(result), self._references(given)
        return result, Note(
            first_s=first_s,
            rows=rows,
            columns=columns,
            defaulted=self.warned.defaulted(),
            references=bool(refs) and refs <= inputs,
            stored=max(0, self._stored() - stored),
            workers=sum(s > WORKED_S for s in spent.values()),
            processor_s=sum(spent.values()),
            started=len(spent.keys() - before.keys()),
        )

    def plain(self, result: Any) -> Any:
        return result._to_pandas() if hasattr(result, "_to_pandas") else result

    @contextmanager
    def explained(self) -> Iterator[None]:
        with self.watching.blamed(), explained():
            yield

    def nodes(self) -> Table | None:
        return None

    def check(self, result: Any) -> None:
        raise NotImplementedError

    def _references(self, frame: Any) -> set[Any]:
        """What a frame's partitions are known by in the service."""
        if not hasattr(frame, "_query_compiler"):
            return set()
        partitions = frame._query_compiler._modin_frame._partitions.ravel()
        return {data for partition in partitions for data in partition.list_of_blocks}

    def _worker_times(self) -> dict[int, float]:
        """Processor seconds of the service's workers by pid."""
        raise NotImplementedError

    def _stored(self) -> int:
        """Bytes that have been stored so far, as `storing` says."""
        raise NotImplementedError


FIRST_ROWS = 64
"""Rows a core of the table of the first task: more than the fewest that Modin cuts in two."""
FAULTS = (
    ("OutOfDiskError", "the disk is full on which the object store puts what it has no room for", "Free space on it"),
    ("ObjectStoreFullError", "the object store has no room for the results", "Give it more shared memory"),
    ("OutOfMemoryError", "memory ran out, and a worker was ended", "Close what else uses memory"),
    ("No space left on device", "the disk is full to which the call writes", "Free space on it"),
)
"""What an error or its text names, what it means, and what to do, other than asking for less."""


UNFIT = (ValueError, TypeError, KeyError, AssertionError)
"""What a call raises that does not work on a table; Modin asserts where it has no better word."""


def said(error: Exception) -> str:
    """The first line of what an error says, or its kind; of one that Ray has brought from a worker, of its cause."""
    cause = getattr(error, "cause", None) or error
    return next(iter(str(cause).strip().splitlines()), "") or type(cause).__name__


@contextmanager
def explained(faults: Iterable[tuple[str, str, str]] = FAULTS) -> Iterator[None]:
    """Raise BadInput for an error in which one of `faults` is named; others pass."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        words = f"{[kind.__name__ for kind in type(error).__mro__]} {error}"
        for name, what, remedy in faults:
            if name in words:
                raise BadInput(what[:1].upper() + what[1:], f"{remedy}, or choose fewer rows or columns.") from error
        raise


def start(lever: str, cores: int, held: int, scratch: Path, progress: Progress, *, existing: bool = False) -> Engine:
    """The engine of one arm. `held` are the bytes of the table in memory; with `existing`, Modin works with the cluster
    that the environment names. Raises BadInput."""
    match lever:
        case "pandas":
            return Pandas(progress)
        case "modin-ray" if existing:
            from workloads.modin.engines.ray_cluster_engine import ModinOnCluster

            return ModinOnCluster(progress)
        case _ if existing:
            raise BadInput(f"{lever} takes no existing cluster", "Choose Modin on Ray, or a start for the run.")
        case "modin-ray":
            from workloads.modin.engines.ray_engine import ModinOnRay

            return ModinOnRay(cores, held, scratch, progress)
        case "modin-dask":
            from workloads.modin.engines.dask_engine import ModinOnDask

            return ModinOnDask(cores, held, scratch, progress)
    raise BadInput(f"There is no engine {lever!r}", "Choose pandas, modin-ray or modin-dask.")
