"""Modin on an existing Ray cluster, which RAY_ADDRESS names.

Only the person who starts Fairlap can set RAY_ADDRESS, so a visitor of a page cannot make it connect to an address of
their choice. Fairlap does not start, stop or end the cluster. Its nodes must see the same files under the same paths.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil

from bench.formatting import format_bytes, format_count
from bench.system.cpu_time import tree_cpu_time_s
from bench.values.arms import Service
from bench.values.output import Table
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin import calls
from workloads.modin.engines import modin_adapter, ray_adapter
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.pandas_engine import import_pandas
from workloads.modin.engines.ray_engine import RayEngine
from workloads.modin.engines.service_monitor import ServiceMonitor

ADDRESS_VARIABLE = "RAY_ADDRESS"
CONNECT_TIMEOUT_S = 5.0
"""How long the head of the cluster may take to answer."""
NODE_COLUMNS = [
    "node",
    "address",
    "cores",
    "memory",
    "object store",
    "state",
    "parts of first results",
    "bytes of those",
    "CPU time until the race",
]


class RayClusterEngine(RayEngine):
    """Modin on all cores of an existing Ray cluster."""

    def __init__(self, progress: ProgressReporter) -> None:
        """Raises BadInput if there is no such cluster, or if it refuses the connection."""
        address = os.environ.get(ADDRESS_VARIABLE, "")
        _require_reachable(address)
        import_pandas(progress)
        started = time.perf_counter()
        progress("importing Ray")
        # Without this variable, Ray gives each worker as many threads as its task has cores.
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        self.ray = ray_adapter.load_ray()
        progress("joining the Ray cluster")
        self._join(address)
        # The workers need not have Fairlap installed.
        ray_adapter.send_functions_by_value(calls)
        nodes = _list_living_nodes()
        self.initial_node_ids = {node.id for node in nodes}
        cores = int(sum(node.cores for node in nodes))
        self.session_services = ray_adapter.list_session_services()
        local_node_ids = {node.id for node in nodes if self._find_node_process(node.id)}
        self.cluster_label = f"the Ray cluster at {address}"
        self.external_service = Service(
            what=self.cluster_label,
            cores=cores,
            elsewhere=len({node.address for node in nodes if node.id not in local_node_ids}),
            pids=[process.pid for process in self.session_services],
        )
        self.initial_cpu_s = {node_id: self._node_cpu_time_s(node_id) for node_id in local_node_ids}
        self.partition_counts: Counter[str] = Counter()
        self.partition_bytes: Counter[str] = Counter()
        monitor = ServiceMonitor(self.session_services, self._list_lost_nodes)
        self._import_modin(cores, progress)
        self._load(monitor, self.ray.__version__, cores, started, progress)
        self.facts["Ray"] = f"{self.cluster_label}: {format_count(len(nodes), 'node')}, {cores} cores"

    def _join(self, address: str) -> None:
        try:
            self.ray.init(
                address=address,
                runtime_env={"env_vars": modin_adapter.WORKER_ENVIRONMENT},
                log_to_driver=False,
                configure_logging=False,
            )
        except (ConnectionError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            raise BadInput(
                f"Fairlap cannot join the Ray cluster at {address}: {error}",
                f"Check that the cluster runs, that {ADDRESS_VARIABLE} is its address, and that RAY_AUTH_TOKEN_PATH is "
                "the path of its token.",
            ) from error

    def observe(self, work: Callable[[], Any], table: Any) -> tuple[Any, CallExecution]:
        result, execution = super().observe(work, table)
        for place in self._locate_partitions(result).values():
            for node_id in place.node_ids:
                self.partition_counts[node_id] += 1
                self.partition_bytes[node_id] += place.size_bytes
        return result, execution

    def describe_nodes(self) -> Table:
        rows = [
            [
                node.id[:8],
                f"{node.address} ({node.host})",
                f"{node.cores:g}",
                format_bytes(node.memory_bytes),
                format_bytes(node.object_store_bytes),
                "alive" if node.is_alive else "lost",
                f"{self.partition_counts[node.id]:,}",
                format_bytes(self.partition_bytes[node.id]),
                self._describe_cpu_time(node.id),
            ]
            for node in sorted(ray_adapter.list_nodes(), key=lambda node: node.id)
        ]
        label = f"Nodes of {self.cluster_label}. Parts under 100 KB travel in messages and are stored on no node"
        return Table(name="nodes", label=label, columns=NODE_COLUMNS, rows=rows)

    def _describe_cpu_time(self, node_id: str) -> str:
        if node_id not in self.initial_cpu_s:
            return "unknown: another machine"
        return f"{self._node_cpu_time_s(node_id) - self.initial_cpu_s[node_id]:,.1f} s"

    def _list_lost_nodes(self) -> list[str]:
        """Names of the nodes that were there at the start and are gone."""
        try:
            node_ids = {node.id for node in _list_living_nodes()}
        except self.ray.exceptions.RayError:
            return [f"the head of {self.cluster_label}"]
        return [f"the node {id[:8]} of {self.cluster_label}" for id in sorted(self.initial_node_ids - node_ids)]

    def _find_node_process(self, node_id: str) -> psutil.Process | None:
        """The process of this machine that manages a node; None if it is on another machine."""
        processes = self.session_services
        return next((process for process in processes if ray_adapter.is_node_process(process, node_id)), None)

    def _node_cpu_time_s(self, node_id: str) -> float:
        """CPU time of a node of this machine and of its living descendants."""
        process = self._find_node_process(node_id)
        return 0.0 if process is None else tree_cpu_time_s(process.pid)

    def _service_processes(self) -> list[psutil.Process]:
        return [
            descendant
            for process in self.session_services
            if process.is_running()
            for descendant in process.children(recursive=True)
        ]


def _list_living_nodes() -> list[ray_adapter.RayNode]:
    return [node for node in ray_adapter.list_nodes() if node.is_alive]


def _require_reachable(address: str) -> None:
    """Raise BadInput if nothing answers at `address`. Ray itself would retry for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(
            f"{ADDRESS_VARIABLE} is {address!r}, which is not the address of a Ray cluster",
            f"Set {ADDRESS_VARIABLE} to HOST:PORT of its head, or to auto for a cluster on this machine.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"Fairlap cannot join the Ray cluster at {address}: {error}",
            f"Check that the cluster runs, and that {ADDRESS_VARIABLE} is its address.",
        ) from error
