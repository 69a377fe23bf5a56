"""The environment of a run: machine, software, limits and placement, as they were when it ran."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from bench.formatting import format_bytes, format_count, format_percent
from bench.machine.model import Machine
from bench.run.record import Run
from bench.values.base import Arm
from ui.charts.telemetry import build_telemetry_figure
from ui.design.markdown import escape_markdown, quote_code
from ui.design.tables import escape_table
from ui.design.theme import Theme
from ui.run_view.environment_variables import draw_environment_variables
from ui.run_view.figures import RunChart, draw_chart
from ui.run_view.thread_pools import draw_thread_pools

UNKNOWN = "unknown"


def draw_environment(run: Run, key: str, theme: Theme) -> None:
    """Expanders with the machine and its software, and with its load during the run."""
    with st.expander("Environment of this run", icon=":material/computer:"):
        rows = [{"what": name, "value": value} for name, value in list_environment(run)]
        st.table(escape_table(pd.DataFrame(rows)), border="horizontal", hide_index=True, alt="Environment of the run")
        draw_thread_pools(run)
        draw_environment_variables(run)
    if run.telemetry:
        with st.expander("Machine during the run", icon=":material/monitoring:"):
            _draw_telemetry(run, key, theme)


def draw_origin(run: Run) -> None:
    """One line: the machine, its noise, and the ids of run and plan."""
    noise = f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""
    st.caption(
        f":material/computer: {escape_markdown(run.machine.short)}{noise}. "
        f"Started {run.started:%Y-%m-%d %H:%M} UTC, run {quote_code(run.id[:8])}, plan {quote_code(run.digest)}."
    )


def list_environment(run: Run) -> Iterator[tuple[str, str]]:
    """What may change times besides the plan, as name and value. `unknown` if the machine did not report it."""
    machine = run.machine
    yield "processor", machine.processor
    yield "logical processors", f"{machine.logical_threads}, of them usable {_join(machine.usable_cores)}"
    yield "cores of this run", str(run.plan.cores)
    yield "CPU quota", f"{machine.limits.cpu_quota:g} cores" if machine.limits.cpu_quota else "none"
    yield "memory", f"{format_bytes(machine.memory_bytes)}, available {format_bytes(machine.memory_available_bytes)}"
    yield "frequency governor", machine.governor or UNKNOWN
    yield "turbo", UNKNOWN if machine.turbo is None else "on" if machine.turbo else "off"
    yield "hypervisor", machine.hypervisor or "none"
    yield "transparent huge pages", machine.transparent_hugepages or UNKNOWN
    yield from _list_software(machine)
    for placement in run.placements:
        yield f"threads of the {placement.arm} arm", placement.reason
    for arm in Arm:
        if (prepared := run.prepared_arm(arm)) is not None:
            for name, value in prepared.facts.items():
                yield f"{name}, {arm}", value


def _list_software(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "operating system", f"{machine.operating_system}, kernel {machine.kernel}"
    yield "Python", machine.python
    yield "C library", machine.c_library or UNKNOWN
    yield from sorted(machine.versions.items())


def _join(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _draw_telemetry(run: Run, key: str, theme: Theme) -> None:
    st.markdown(_summarize_telemetry(run))
    chart = RunChart(
        run,
        "telemetry",
        theme,
        version=len(run.telemetry),
        build=lambda: build_telemetry_figure(run, theme),
        alt="Load of every processor during the run",
    )
    draw_chart(chart, key)


def _summarize_telemetry(run: Run) -> str:
    readings = run.telemetry
    mhz = [core.mhz for reading in readings for core in reading.cores if core.mhz is not None]
    steal = [reading.steal for reading in readings if reading.steal is not None]
    celsius = [reading.celsius for reading in readings if reading.celsius is not None]
    memory = " | ".join(format_bytes(max(reading.arm_memory.get(arm, 0) for reading in readings)) for arm in Arm)
    parts = [format_count(len(readings), "reading")]
    if mhz:
        parts.append(f"{min(mhz):,.0f} to {max(mhz):,.0f} MHz")
    if steal:
        parts.append(f"steal at most {format_percent(max(steal))}")
    if celsius:
        parts.append(f"up to {max(celsius):.0f} °C")
    return ", ".join(parts) + f", memory of the arms up to {memory}."
