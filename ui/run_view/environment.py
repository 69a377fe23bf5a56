"""TODO: ui.run_view.environment."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_bytes, format_duration, format_interval, format_measure, format_ratio, measure_label
from bench.run.record import Run
from bench.values import Arm
from ui.charts import cores, telemetry
from ui.design import markdown, theme
from ui.design.headings import draw_heading
from ui.design.theme import Theme
from ui.run_view.evidence import draw_evidence
from ui.run_view.live_figures import draw_figure
from ui.run_view.thread_pools import draw_thread_pools


def draw_environment(run: Run, key: str, colours: Theme) -> None:
    """Cores, telemetry, evidence and the machine: what stands behind the figures."""
    if run.core_counts:
        draw_heading("Best against best", "the whole at other core counts")
        chart, words = st.columns([2, 1], gap="medium", vertical_alignment="center")
        with chart:
            draw_figure(
                run,
                "cores",
                len(run.core_counts),
                key,
                colours,
                lambda: cores.build_cores_figure(run, colours),
                "Time against core count, both arms",
            )
        with words:
            _draw_best_counts(run, colours)
    if run.evidence:
        with st.expander("Evidence, in the libraries' own words", icon=":material/quick_reference_all:"):
            draw_evidence(run, colours)
            if run.quality and (rest := _list_other_measures(run)):
                st.markdown(rest)
    if run.telemetry:
        with st.expander("The machine during the run", icon=":material/monitoring:"):
            st.markdown(_describe_telemetry(run))
            draw_figure(
                run,
                "telemetry",
                len(run.telemetry),
                key,
                colours,
                lambda: telemetry.build_telemetry_figure(run, colours),
                "Load of every processor during the run",
            )
            for placement in run.placements:
                st.caption(f"Threads of the {placement.arm} arm: {placement.reason}.")
    if any(run.thread_pools.values()):
        with st.expander("Thread pools", icon=":material/account_tree:"):
            draw_thread_pools(run)
    noise = f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""
    st.caption(
        f":material/computer: {markdown.escape_markdown(run.machine.short)}{noise}. "
        f"Started {run.started:%Y-%m-%d %H:%M} UTC, run `{run.id[:8]}`, plan `{run.digest}`."
    )


def _draw_best_counts(run: Run, colours: Theme) -> None:
    for arm in Arm:
        counts = [count for count in run.core_counts if count.arm == arm]
        if counts:
            best = min(counts, key=lambda count: count.whole.median)
            name = theme.arm_name_markdown(arm, run.snapshot.arms[arm], colours)
            st.markdown(
                f"{name}: **{format_duration(best.whole.median)}** on {best.cores} core{'s' * (best.cores > 1)}"
            )
    if run.best_ratio:
        ratio = run.best_ratio
        st.markdown(f"best against best **{format_ratio(ratio.value)}** ({format_interval(ratio)})")


def _list_other_measures(run: Run) -> str:
    """The measures that inform, and how far the arms agree."""
    assert run.quality
    other = {measure.name: measure for measure in run.quality.accelerated}
    lines = [
        f"- {markdown.escape_markdown(measure_label(m, other[m.name]))}: {format_measure(m)} | {format_measure(other[m.name])}"
        for m in run.quality.baseline
        if m.name in other
    ]
    lines += [
        f"- {markdown.escape_markdown(measure.label)}: {format_measure(measure)}" for measure in run.quality.agreement
    ]
    return "**Quality and agreement**\n\n" + "\n".join(lines) if lines else ""


def _describe_telemetry(run: Run) -> str:
    readings = run.telemetry
    mhz = sorted(core.mhz for reading in readings for core in reading.cores if core.mhz is not None)
    steal = [reading.steal for reading in readings if reading.steal is not None]
    hottest = [reading.celsius for reading in readings if reading.celsius is not None]
    memory = {arm: max((r.arm_memory.get(arm, 0) for r in readings), default=0) for arm in Arm}
    parts = [f"{len(readings)} readings"]
    parts += [f"{mhz[0]:,.0f} to {mhz[-1]:,.0f} MHz"] if mhz else []
    parts += [f"steal at most {max(steal):.1%}"] if steal else []
    parts += [f"up to {max(hottest):.0f} °C"] if hottest else []
    parts += [
        f"memory of the arms up to {format_bytes(memory[Arm.BASELINE])} | {format_bytes(memory[Arm.ACCELERATED])}"
    ]
    return ", ".join(parts) + "."
