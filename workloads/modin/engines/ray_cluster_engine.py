"""Modin on a Ray cluster that is there already, named by RAY_ADDRESS where Fairlap was started.

Only whoever runs Fairlap can name one: nobody who opens a page can have it connect to an address of theirs. The cluster
is not the run's own: it is not started, stopped or ended, and its nodes must see the same files by the same paths.
"""

from __future__ import annotations

import importlib
import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil

from bench.formatting import format_bytes
from bench.system.cpu_time import tree_cpu_time_s
from bench.values import Service, Table
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin import calls
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.ray_engine import RAY_SERVICES, RayEngine
from workloads.modin.engines.service_monitor import ServiceMonitor

ADDRESS_VARIABLE = "RAY_ADDRESS"
CONNECT_TIMEOUT_S = 5.0
"""How long the head of the cluster may take to answer."""


class RayClusterEngine(RayEngine):
    """Modin over all processors of an existing Ray cluster."""

    def __init__(self, progress: ProgressReporter) -> None:
        """Raises BadInput where there is no such cluster, or it lets nobody in."""
        address = os.environ.get(ADDRESS_VARIABLE, "")
        _require_reachable(address)
        began = time.perf_counter()
        progress("importing Ray")
        # As many threads as a task has processors is what Ray gives its workers where nobody says otherwise.
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        self.ray = importlib.import_module("ray")
        progress("joining the Ray cluster")
        variables = {"__MODIN_AUTOIMPORT_PANDAS__": "1", "PYTHONWARNINGS": "ignore::FutureWarning"}
        try:
            self.ray.init(
                address=address, runtime_env={"env_vars": variables}, log_to_driver=False, configure_logging=False
            )
        except (ConnectionError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            raise BadInput(
                f"The Ray cluster at {address} cannot be joined: {error}",
                f"See that it runs, that {ADDRESS_VARIABLE} names it, and that RAY_AUTH_TOKEN_PATH is where its token lies.",
            ) from error
        # Its workers need not have Fairlap: the functions that are handed to them go along.
        self.ray.cloudpickle.register_pickle_by_value(calls)
        living = self._living()
        self.known = {node["NodeID"] for node in living}
        self.cores = int(sum(node["Resources"].get("CPU", 0) for node in living))
        session = self.ray._private.worker.global_worker.node.session_name
        self.roots = [one for one in psutil.process_iter() if _is_session_service(one, session)]
        here = {node["NodeID"] for node in living if self._root(node["NodeID"])}
        self.outside = Service(
            what=f"the Ray cluster at {address}",
            cores=self.cores,
            elsewhere=len({node["NodeManagerAddress"] for node in living if node["NodeID"] not in here}),
            pids=[root.pid for root in self.roots],
        )
        self.before = {node: self._spent(node) for node in here}
        self.parts: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        watching = ServiceMonitor(self.roots, self._lost)
        self._load(watching, self.ray.__version__, self.cores, began, progress)
        self.facts["Ray"] = f"{self.outside.what}: {len(living)} nodes, {self.cores} processors"

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, CallExecution]:
        result, note = super().observed(work, given)
        for place in self._places(result).values():
            for node in place["node_ids"]:
                self.parts[node] += 1
                self.bytes[node] += place["object_size"]
        return result, note

    def nodes(self) -> Table:
        rows = []
        for node in sorted(self.ray.nodes(), key=lambda node: node["NodeID"]):
            id, has = node["NodeID"], node["Resources"]
            spent = f"{self._spent(id) - self.before[id]:,.1f} s" if id in self.before else "not told: another machine"
            rows.append(
                [
                    id[:8],
                    f"{node['NodeManagerAddress']} ({node['NodeManagerHostname']})",
                    f"{has.get('CPU', 0):g}",
                    format_bytes(has.get("memory", 0)),
                    format_bytes(has.get("object_store_memory", 0)),
                    "alive" if node["Alive"] else "lost",
                    f"{self.parts[id]:,}",
                    format_bytes(self.bytes[id]),
                    spent,
                ]
            )
        label = f"Nodes of {self.service_name}; parts under 100 KB travel in messages, and lie on none"
        return Table(name="nodes", label=label, columns=NODE_COLUMNS, rows=rows)

    @property
    def service_name(self) -> str:
        return self.outside.what if self.outside else ""

    def _living(self) -> list[dict[str, Any]]:
        return [node for node in self.ray.nodes() if node["Alive"]]

    def _lost(self) -> list[str]:
        """The nodes that were there at the beginning and are no more."""
        try:
            left = {node["NodeID"] for node in self._living()}
        except self.ray.exceptions.RayError:
            return [f"the head of {self.service_name}"]
        return [f"the node {id[:8]} of {self.service_name}" for id in sorted(self.known - left)]

    def _root(self, id: str) -> psutil.Process | None:
        """The process of this machine, if there is one, that is the node."""
        return next((root for root in self.roots if f"--node_id={id}" in _command_line(root)), None)

    def _spent(self, id: str) -> float:
        """Processor seconds of a node of this machine and of all that it has started and that lives."""
        root = self._root(id)
        return 0.0 if root is None else tree_cpu_time_s(root.pid)

    def _service_processes(self) -> list[psutil.Process]:
        return [one for root in self.roots if root.is_running() for one in root.children(recursive=True)]


def _require_reachable(address: str) -> None:
    """Raise BadInput where nobody answers at `address`: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise BadInput(
            f"{ADDRESS_VARIABLE} is {address!r}, which names no Ray cluster",
            f"Set {ADDRESS_VARIABLE} to HOST:PORT of its head, or to auto for one on this machine.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"The Ray cluster at {address} cannot be joined: {error}",
            f"See that it runs, and that {ADDRESS_VARIABLE} names it.",
        ) from error


NODE_COLUMNS = [
    "node",
    "address",
    "processors",
    "memory",
    "object store",
    "state",
    "parts of first results",
    "bytes of those",
    "processor time until the race",
]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _is_session_service(process: psutil.Process, session: str) -> bool:
    """Whether a process is one of the services of this session of Ray's."""
    try:
        return process.name() in RAY_SERVICES and any(session in word for word in _command_line(process))
    except psutil.Error:
        return False
