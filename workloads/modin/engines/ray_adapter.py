"""Adapter of Ray: the only module that uses names, parameters and formats that Ray does not document.

These are parameters of `ray.init` for one private node, the totals of the object stores, the places of objects, the
name of the session, the dictionaries that describe nodes, and how Ray names its processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from bench.system.process_tree import end_descendants
from bench.workload.interface import BadInput
from bench.workload.library_guard import LibraryGuard

GUARD = LibraryGuard(
    "ray", "==2.60.*", "start a Ray that no other machine can reach, and see what its workers and object stores do"
)

LOCAL_ENVIRONMENT = {
    # Without support for nodes on other machines, the services of Ray listen on 127.0.0.1 only.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Undocumented environment variables of a Ray that is started for one run."""
START_ATTEMPTS = 2
"""Ray gives itself 30 s to start, which no setting changes. When its files come from a cold disk that may not suffice;
the second attempt finds them in memory."""
_SERVICE_NAMES = ("gcs_server", "raylet")
"""Names of Ray's own processes. Without them no call ends."""
_START_TIMEOUT = "timed out during startup"
_WORKER_TITLE = "ray::"
_AGENT_NAME = "Agent"


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Where an object is, as far as this process knows."""

    node_ids: tuple[str, ...]
    """The nodes whose object stores hold the object. Objects under about 100 KB are in none."""
    size_bytes: int
    spilled: bool
    """Whether the object was written to disk."""


@dataclass(frozen=True, slots=True)
class RayNode:
    """A node of a cluster."""

    id: str
    address: str
    host: str
    is_alive: bool
    cores: float
    memory_bytes: float
    object_store_bytes: float


@cache
def load_ray() -> Any:
    """Import Ray. Raises UnsupportedLibrary if the installed Ray is not a tested version."""
    return GUARD.require("ray")


def start_local_ray(
    *, cores: int, object_store_bytes: int, folder: Path, spill_folder: Path, max_pause_ms: int
) -> None:
    """Start a Ray of one node on 127.0.0.1, which ends with this process.

    `folder` is for its sockets and logs, `spill_folder` for objects that do not fit into the object store. Ray does not
    count as dead if its processes are stopped for at most `max_pause_ms`. Raises BadInput if Ray does not start in
    time.
    """
    timeout: Exception | None = None
    for _ in range(START_ATTEMPTS):
        try:
            load_ray().init(
                address="local",
                _node_ip_address="127.0.0.1",
                num_cpus=cores,
                include_dashboard=False,
                object_store_memory=object_store_bytes,
                _temp_dir=str(folder),
                object_spilling_directory=str(spill_folder),
                _system_config={"health_check_timeout_ms": max_pause_ms},
                log_to_driver=False,
                configure_logging=False,
            )
            return
        except Exception as error:
            # Ray raises a plain Exception, which only its text tells apart from others.
            if _START_TIMEOUT not in str(error):
                raise
            timeout = error
            # Ray leaves what it has started of itself.
            end_descendants()
    raise BadInput(
        f"Ray did not start, in {START_ATTEMPTS} attempts of 30 s each", "Reduce the background load, and run again."
    ) from timeout


def locate_objects(references: Iterable[Any]) -> dict[Any, ObjectPlace]:
    """Where objects are, by their reference, without asking other processes."""
    places = _load_object_locator()(list(references))
    return {
        # The size is None as long as it is unknown.
        reference: ObjectPlace(tuple(place["node_ids"]), place["object_size"] or 0, place["did_spill"])
        for reference, place in places.items()
    }


@cache
def _load_object_locator() -> Any:
    return GUARD.require("ray.experimental:get_local_object_locations")


def read_stored_bytes() -> int:
    """Bytes that were ever put into the object stores of all nodes of this process's cluster."""
    internal_api = GUARD.require("ray._private.internal_api")
    # By address, because there may be other Rays on this machine, such as that of a race on fewer cores.
    state = internal_api.get_state_from_address(load_ray().get_runtime_context().gcs_address)
    return int(internal_api.get_memory_info_reply(state).store_stats.cumulative_created_bytes)


def list_nodes() -> list[RayNode]:
    """All nodes of this process's cluster, also those that are gone. Raises ray.exceptions.RayError."""
    return [
        RayNode(
            id=node["NodeID"],
            address=node["NodeManagerAddress"],
            host=node["NodeManagerHostname"],
            is_alive=node["Alive"],
            cores=node["Resources"].get("CPU", 0),
            memory_bytes=node["Resources"].get("memory", 0),
            object_store_bytes=node["Resources"].get("object_store_memory", 0),
        )
        for node in load_ray().nodes()
    ]


def send_functions_by_value(module: ModuleType) -> None:
    """Send the functions of `module` to the workers with each task, because the workers cannot import it."""
    GUARD.require("ray.cloudpickle:register_pickle_by_value")(module)


def is_service(process: psutil.Process) -> bool:
    """Whether a process is one of Ray's services. Raises psutil.Error."""
    return process.name() in _SERVICE_NAMES


def list_session_services() -> list[psutil.Process]:
    """The services of this process's Ray that run on this machine."""
    session_name = GUARD.require("ray._private.worker:global_worker.node.session_name")
    services = []
    for process in psutil.process_iter():
        try:
            if is_service(process) and any(session_name in word for word in process.cmdline()):
                services.append(process)
        except psutil.Error:
            continue  # It has ended, or belongs to another user and is not ours.
    return services


def is_node_process(process: psutil.Process, node_id: str) -> bool:
    """Whether a service is the one that manages the node `node_id`."""
    try:
        return f"--node_id={node_id}" in process.cmdline()
    except psutil.Error:
        return False


def is_worker(process: psutil.Process) -> bool:
    """Whether a process of Ray executes tasks. Raises psutil.Error."""
    return " ".join(process.cmdline()).startswith(_WORKER_TITLE) and _AGENT_NAME not in process.name()
