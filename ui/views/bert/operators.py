"""Operators: what the graphs of both arms consist of, which kernels ran, and where the time of a pass goes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.scheduler.tasks import Job, JobState
from bench.values import Arm
from ui.components import task_panel
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, arm_name_markdown, arm_style

SLOT = "bert:operators"
OPERATOR_KINDS = ("MatMul", "BatchMatMul", "Gelu", "Quantize", "Dequantize", "LayerNorm", "Softmax", "Transpose")
"""What the time of a pass is shown by; the rest is one."""
MAX_SHOWN_KERNELS = 15


def draw_operators_tab(plan: Plan) -> None:
    """The whole tab."""
    colours = browser.detect_theme()
    job = task_panel.find_newest_job(SLOT, "bert", "operators")
    with st.container(horizontal=True, vertical_alignment="center"):
        given = {"precisions": [plan.baseline, plan.accelerated]}
        task_panel.draw_task_buttons(plan, job, "operators", given, SLOT, "Look inside", ":material/biotech:")
        st.caption(
            "Some passes over a batch, apart from any race, in which oneDNN tells every kernel that it runs and "
            "TensorFlow traces every operator. Telling takes time: these figures explain a race, they are none."
        )
    if job is not None:
        task_panel.follow_job(job, lambda now: _draw_results(now, colours))


def _draw_results(job: Job, colours: Theme) -> None:
    task_panel.draw_job_state(job)
    if job.state is not JobState.DONE:
        return
    result, lever = job.result, resolve(job.plan).lever
    arms = dict(zip(Arm, result["arms"], strict=True))
    names = {arm: lever[profile["precision"]].label for arm, profile in arms.items()}
    st.caption(
        f"{job.plan.parameters['model']}, batch {arms[Arm.BASELINE]['batch']} of {arms[Arm.BASELINE]['length']} word "
        f"pieces, {job.plan.cores} core{'s' * (job.plan.cores > 1)}, {arms[Arm.BASELINE]['passes']} passes."
    )
    _draw_verdicts(arms, names, result["limit"], colours)
    time, sizes = st.columns([3, 2], gap="large")
    with time:
        st.markdown("**Where the time of a pass goes** :small[by TensorFlow's operators]")
        st.plotly_chart(
            build_times_figure(arms, names, colours), key="bert-times", config=plotly_template.PLOTLY_CONFIG
        )
    with sizes:
        st.markdown("**Operators and sizes**")
        st.table(
            _build_sizes_table(arms, names),
            border="horizontal",
            hide_index=True,
            alt="Operators and sizes of both graphs",
        )
    for column, (arm, profile) in zip(st.columns(2, gap="large"), arms.items(), strict=True):
        with column:
            st.markdown(f"**Kernels of** {arm_name_markdown(arm, names[arm], colours)}")
            _draw_kernels(profile)
    st.markdown("**Operators, layer by layer**")
    _draw_changes(result["changes"], names)


def _draw_verdicts(
    arms: dict[Arm, dict[str, Any]], names: dict[Arm, str], limit: dict[str, Any] | None, colours: Theme
) -> None:
    for arm, profile in arms.items():
        label = arm_name_markdown(arm, names[arm], colours)
        share = profile["onednn_share"]
        parts = [f"{profile['wall_ms']:.1f} ms a pass"]
        parts += [f"oneDNN's kernels are {share:.0%} of it"] if share is not None else []
        parts += [markdown.escape_markdown(profile["note"])] if profile["note"] else []
        st.markdown(f"{label}: {', '.join(parts)}")
        if profile["verdict"]:
            ran = "vnni" in profile["verdict"] or "amx" in profile["verdict"]
            icon, title = (":material/verified:", "VNNI or AMX ran") if ran else (":material/block:", "No VNNI, no AMX")
            words = f"{profile['verdict'][0].upper()}{profile['verdict'][1:]}"
            (st.success if ran else st.warning)(markdown.escape_markdown(words), title=title, icon=icon)
    if limit:
        st.markdown(
            f"The matrix products that became INT8 take **1/{limit['ratio']:.2f}** of FP32's time; "
            f"{markdown.escape_markdown(limit['instruction_set'])} allows 1/{limit['limit']:g} of what FP32's own instructions take "
            f"(share of that limit reached, products without fused work: **{limit['share']:.0%}**).",
            help="Products of the same shape compared, by the medians of their calls. FP32's kernels also do GELU and "
            "residual sums where they are fused, so more than the limit is possible in the first figure.",
        )


def build_times_figure(arms: dict[Arm, dict[str, Any]], names: dict[Arm, str], theme: Theme) -> go.Figure:
    """Milliseconds of a pass by kind of operator, both arms."""
    figure = plotly_template.new_figure(theme, 380, layout={"barmode": "group", "legend": {"traceorder": "reversed"}})
    kinds = [*OPERATOR_KINDS, "other"]
    for arm, profile in reversed(arms.items()):
        spent = dict.fromkeys(kinds, 0.0)
        for operator in profile["operators"]:
            spent[operator["kind"] if operator["kind"] in OPERATOR_KINDS else "other"] += operator["ms"]
        look = arm_style(arm, theme)
        figure.add_bar(
            y=kinds,
            x=[spent[kind] for kind in kinds],
            orientation="h",
            name=names[arm],
            marker={"color": look.colour, "pattern": {"shape": look.pattern}},
            hovertemplate="%{y}: %{x:.2f} ms<extra>" + names[arm] + "</extra>",
        )
    figure.update_xaxes(title="ms a pass", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return figure


def _build_sizes_table(arms: dict[Arm, dict[str, Any]], names: dict[Arm, str]) -> pd.DataFrame:
    rows: dict[str, list[str]] = {"projections in INT8": [], "attention products in INT8": [], "graph on disk": []}
    precisions = dict.fromkeys(one["precision"] for profile in arms.values() for one in profile["constants"])
    for profile in arms.values():
        rows["projections in INT8"].append(_format_share(profile["projections"]))
        rows["attention products in INT8"].append(_format_share(profile["attention"]))
        rows["graph on disk"].append(format_bytes(profile["bytes_on_disk"]))
        held = {one["precision"]: one["bytes"] for one in profile["constants"]}
        for precision in precisions:
            if (
                max(one["bytes"] for a in arms.values() for one in a["constants"] if one["precision"] == precision)
                < 1e4
            ):
                continue
            rows.setdefault(f"weights in memory, {precision}", []).append(format_bytes(held.get(precision, 0)))
        rows.setdefault("weights in memory", []).append(format_bytes(sum(held.values())))
        counted: dict[str, int] = {}
        for count in profile["counts"]:
            counted[count["kind"]] = counted.get(count["kind"], 0) + count["operators"]
        for kind in ("Quantize", "Dequantize", "LayerNorm", "Gelu", "Softmax"):
            rows.setdefault(f"{kind} operators", []).append(str(counted.get(kind, 0)))
    return pd.DataFrame([(name, *values) for name, values in rows.items()], columns=["", *_distinct_names(names)])


def _distinct_names(names: dict[Arm, str]) -> list[str]:
    """The arms' names, which are the same where an arm is looked at beside itself."""
    first, second = names.values()
    return [first, second if second != first else f"{second} again"]


def _format_share(share: dict[str, int]) -> str:
    return f"{share['int8']} of {share['total']}"


def _draw_kernels(profile: dict[str, Any]) -> None:
    if not profile["kernels"]:
        st.caption("oneDNN told of none.")
        return
    table = pd.DataFrame(
        [
            {
                "ms": round(kernel["ms"], 2),
                "share": f"{kernel['share']:.0%}",
                "primitive": kernel["primitive"],
                "implementation": kernel["implementation"] or "not named",
                "types": kernel["types"],
                "shape": kernel["shape"],
                "fused": kernel["fused"],
                "calls": f"{kernel['calls']:g}",
                "Gop/s": f"{kernel['gops']:,.0f}" if kernel["gops"] else "",
            }
            for kernel in profile["kernels"]
        ]
    )
    st.dataframe(table, hide_index=True, height="content" if len(table) <= MAX_SHOWN_KERNELS else 420)
    skipped = f" {profile['skipped']} lines could not be read." if profile["skipped"] else ""
    st.caption(
        f"oneDNN {markdown.escape_markdown(profile['onednn'])}, {markdown.escape_markdown(profile['instructions'])}.{skipped}"
    )


def _draw_changes(changes: list[dict[str, Any]], names: dict[Arm, str]) -> None:
    first, second = _distinct_names(names)
    table = pd.DataFrame(
        [
            {
                "layer": change["layer"],
                "operator": change["operator"],
                first: _format_precision_count(change["before"], change["count_before"]),
                second: _format_precision_count(change["after"], change["count_after"]),
                "changed": change["before"] != change["after"],
            }
            for change in changes
        ]
    )
    if st.toggle("Only what changed", value=True, key="bert:changed-only"):
        table = table[table["changed"]]
    st.dataframe(table.drop(columns="changed"), hide_index=True, height=420)


def _format_precision_count(precision: str, count: int) -> str:
    return "" if not count else precision + (f" × {count}" if count > 1 else "")
