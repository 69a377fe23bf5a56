"""Adapter of Ray: the only module that uses names, parameters and formats that Ray does not document.

These are parameters of `ray.init` for one private node, the services that such a node starts, the totals of the object
stores, the places of objects, the name of the session, the dictionaries that describe nodes, and how Ray names its
processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from bench.system.process_tree import end_descendants
from bench.workload.library_guard import LibraryGuard
from workloads.modin.engines.errors import EngineFault

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
_UNUSED_STARTS = ("start_monitor", "start_log_monitor", "start_api_server")
"""Methods that start processes which no task uses: the autoscaler of a cluster that grows, the one that copies the
output of workers to the driver, and the server of the dashboard and the usage statistics, which are both off."""
_AGENT_OPTIONS = ("--dashboard_agent_command=", "--runtime_env_agent_command=")
"""Options of the raylet: the commands of two agents, which serve the dashboard, metrics and the packages of tasks. No
task uses them, and each takes a second of CPU time until it has started. The raylet waits for both."""
_IDLE_COMMAND = "cat"
"""Runs in place of an agent, because the raylet ends when an agent ends. It reads a pipe from the raylet, and ends with
the raylet."""
_AGENT_PORTS = {
    "METRICS_AGENT_PORT_NAME": -1,
    "METRICS_EXPORT_PORT_NAME": -1,
    "DASHBOARD_AGENT_LISTEN_PORT_NAME": -1,
    # Only for tasks with packages of their own. It must be positive, and nothing listens there.
    "RUNTIME_ENV_AGENT_PORT_NAME": 1,
}
"""Names and values of the ports that the raylet waits for; -1 if there is none."""
_REGISTRATION_POLL_S, _MAX_REGISTRATION_S = 0.01, 10.0
"""For the raylet and its workers. Ray itself looks once a second whether the raylet has registered itself."""
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
    *,
    cores: int,
    object_store_bytes: int,
    folder: Path,
    spill_folder: Path,
    max_pause_ms: int,
    while_workers_start: Callable[[], None] = lambda: None,
) -> None:
    """Start a Ray of one node on 127.0.0.1, which ends with this process.

    `folder` is for its sockets and logs, `spill_folder` for objects that do not fit into the object store. Ray does not
    count as dead if its processes are stopped for at most `max_pause_ms`. `while_workers_start` is called as soon as
    the workers have begun to start, and again in a second attempt. Raises EngineFault if Ray does not start in time.
    """
    timeout: Exception | None = None
    ray = load_ray()
    for _ in range(START_ATTEMPTS):
        try:
            with _change_start(cores, while_workers_start):
                ray.init(
                    address="local",
                    _node_ip_address="127.0.0.1",
                    num_cpus=cores,
                    include_dashboard=False,
                    object_store_memory=object_store_bytes,
                    _temp_dir=str(folder),
                    object_spilling_directory=str(spill_folder),
                    _system_config={
                        "health_check_timeout_ms": max_pause_ms,
                        # Else as many workers start again when this process joins.
                        "prestart_worker_first_driver": False,
                    },
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
    raise EngineFault(
        f"Ray did not start, in {START_ATTEMPTS} attempts of 30 s each", "Reduce the background load, and run again."
    ) from timeout


@contextmanager
def _change_start(workers: int, while_workers_start: Callable[[], None]) -> Iterator[None]:
    """Inside the block, a Ray starts without the processes of `_UNUSED_STARTS` and the agents of its raylet.

    Each takes a second of CPU time. Its `workers` start as soon as the raylet has registered itself, and then
    `while_workers_start` is called. Ray itself would start them when this process joins the raylet, and would let it
    wait, with Python's global lock held, until they have started.
    """
    node_module, services = GUARD.require("ray._private.node"), GUARD.require("ray._private.services")
    start_process = GUARD.require("ray._private.services:start_ray_process")
    persist_port = GUARD.require("ray._raylet:persist_port")
    python = GUARD.require("ray.core.generated.common_pb2:PYTHON")
    ports = {GUARD.require(f"ray._raylet:{name}"): port for name, port in _AGENT_PORTS.items()}
    for name in _UNUSED_STARTS:
        # Without it, Ray would start the process by another method, and the race would not notice.
        GUARD.require(f"ray._private.node:Node.{name}")
    node_class = node_module.Node

    def start_nothing(self: Any, **_: Any) -> None:
        return None

    def start_raylet(self: Any, *arguments: Any, **options: Any) -> None:
        for name, port in ports.items():
            persist_port(self.get_session_dir_path(), self.node_id, name, port)
        node_class.start_raylet(self, *arguments, **options)
        port = _wait_for_registration(self.get_gcs_client())
        if port is None:
            while_workers_start()
            return
        with _open_raylet(port) as (raylet, messages):
            request = messages.PrestartWorkersRequest(language=python, num_workers=workers)
            raylet.PrestartWorkers(request, timeout=_MAX_REGISTRATION_S)
            while_workers_start()
            _wait_for_workers(raylet, messages, workers)

    def start_without_agents(command: list[str], *arguments: Any, **options: Any) -> Any:
        return start_process([_replace_agent(word) for word in command], *arguments, **options)

    methods = dict.fromkeys(_UNUSED_STARTS, start_nothing) | {"start_raylet": start_raylet}
    node_module.Node = type("Node", (node_class,), methods)
    services.start_ray_process = start_without_agents
    try:
        yield
    finally:
        node_module.Node, services.start_ray_process = node_class, start_process


def _replace_agent(word: str) -> str:
    """A word of the raylet's command line, with `_IDLE_COMMAND` as the command of an agent."""
    return next((option + _IDLE_COMMAND for option in _AGENT_OPTIONS if word.startswith(option)), word)


def _wait_for_registration(gcs_client: Any) -> int | None:
    """Wait until a raylet has registered itself, and return its port.

    None if it does not within `_MAX_REGISTRATION_S`. Ray then waits further.
    """
    give_up_at = time.monotonic() + _MAX_REGISTRATION_S
    while time.monotonic() < give_up_at:
        for node in gcs_client.get_all_node_info().values():
            return node.node_manager_port
        time.sleep(_REGISTRATION_POLL_S)
    return None


@contextmanager
def _open_raylet(port: int) -> Iterator[tuple[Any, ModuleType]]:
    """The services of the raylet at `port` of this machine, and the module of their messages."""
    open_channel = GUARD.require("ray._private.grpc_utils:init_grpc_channel")
    services = GUARD.require("ray.core.generated.node_manager_pb2_grpc")
    with open_channel(f"127.0.0.1:{port}", options=[]) as channel:
        yield services.NodeManagerServiceStub(channel), GUARD.require("ray.core.generated.node_manager_pb2")


def _wait_for_workers(raylet: Any, messages: ModuleType, count: int) -> None:
    """Wait until `count` workers have registered themselves, because an earlier task would start one more worker.

    If they do not within `_MAX_REGISTRATION_S`, the first task waits further.
    """
    give_up_at = time.monotonic() + _MAX_REGISTRATION_S
    while time.monotonic() < give_up_at:
        reply = raylet.GetNodeStats(messages.GetNodeStatsRequest(), timeout=_MAX_REGISTRATION_S)
        if len(reply.core_workers_stats) >= count:
            return
        time.sleep(_REGISTRATION_POLL_S)


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
    # By address, because there may be other Rays on this machine, such as that of a race on fewer cores.
    internal_api, state = _open_state(load_ray().get_runtime_context().gcs_address)
    return int(internal_api.get_memory_info_reply(state).store_stats.cumulative_created_bytes)


@cache
def _open_state(gcs_address: str) -> tuple[ModuleType, Any]:
    """The module that asks for the state of a cluster, and the state of the one at `gcs_address`."""
    internal_api = GUARD.require("ray._private.internal_api")
    return internal_api, internal_api.get_state_from_address(gcs_address)


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
