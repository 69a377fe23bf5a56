"""`machine`: this machine, and its noise at rest."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from bench.cli.console import make_console, make_table, print_table
from bench.formatting import format_bytes, format_cores
from bench.machine import noise
from bench.machine.describe import describe_machine
from bench.machine.last_noise import save_noise
from bench.machine.model import Machine


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "machine",
        help="this machine, its limits and its noise at rest",
        description="Describe this machine and measure for two seconds how quiet it is. Do it while nothing else runs.",
    )
    parser.add_argument("--json", action="store_true", help="print all values as JSON")
    parser.set_defaults(command=show_machine)


def show_machine(options: argparse.Namespace) -> int:
    machine, rest = describe_machine(), noise.measure_noise()
    save_noise(rest)
    if options.json:
        print(json.dumps({"machine": machine.model_dump(mode="json"), "noise": rest.model_dump(mode="json")}, indent=1))
        return 0
    console = make_console()
    console.print(machine.short, style="bold")
    table = make_table(console, "", "")
    table.show_header = False
    for label, text in _describe_rows(machine):
        table.add_row(label, text)
    table.add_row("noise at rest", f"{rest.score:.1f} % ({rest.word})")
    print_table(console, table)
    return 0


def _describe_rows(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "processor", machine.processor
    yield "instruction sets", ", ".join(name for name, present in machine.isa.items() if present) or "unknown"
    yield "sockets", _or_unknown(machine.sockets)
    yield "physical cores", _or_unknown(machine.physical_cores)
    yield "logical processors", str(machine.logical_threads)
    reason = f" ({machine.core_limit_reason})" if machine.core_limit_reason else ""
    limit = f"at most {format_cores(machine.core_limit)}{reason}"
    yield "usable cores", f"{_format_cores_list(machine.usable_cores)}; {limit}"
    for kind, cores in (machine.core_kinds or {}).items():
        yield f"{kind} cores", _format_cores_list(cores)
    for cache in machine.caches:
        shared = "1 logical processor" if cache.shared_by == 1 else f"{cache.shared_by} logical processors"
        yield f"L{cache.level} cache", f"{cache.kind}, {format_bytes(cache.bytes)}, used by {shared}"
    yield (
        "memory",
        f"{format_bytes(machine.memory_bytes)}, {format_bytes(machine.memory_available_bytes)} available",
    )
    yield "swap", format_bytes(machine.swap_bytes)
    for node in machine.numa_nodes:
        yield f"NUMA node {node.node}", f"cores {_format_cores_list(node.cores)}"
    yield "frequency governor", _or_unknown(machine.governor)
    yield "turbo", {True: "on", False: "off", None: "unknown"}[machine.turbo]
    yield "transparent huge pages", _or_unknown(machine.transparent_hugepages)
    yield "hypervisor", machine.hypervisor or "none"
    limits = machine.limits
    yield "CPU quota", "none" if limits.cpu_quota is None else f"{limits.cpu_quota:g} cores"
    yield "memory limit", "none" if limits.memory_bytes is None else format_bytes(limits.memory_bytes)
    yield "operating system", f"{machine.operating_system}, kernel {machine.kernel}"
    yield "C library", _or_unknown(machine.c_library)
    yield "Python", machine.python
    yield "booted", _or_unknown(machine.booted_at)
    yield "machine id", _or_unknown(machine.identity.machine_id)
    yield "host", _or_unknown(machine.identity.host)
    yield from machine.versions.items()


def _or_unknown(value: str | int | None) -> str:
    return "unknown" if value is None else str(value)


def _format_cores_list(cores: list[int]) -> str:
    return ", ".join(map(str, cores))
