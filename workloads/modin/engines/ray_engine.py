"""Modin on Ray: a Ray of this process's own, which ends with it and leaves nothing."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.formatting import format_bytes
from bench.system.cpu_time import process_cpu_time_s
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines.modin_engine import ModinEngine
from workloads.modin.engines.service_monitor import ServiceMonitor

STORE_TABLE_COPIES = 4
"""The object store holds the table so many times; what is beyond is spilled to the scratch folder."""
MIN_STORE_BYTES = 256 << 20
"""Smallest object store."""
MAX_PAUSE_MS = 900_000
"""How long Ray may be stopped, while the other arm is timed, without counting as dead."""
RAY_SERVICES = ("gcs_server", "raylet")
"""Ray's own processes without which no call ends."""


class RayEngine(ModinEngine):
    """What is the same whoever has started Ray. A subclass loads `ray`."""

    service = "Ray"
    storing = "put into the object store"
    ray: Any

    def check(self, result: Any) -> None:
        """See `Engine`. An error takes the place of a result, and is always so small that it is not in the store."""
        places = self._places(result)
        self.ray.get([ref for ref, place in places.items() if not place["node_ids"] and not place["did_spill"]])

    def _places(self, frame: Any) -> dict[Any, dict[str, Any]]:
        """Where the parts of a frame lie, as this process knows: `node_ids` of who holds it, `object_size` in bytes."""
        locations = importlib.import_module("ray.experimental").get_local_object_locations
        return locations(list(self._references(frame)))

    def _service_processes(self) -> list[psutil.Process]:
        """All of Ray's processes on this machine."""
        raise NotImplementedError

    def _worker_times(self) -> dict[int, float]:
        """See `Modin`. Ray's workers are the processes that have named themselves `ray::`."""
        times = {}
        for process in self._service_processes():
            with suppress(psutil.Error):
                if " ".join(process.cmdline()).startswith("ray::") and "Agent" not in process.name():
                    times[process.pid] = process_cpu_time_s(process.pid)
        return times

    def _stored(self) -> int:
        """See `Modin`: bytes that were ever put into the object stores of all nodes."""
        api = importlib.import_module("ray._private.internal_api")
        # By its address: there may be other Rays on this machine, such as that of the race on fewer cores.
        state = api.get_state_from_address(self.ray.get_runtime_context().gcs_address)
        return int(api.get_memory_info_reply(state).store_stats.cumulative_created_bytes)


class LocalRayEngine(RayEngine):
    """Modin over a Ray of this process's own, which ends with it."""

    def __init__(self, cores: int, held: int, scratch: Path, progress: ProgressReporter) -> None:
        """`held` are the bytes of the table in memory. Raises BadInput where the object store has no room."""
        store = _choose_store_bytes(held)
        began = time.perf_counter()
        progress("importing Ray")
        self.folder = _create_ray_folder(scratch)
        _set_environment(self.folder)
        self.ray = importlib.import_module("ray")
        progress(f"starting Ray on {cores} core{'s' * (cores > 1)}, which takes some seconds")
        self.ray.init(
            address="local",
            # Nobody else on the network has business with it.
            _node_ip_address="127.0.0.1",
            num_cpus=cores,
            include_dashboard=False,
            object_store_memory=store,
            _temp_dir=str(self.folder),
            object_spilling_directory=str(_create_spill_folder(scratch)),
            _system_config={"health_check_timeout_ms": MAX_PAUSE_MS},
            log_to_driver=False,
            configure_logging=False,
        )
        watching = ServiceMonitor([child for child in psutil.Process().children() if child.name() in RAY_SERVICES])
        self._load(watching, self.ray.__version__, cores, began, progress)
        self.facts["Ray"] = f"{cores} workers at most, object store {format_bytes(store)}"

    def _service_processes(self) -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)


def _create_spill_folder(scratch: Path) -> Path:
    """The folder for what the object store has no room for."""
    folder = scratch / "spill"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _choose_store_bytes(held: int) -> int:
    """Size of the object store. Raises BadInput where shared memory has no room for the table twice."""
    wanted = max(MIN_STORE_BYTES, STORE_TABLE_COPIES * held)
    try:
        room = shutil.disk_usage("/dev/shm").free
    except OSError:
        room = psutil.virtual_memory().available // 2  # No shared memory file system: Ray then uses its folder.
    room = min(room, psutil.virtual_memory().available // 2)
    if room < max(MIN_STORE_BYTES, 2 * held):
        raise BadInput(
            f"Ray's object store needs {format_bytes(max(MIN_STORE_BYTES, 2 * held))} of shared memory, and "
            f"{format_bytes(room)} are free",
            "Choose fewer rows or columns, or give /dev/shm more room (docker run --shm-size).",
        )
    return min(wanted, room)


def _create_ray_folder(scratch: Path) -> Path:
    """Ray's own folder in `scratch`, by a name short enough for its sockets: this process's own view of it.

    A socket's path has 107 bytes at most, and Ray's are 60 long below its folder. The kernel's name of an open folder
    goes with the process that opened it, so that nothing has to be removed, however that process ends.
    """
    folder = scratch / "ray"
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")


def _set_environment(folder: Path) -> None:
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
        # What says that Ray shall have no node on another machine: its services listen on 127.0.0.1 alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # As Modin sets it where it starts Ray itself: workers import pandas before their first task.
        "__MODIN_AUTOIMPORT_PANDAS__": "1",
        "PYTHONWARNINGS": "ignore::FutureWarning",
    }
