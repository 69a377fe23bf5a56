"""What executes an arm's calls: pandas in its own process, or Modin on a Ray of the arm's own."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.workload import BadInput, Progress
from workloads.modin.watch import watch

STORE_TIMES = 4
"""The object store holds the table so many times; what is beyond is spilled to the scratch folder."""
STORE_BYTES = 256 << 20
"""Smallest object store."""
WORKED_S = 0.001
"""Processor time from which a worker counts as having worked, and not merely looked whether there was any."""
SHORT = "flr-"
"""Beginning of the short names under which Ray finds its folders."""
LONGEST_FREEZE_MS = 900_000
"""How long Ray may be stopped, while the other arm is timed, without counting as dead."""


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
    """Bytes that were newly put into the object store."""
    workers: int = 0
    """Ray's worker processes that used a processor."""
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

    def wait(self, result: Any) -> None:
        """Return when `result` has been computed."""

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, Note]:
        """Do `work`, which works on the frame `given`, to its end, and tell how it was executed."""

    def plain(self, result: Any) -> Any:
        """`result` as pandas has it."""


class Pandas:
    """pandas in this process: a result is there when its call returns."""

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


@dataclass(slots=True)
class Warned:
    """Keeps what Modin warns of: it warns where it hands a call to pandas."""

    said: list[str] = field(default_factory=list)

    def __call__(self, message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None):
        self.said.append(str(message))

    def defaulted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(words for words in self.said if "efaulting to pandas" in words))


class ModinOnRay:
    """Modin over a Ray of this process's own, which ends with it."""

    def __init__(self, cores: int, held: int, scratch: Path, progress: Progress) -> None:
        """`held` are the bytes of the table in memory. Raises BadInput where the object store has no room."""
        store = _store_bytes(held)
        began = time.perf_counter()
        progress("importing Ray")
        self.folder = _folder(scratch)
        _environment(self.folder)
        self.ray = importlib.import_module("ray")
        progress(f"starting Ray on {cores} cores, which takes some seconds")
        self.ray.init(
            address="local",
            num_cpus=cores,
            include_dashboard=False,
            object_store_memory=store,
            _temp_dir=str(self.folder),
            _system_config={"health_check_timeout_ms": LONGEST_FREEZE_MS},
            log_to_driver=False,
            configure_logging=False,
        )
        watch()
        ray_s = time.perf_counter() - began
        progress("importing Modin")
        config = importlib.import_module("modin.config")
        config.Engine.put("Ray")
        config.CpuCount.put(cores)
        config.NPartitions.put(cores)
        self.pd = importlib.import_module("modin.pandas")
        self.execute = importlib.import_module("modin.utils").execute
        self.warned = Warned()
        warnings.simplefilter("always")
        warnings.showwarning = self.warned
        self.started_s = time.perf_counter() - began
        modin = importlib.import_module("modin")
        self.facts = {
            "engine": f"Modin {modin.__version__} on Ray {self.ray.__version__}",
            "start": f"{self.started_s:.1f} s: Ray {ray_s:.1f} s, Modin {self.started_s - ray_s:.1f} s",
            "Ray": f"{cores} workers at most, object store {store / 2**20:,.0f} MiB",
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
        spent = {pid: s - before.get(pid, 0.0) for pid, s in self._worker_times().items()}
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

    def _references(self, frame: Any) -> set[Any]:
        """The object references of a frame's partitions."""
        if not hasattr(frame, "_query_compiler"):
            return set()
        partitions = frame._query_compiler._modin_frame._partitions.ravel()
        return {data for partition in partitions for data in partition.list_of_blocks}

    def _worker_times(self) -> dict[int, float]:
        """Processor seconds of Ray's workers by pid. They are the processes that have named themselves `ray::`."""
        times = {}
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error, OSError):
                if " ".join(process.cmdline()).startswith("ray::") and "Agent" not in process.name():
                    # The kernel's clock of that process (clock_getcpuclockid), finer than the ticks of /proc.
                    times[process.pid] = time.clock_gettime((~process.pid << 3) | 2)
        return times

    def _stored(self) -> int:
        """Bytes that were ever put into the object store."""
        api = importlib.import_module("ray._private.internal_api")
        state = api.get_state_from_address(None)
        return int(api.get_memory_info_reply(state).store_stats.cumulative_created_bytes)


def start(lever: str, cores: int, held: int, scratch: Path, progress: Progress) -> Engine:
    """The engine of one arm."""
    return Pandas(progress) if lever == "pandas" else ModinOnRay(cores, held, scratch, progress)


def _store_bytes(held: int) -> int:
    """Size of the object store. Raises BadInput where shared memory has no room for the table twice."""
    wanted = max(STORE_BYTES, STORE_TIMES * held)
    try:
        room = shutil.disk_usage("/dev/shm").free
    except OSError:
        room = psutil.virtual_memory().available // 2  # No shared memory file system: Ray then uses its folder.
    room = min(room, psutil.virtual_memory().available // 2)
    if room < max(STORE_BYTES, 2 * held):
        raise BadInput(
            f"Ray's object store needs {max(STORE_BYTES, 2 * held) / 2**20:,.0f} MiB of shared memory, and "
            f"{room / 2**20:,.0f} MiB are free",
            "Choose fewer rows or columns, or give /dev/shm more room (docker run --shm-size).",
        )
    return min(wanted, room)


def _folder(scratch: Path) -> Path:
    """Ray's own folder, by a name short enough for its sockets: a link in the temporary folder to one in `scratch`.

    A socket's path has 107 bytes at most, and Ray's are 60 long below its folder. What lies there goes with the
    scratch folder; links whose folder is gone are removed here, as nobody is left to do it when an arm is killed.
    """
    short = Path(tempfile.gettempdir())
    for link in short.glob(f"{SHORT}*"):
        with suppress(OSError):
            if link.is_symlink() and link.lstat().st_uid == os.getuid() and not link.exists():
                link.unlink()
    folder = scratch / "ray"
    folder.mkdir(mode=0o700)
    link = short / f"{SHORT}{secrets.token_hex(4)}"
    link.symlink_to(folder, target_is_directory=True)
    return link


def _environment(folder: Path) -> None:
    """What Ray reads of the environment: a token of its own that nobody else can read, and no word to anybody."""
    token = folder / "auth_token"
    descriptor = os.open(token, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    # Where the operator's shell points to a cluster, this Ray would be that one. As many threads as a task has
    # processors is what Ray gives its workers where nobody says otherwise.
    for inherited in ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_TMPDIR", "OMP_NUM_THREADS"):
        os.environ.pop(inherited, None)
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # As Modin sets it where it starts Ray itself: workers import pandas before their first task.
        "__MODIN_AUTOIMPORT_PANDAS__": "1",
        "PYTHONWARNINGS": "ignore::FutureWarning",
    }
