"""Core counts, evidence, telemetry and machine of a run."""

from __future__ import annotations

import streamlit as st

from bench.claims.best_core_counts import describe_best_ratio, find_best_core_counts
from bench.formatting import (
    format_agreement,
    format_bytes,
    format_cores,
    format_count,
    format_difference,
    format_duration,
    format_measure,
    format_observations,
    format_percent,
    measure_label,
)
from bench.run.record import Run
from bench.values import Arm, Measure, Quality
from ui.charts.cores import build_cores_figure
from ui.charts.telemetry import build_telemetry_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_name_markdown
from ui.run_view.environment_variables import draw_environment_variables
from ui.run_view.evidence import draw_evidence
from ui.run_view.figures import RunChart, draw_chart
from ui.run_view.thread_pools import draw_thread_pools


def draw_environment(run: Run, key: str, theme: Theme) -> None:
    """Everything that helps to judge the figures of a run."""
    if run.core_counts or run.skipped_core_counts:
        draw_heading("Best against best", "total time on other core counts, and each arm at its best one")
    if run.core_counts:
        _draw_core_counts(run, key, theme)
    for core_count, why in sorted(run.skipped_core_counts.items()):
        st.markdown(f":material/block: {format_cores(core_count)} not tried: {escape_markdown(why)}.")
    if run.evidence:
        with st.expander("Evidence: what the libraries reported", icon=":material/quick_reference_all:"):
            draw_evidence(run, theme)
            if measures := _list_measures(run):
                st.markdown("**Quality and agreement**\n\n" + "\n".join(f"- {line}" for line in measures))
    if run.telemetry:
        with st.expander("Machine during the run", icon=":material/monitoring:"):
            _draw_telemetry(run, key, theme)
    if any(run.thread_pools.values()):
        with st.expander("Thread pools", icon=":material/account_tree:"):
            draw_thread_pools(run)
    draw_environment_variables(run)
    noise = f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""
    st.caption(
        f":material/computer: {escape_markdown(run.machine.short)}{noise}. "
        f"Started {run.started:%Y-%m-%d %H:%M} UTC, run `{run.id[:8]}`, plan `{run.digest}`."
    )


def _draw_core_counts(run: Run, key: str, theme: Theme) -> None:
    chart_column, text_column = st.columns([2, 1], gap="medium", vertical_alignment="center")
    chart = RunChart(
        run,
        "cores",
        theme,
        version=len(run.core_counts),
        build=lambda: build_cores_figure(run, theme),
        alt="Total time against the number of cores, both arms",
    )
    with chart_column:
        draw_chart(chart, key)
    with text_column:
        for arm, best in find_best_core_counts(run.core_counts).items():
            name = arm_name_markdown(arm, run.snapshot.arms[arm], theme)
            st.markdown(f"{name}: **{format_duration(best.whole.median)}** on {format_cores(best.cores)}")
        st.markdown(f"Best against best: {describe_best_ratio(run)}")


def _list_measures(run: Run) -> list[str]:
    """Every measure of both arms, and how far their results agree, as Markdown."""
    if run.quality is None:
        return []
    accelerated = {measure.name: measure for measure in run.quality.accelerated}
    pairs = [(m, accelerated[m.name]) for m in run.quality.baseline if m.name in accelerated]
    return [_format_pair(run.quality, *pair) for pair in pairs] + [
        escape_markdown(format_agreement(measure)) for measure in run.quality.agreement
    ]


def _format_pair(quality: Quality, baseline: Measure, accelerated: Measure) -> str:
    """A measure of both arms with its number of observations and the interval of the difference, as Markdown."""
    label = escape_markdown(measure_label(baseline, accelerated))
    text = f"{label}: {format_measure(baseline)} | {format_measure(accelerated)}"
    if difference := quality.difference(baseline.name):
        return f"{text} ({format_observations(baseline)}; {format_difference(difference)}, {difference.method})"
    # Counts and times are no means over observations.
    return f"{text} ({format_observations(baseline)})" if baseline.decisive else text


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
    for placement in run.placements:
        st.caption(f"Threads of the {placement.arm} arm: {placement.reason}.")


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
