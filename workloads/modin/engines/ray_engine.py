"""Modin on Ray: what all Ray engines share, and a Ray of this process's own, which ends with it and leaves nothing."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.formatting import format_bytes, format_cores
from bench.system.cpu_time import process_cpu_time_s
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines import modin_adapter, ray_adapter
from workloads.modin.engines.modin_engine import ModinEngine
from workloads.modin.engines.ray_adapter import ObjectPlace
from workloads.modin.engines.service_monitor import ServiceMonitor

STORE_TABLE_COPIES = 4
"""Size of the object store, in copies of the table. What does not fit is spilled to the scratch folder."""
MIN_STORE_TABLE_COPIES = 2
"""Smallest object store, in copies of the table."""
MIN_STORE_BYTES = 256 << 20
"""Smallest object store."""
PROXY_VARIABLES = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "no_proxy", "no_grpc_proxy")
"""Environment variables, in upper or lower case, that a local Ray must not inherit."""
MAX_PAUSE_MS = 900_000
"""How long Ray's processes may be stopped, while the other arm is timed, before Ray counts them as dead."""


class RayEngine(ModinEngine):
    """What all Ray engines share. A subclass sets `ray`."""

    service = "Ray"
    stored_label = "put into the object store"
    ray: Any

    def raise_failure(self, result: Any) -> None:
        # An error takes the place of a result. It is always too small for the object stores, and never spilled.
        places = self._locate_partitions(result)
        self.ray.get([ref for ref, place in places.items() if not place.node_ids and not place.spilled])

    def _locate_partitions(self, frame: Any) -> dict[Any, ObjectPlace]:
        return ray_adapter.locate_objects(modin_adapter.partition_references(frame))

    @abstractmethod
    def _service_processes(self) -> list[psutil.Process]:
        """All processes of Ray on this machine."""

    def _worker_cpu_times_s(self) -> dict[int, float]:
        times = {}
        for process in self._service_processes():
            with suppress(psutil.Error):
                if ray_adapter.is_worker(process):
                    times[process.pid] = process_cpu_time_s(process.pid)
        return times

    def _total_stored_bytes(self) -> int:
        return ray_adapter.read_stored_bytes()


class LocalRayEngine(RayEngine):
    """Modin on a Ray of this process's own, which ends with it."""

    def __init__(self, cores: int, frame_bytes: int, scratch: Path, progress: ProgressReporter) -> None:
        """`frame_bytes` is the size of the table in memory. Raises BadInput if shared memory is too small for it."""
        store_bytes = _choose_store_bytes(frame_bytes)
        started = time.perf_counter()
        progress("importing Ray")
        folder = _create_ray_folder(scratch)
        _set_environment(folder)
        self.ray = ray_adapter.load_ray()
        progress(f"starting Ray: {format_cores(cores)}, which takes some seconds")
        ray_adapter.start_local_ray(
            cores=cores,
            object_store_bytes=store_bytes,
            folder=folder,
            spill_folder=_create_spill_folder(scratch),
            max_pause_ms=MAX_PAUSE_MS,
            while_workers_start=lambda: self._import_meanwhile(cores, progress),
        )
        monitor = ServiceMonitor([child for child in psutil.Process().children() if ray_adapter.is_service(child)])
        self._load(monitor, self.ray.__version__, cores, started, progress)
        self.facts["Ray"] = f"at most {cores} workers, object store {format_bytes(store_bytes)}"

    def _import_meanwhile(self, cores: int, progress: ProgressReporter) -> None:
        """Import what this process needs while Ray's workers start.

        `start_s` includes pandas here, because its import hides about as much of the time that the workers need.
        """
        self._import_modin(cores, progress)
        progress("waiting for Ray's workers")

    def _service_processes(self) -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)


def _create_spill_folder(scratch: Path) -> Path:
    """The folder for objects that do not fit into the object store."""
    folder = scratch / "spill"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _choose_store_bytes(frame_bytes: int) -> int:
    """Size of the object store. Raises BadInput if shared memory is too small for MIN_STORE_TABLE_COPIES."""
    required_bytes = max(MIN_STORE_BYTES, MIN_STORE_TABLE_COPIES * frame_bytes)
    available_bytes = available_memory_bytes() // 2
    # Without a file system in shared memory, Ray uses its own folder instead.
    with suppress(OSError):
        available_bytes = min(available_bytes, shutil.disk_usage("/dev/shm").free)
    if available_bytes < required_bytes:
        raise BadInput(
            f"Ray's object store needs {format_bytes(required_bytes)} of shared memory, and "
            f"{format_bytes(available_bytes)} are available",
            "Choose fewer rows or columns, or enlarge /dev/shm (docker run --shm-size).",
        )
    return min(max(MIN_STORE_BYTES, STORE_TABLE_COPIES * frame_bytes), available_bytes)


def _create_ray_folder(scratch: Path) -> Path:
    """Create Ray's own folder in `scratch`, and return a name of it that is short enough for its sockets.

    The path of a socket has at most 107 bytes, and Ray uses up to 60 of them below its folder. The returned name is
    that of an open file descriptor of this process under /proc. The kernel removes it when the process ends, however it
    ends.
    """
    folder = scratch / "ray"
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")


def _set_environment(folder: Path) -> None:
    """Set the environment that Ray reads: a token that only this user can read, no usage statistics, no network."""
    token = folder / "auth_token"
    descriptor = os.open(token, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    # If the operator's shell names a cluster, Ray would join it. Without OMP_NUM_THREADS, Ray gives each worker as many
    # threads as its task has cores.
    for inherited in ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_TMPDIR", "OMP_NUM_THREADS"):
        os.environ.pop(inherited, None)
    # gRPC would send even calls to 127.0.0.1 to a proxy. All of this Ray is on this machine.
    for name in [name for name in os.environ if name.lower() in PROXY_VARIABLES]:
        del os.environ[name]
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        **ray_adapter.LOCAL_ENVIRONMENT,
        **modin_adapter.WORKER_ENVIRONMENT,
    }
