"""The tab Operators: what both graphs consist of, which kernels ran, and where the time of a pass goes."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_cores, format_percent
from bench.plan.plan import Plan
from bench.run.measurement import MeasurementRecord
from bench.values.base import Arm
from bench.workload.registry import load_workloads
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.design import browser, markdown, plotly_template
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.tables import escape_table, round_measured
from ui.design.theme import Theme, arm_name_markdown, arm_style
from workloads.bert import lever_values
from workloads.bert.measurements import GraphProfile, Int8Count, Int8Limit, OperatorChange, OperatorsResult

TASK = "operators"
OPERATOR_KINDS = ("MatMul", "BatchMatMul", "Gelu", "Quantize", "Dequantize", "LayerNorm", "Softmax", "Transpose")
"""Kinds of operators with a bar of their own; the others share one."""
COUNTED_KINDS = ("Quantize", "Dequantize", "LayerNorm", "Gelu", "Softmax")
"""Kinds of operators with a row of their own in the table of sizes."""
MIN_SHOWN_BYTES = 10_000
"""Constants of a precision are listed if one of the graphs has at least so many bytes of them."""
MAX_SHOWN_KERNELS = 15
KERNEL_ROW_HEIGHT_PX = 44
"""Two lines of text: the names of kernels are long."""
KERNEL_WIDTHS_PX = {
    "ms": 60,
    "share": 55,
    "calls": 50,
    "shape": 150,
    "kernel": 190,
    "types": 130,
    "fused": 140,
    "Gop/s": 60,
}
"""Widths that fit a screen of 1280 pixels together."""


def draw_operators_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    values = (plan.baseline, plan.accelerated)
    precisions = [lever_values.tensorflow_value(value) for value in values]
    if precisions[0] == precisions[1]:
        st.info(
            "The values of this race have the same graph on TensorFlow, so there is nothing to compare here. Choose "
            "values with different precisions.",
            icon=":material/info:",
        )
        return
    request = MeasurementRequest(plan, TASK, {"precisions": precisions})
    job = job_panel.find_job(request, any_settings=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        job_panel.draw_buttons(request, job, "Profile", ":material/biotech:")
        st.caption(
            "Runs some passes over a batch in which oneDNN logs every kernel and TensorFlow traces every operator. "
            "Tracing slows the model: use these times to understand, not to compare."
        )
    if any(map(lever_values.runs_on_openvino, values)):
        st.caption(
            "This profiles TensorFlow's graph in the precision of the model on OpenVINO. The layers, precisions and "
            "kernels that OpenVINO ran are in the evidence of a race."
        )
    if job is not None:
        job_panel.draw_origin(job, request)
        job_panel.follow_job(job, lambda current: draw_operators(current, colours))


def draw_operators(job: DisplayedJob, colours: Theme) -> None:
    """A measurement of operators, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    result = record.result_as(OperatorsResult) if record else None
    if record is None or result is None:
        return
    arms = dict(zip(Arm, result.arms, strict=True))
    names = {arm: _label_precision(record, profile.precision) for arm, profile in arms.items()}
    first = result.arms[0]
    model = markdown.escape_markdown(str(record.plan.parameters["model"]))
    st.caption(
        f"{model}, batch {first.batch} of {first.length} word pieces, "
        f"{format_cores(record.plan.cores)}, {first.passes} passes."
    )
    _draw_verdicts(arms, names, result.limit, colours)
    times, sizes = st.columns([3, 2], gap="large")
    with times:
        draw_heading("Where the time of a pass goes", "by TensorFlow operator")
        draw_figure(
            build_times_figure(arms, names, colours),
            key="bert-times",
            alt="Milliseconds per pass by kind of operator, both precisions",
        )
    with sizes:
        draw_heading("Operators and sizes")
        st.table(
            escape_table(build_sizes_table(arms, names)),
            border="horizontal",
            hide_index=True,
            alt="Operators and sizes of both graphs",
        )
    if any(profile.thread_times for profile in result.arms):
        draw_heading("How a pass scales", "with oneDNN's log; kernels and the rest of the pass")
        st.table(
            escape_table(build_scaling_table(arms, names)), border="horizontal", hide_index=True, alt="Times by threads"
        )
        st.caption(
            "Here TensorFlow divides each operator among its threads. In a race, each thread computes its part of the "
            "batch, or of the attention heads, if they can be divided so. A race therefore scales differently."
        )
    for arm, profile in arms.items():
        draw_heading(f"Kernels of {arm_name_markdown(arm, names[arm], colours)}")
        _draw_kernels(profile, names[arm])
    draw_heading("Operators, layer by layer")
    _draw_changes(result.changes, names)


def _label_precision(record: MeasurementRecord, precision: str) -> str:
    labels = {record.plan.lever_value(arm): record.snapshot.arms[arm] for arm in Arm}
    return labels.get(precision, load_workloads()["bert"].lever[precision].label)


def _draw_verdicts(
    arms: dict[Arm, GraphProfile], names: dict[Arm, str], limit: Int8Limit | None, colours: Theme
) -> None:
    for arm, profile in arms.items():
        parts = [f"{profile.wall_ms:.1f} ms per pass"]
        if profile.onednn_share is not None:
            parts.append(f"{format_percent(profile.onednn_share, 0)} of it in oneDNN's kernels")
        if profile.note:
            parts.append(markdown.escape_markdown(profile.note))
        st.markdown(f"{arm_name_markdown(arm, names[arm], colours)}: {', '.join(parts)}")
        if profile.verdict:
            _draw_verdict(profile.verdict)
    if limit:
        st.markdown(
            f"The INT8 matrix products are **{limit.ratio:.1f}x** faster than in FP32. "
            f"{markdown.escape_markdown(limit.instruction_set)} could reach {limit.limit:g}x; this run got "
            f"**{format_percent(limit.share, 0)}** of that, by products without fused work.",
            help="Compares products of the same shape by the medians of their calls. FP32's kernels also compute GELU "
            "and residual sums that are fused into them, so the first figure may exceed the limit.",
        )


def _draw_verdict(verdict: str) -> None:
    text = markdown.escape_markdown(f"{verdict[0].upper()}{verdict[1:]}")
    if "vnni" in verdict or "amx" in verdict:
        st.success(text, title="VNNI or AMX ran", icon=":material/verified:")
    else:
        st.warning(text, title="Neither VNNI nor AMX ran", icon=":material/block:")


def build_times_figure(arms: dict[Arm, GraphProfile], names: dict[Arm, str], theme: Theme) -> go.Figure:
    """Milliseconds per pass by kind of operator, for both arms."""
    figure = plotly_template.new_figure(theme, 380, layout={"barmode": "group"})
    kinds = [*OPERATOR_KINDS, "other"]
    for arm, profile in arms.items():
        times = dict.fromkeys(kinds, 0.0)
        for operator in profile.operators:
            times[operator.kind if operator.kind in OPERATOR_KINDS else "other"] += operator.ms
        style = arm_style(arm, theme)
        figure.add_bar(
            y=kinds,
            x=[times[kind] for kind in kinds],
            orientation="h",
            name=names[arm],
            marker={"color": style.colour, "pattern": {"shape": style.pattern}},
            hovertemplate="%{y}: %{x:.2f} ms<extra>" + names[arm] + "</extra>",
        )
    figure.update_xaxes(title="ms per pass", rangemode="tozero")
    # The first kind, and in each kind the baseline, is at the top.
    figure.update_yaxes(autorange="reversed")
    return figure


def build_sizes_table(arms: dict[Arm, GraphProfile], names: dict[Arm, str]) -> pd.DataFrame:
    """One row per figure, one column per arm."""
    rows: dict[str, list[str]] = {"projections in INT8": [], "attention products in INT8": [], "graph on disk": []}
    sizes = [{constants.precision: constants.bytes for constants in profile.constants} for profile in arms.values()]
    precisions = [
        precision
        for precision in dict.fromkeys(name for by_precision in sizes for name in by_precision)
        if max(by_precision.get(precision, 0) for by_precision in sizes) >= MIN_SHOWN_BYTES
    ]
    for profile, by_precision in zip(arms.values(), sizes, strict=True):
        rows["projections in INT8"].append(_format_count(profile.projections))
        rows["attention products in INT8"].append(_format_count(profile.attention))
        rows["graph on disk"].append(format_bytes(profile.bytes_on_disk))
        for precision in precisions:
            size = format_bytes(by_precision.get(precision, 0))
            rows.setdefault(f"weights in memory, {precision}", []).append(size)
        rows.setdefault("weights in memory", []).append(format_bytes(sum(by_precision.values())))
        for kind in COUNTED_KINDS:
            count = sum(count.operators for count in profile.counts if count.kind == kind)
            rows.setdefault(f"{kind} operators", []).append(str(count))
    columns = ("", *_distinct_names(names))
    return pd.DataFrame([dict(zip(columns, (name, *values), strict=True)) for name, values in rows.items()])


def build_scaling_table(arms: dict[Arm, GraphProfile], names: dict[Arm, str]) -> pd.DataFrame:
    """One row per arm and number of threads: the time of a pass, in oneDNN's kernels and outside of them."""
    rows = []
    for name, profile in zip(_distinct_names(names), arms.values(), strict=True):
        for times in profile.thread_times:
            in_kernels = outside = "not known"
            if times.kernels_ms is not None:
                in_kernels, outside = f"{times.kernels_ms:.1f}", f"{max(0.0, times.wall_ms - times.kernels_ms):.1f}"
            rows.append(
                {
                    "": name,
                    "threads": str(times.threads),
                    "cores used": "unknown" if times.used_cores is None else f"{times.used_cores:.2f}",
                    "pass, ms": f"{times.wall_ms:.1f}",
                    "in kernels, ms": in_kernels,
                    "outside kernels, ms": outside,
                }
            )
    return pd.DataFrame(rows)


def _distinct_names(names: dict[Arm, str]) -> list[str]:
    """The names of both arms; the second is marked if the plan compares a precision with itself."""
    first, second = names.values()
    return [first, second if second != first else f"{second} again"]


def _format_count(count: Int8Count) -> str:
    return f"{count.int8} of {count.total}"


def _draw_kernels(profile: GraphProfile, name: str) -> None:
    if not profile.kernels:
        st.caption("oneDNN logged no kernel.")
        return
    table = build_kernels_table(profile)
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= MAX_SHOWN_KERNELS else 420,
        row_height=KERNEL_ROW_HEIGHT_PX,
        alt=f"Kernels of {name}: time, calls and shape",
        column_config={column: st.column_config.Column(width=width) for column, width in KERNEL_WIDTHS_PX.items()},
    )
    skipped = f" {profile.skipped} lines of its log could not be read." if profile.skipped else ""
    version, instructions = markdown.escape_markdown(profile.onednn), markdown.escape_markdown(profile.instructions)
    st.caption(f"oneDNN {version}, {instructions}.{skipped}")


def build_kernels_table(profile: GraphProfile) -> pd.DataFrame:
    """One row per kernel. Shape and calls tell kernels of one implementation apart, so they are at the front."""
    return pd.DataFrame(
        [
            {
                "ms": round_measured(kernel.ms),
                "share": format_percent(kernel.share, 0),
                "calls": f"{kernel.calls:g}",
                "shape": kernel.shape,
                "kernel": f"{kernel.primitive} {kernel.implementation or '(not named)'}",
                "types": kernel.types,
                "fused": kernel.fused,
                "Gop/s": f"{kernel.gops:,.0f}" if kernel.gops else "",
            }
            for kernel in profile.kernels
        ]
    )


def _draw_changes(changes: list[OperatorChange], names: dict[Arm, str]) -> None:
    first, second = _distinct_names(names)
    table = pd.DataFrame(
        [
            {
                "layer": change.layer,
                "operator": change.operator,
                first: _format_precision(change.before, change.count_before),
                second: _format_precision(change.after, change.count_after),
                "changed": change.before != change.after,
            }
            for change in changes
        ]
    )
    if st.toggle("Only changes", value=True, key="bert:changed-only"):
        table = table[table["changed"]]
    st.dataframe(table.drop(columns="changed"), hide_index=True, height=420)


def _format_precision(precision: str, count: int) -> str:
    return "" if not count else precision + (f" × {count}" if count > 1 else "")
