"""Quantize: the configuration, Neural Compressor at work, every trial of the tuning, and what came of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_duration
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job, JobState
from bench.values import Arm
from bench.workload.registry import load_workloads
from ui.components import task_panel
from ui.controls.state import current_controls
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, arm_style
from ui.views.race import tabs
from workloads.bert.quantization.template import QUANTIZATION_YAML

SLOT = "bert:quantize"
YAML_KEY = "bert:yaml"
PUBLISHED_RESULTS = {"f1": (92.99, 92.41), "seconds": (1557.3, 1201.0)}
"""Intel's post on Neural Compressor: BERT on SQuAD, FP32 and INT8."""
STOP_REASONS = {
    "met": "it meets the criterion",
    "max_trials": "as many trials as the configuration allows were made",
    "timeout": "the time that the configuration allows was up",
    "exhausted": "the strategy has nothing left to try",
    "untrained": "the weights are untrained: there is no accuracy to keep",
}


def draw_quantize_tab(plan: Plan) -> None:
    """The whole tab."""
    colours = browser.detect_theme()
    job = task_panel.find_newest_job(SLOT, "bert", "quantize")
    left, right = st.columns([1, 1], gap="large")
    with left:
        _draw_configuration(plan, job)
    with right:
        if job is None:
            _draw_introduction()
        else:
            task_panel.follow_job(job, lambda now: _draw_progress(now, colours))


def _draw_configuration(plan: Plan, job: Job | None) -> None:
    default = QUANTIZATION_YAML
    # A widget that is not drawn forgets; what was written stays for the session.
    if YAML_KEY not in st.session_state:
        st.session_state[YAML_KEY] = st.session_state.get(f"{YAML_KEY}:kept", default)
    row = st.container(horizontal=True)
    with st.container(key="bert-yaml"):
        st.html(
            "<style>.st-key-bert-yaml textarea {font-family: ui-monospace, Menlo, Consolas, 'Liberation Mono', "
            "monospace; font-size: 0.78rem; white-space: pre; overflow-x: auto}</style>"
        )
        st.text_area(
            "Configuration",
            key=YAML_KEY,
            height=560,
            help="As the posts write it. Every key may be left out; a mistake is answered with its line and key.",
        )
    st.session_state[f"{YAML_KEY}:kept"] = st.session_state[YAML_KEY]
    with row:
        given = {"yaml": st.session_state[YAML_KEY]}
        task_panel.draw_task_buttons(plan, job, "quantize", given, SLOT, "Quantize", ":material/compress:")
        if st.session_state[YAML_KEY] != default:
            st.button(
                "As it was",
                icon=":material/undo:",
                key="bert:yaml-reset",
                on_click=_reset_configuration,
                type="tertiary",
            )


def _reset_configuration() -> None:
    st.session_state[YAML_KEY] = QUANTIZATION_YAML


def _draw_introduction() -> None:
    st.markdown(
        "- **Calibrate**: the FP32 model reads questions of a set of its own, and the range of every tensor is kept.\n"
        "- **Convert**: every matrix product gets 8-bit weights, and 8-bit inputs by those ranges.\n"
        "- **Tune**: F1 over the evaluation set is compared with FP32's. Where more is lost than the criterion allows, "
        "operators fall back to FP32 and it is tried again, as the strategy says, until the criterion is met or the "
        "exit policy ends the search.\n\n"
        "Press **Quantize**. What was converted before comes from the cache."
    )
    _draw_published()


def _draw_published() -> None:
    before, after = PUBLISHED_RESULTS["seconds"]
    st.caption(
        f"Published: F1 {PUBLISHED_RESULTS['f1'][0]} to {PUBLISHED_RESULTS['f1'][1]}, {before} s to {after} s. That is "
        f"{before / after:.2f}x as fast, or {1 - after / before:.1%} less time: two readings of the same figures. Here "
        "'speedup' is always the first, time before over time after."
    )


def _draw_progress(job: Job, colours: Theme) -> None:
    task_panel.draw_job_state(job)
    baseline, trials = job.first("baseline"), job.told("trial")
    if baseline is None and job.state is not JobState.DONE:
        task_panel.draw_job_log(job, "What Neural Compressor said")
        return
    if job.state is JobState.DONE:
        _draw_verdict(job, trials)
    if baseline is not None:
        plan = job.first("plan")
        best = _best_trial(trials)
        if best:
            _draw_comparison(job, baseline, best)
        if trials and plan:
            st.plotly_chart(
                build_trials_figure(baseline, trials, plan, colours),
                key="bert-trials",
                config=plotly_template.PLOTLY_CONFIG,
            )
            _draw_trials(trials, plan)
    if best_name := _raceable_quantization(job, trials):
        st.button(
            "Race this model",
            icon=":material/sports_score:",
            key="bert:race-it",
            on_click=_race_model,
            args=(best_name,),
            help="Sets the race's quantization to this one",
        )
    _draw_published()
    task_panel.draw_job_log(job, "What Neural Compressor said")


def _best_trial(trials: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The trial that meets the criterion, else the one that lost least."""
    return min(trials, key=lambda trial: (not trial["met"], trial["loss_relative"]), default=None)


def _raceable_quantization(job: Job, trials: list[dict[str, Any]]) -> str:
    if job.state is JobState.DONE:
        return job.result["quantization"]
    best = _best_trial(trials)
    return best["quantization"] if best and job.state.over else ""


def _race_model(name: str) -> None:
    workload = load_workloads()["bert"]
    current_controls(workload).set("quantization", name)
    tabs.show_race_tab(workload)


def _draw_verdict(job: Job, trials: list[dict[str, Any]]) -> None:
    result = job.result
    why = STOP_REASONS[result["stopped"]]
    calibrated = f"{result['calibrated']} questions"
    if result["calibrated"] < result["asked"]:
        calibrated += f" (the set has no more; {result['asked']} were asked for)"
    if result["met"] is None:
        st.info(f"Converted, calibrated on {calibrated}; {why}.", icon=":material/info:")
    elif result["met"]:
        st.success(
            f"Trial {result['best']} meets the criterion, after {job.seconds:.0f} s, calibrated on {calibrated}.",
            icon=":material/verified:",
        )
    else:
        st.error(
            f"None of {len(trials)} trials meets the criterion; the search ended because {why}. The best found is "
            f"trial {result['best']}. It is marked as failed: a race with it finds its accuracy outside the limit.",
            title="The criterion was not met",
            icon=":material/gpp_bad:",
        )


def _draw_comparison(job: Job, baseline: dict[str, Any], best: dict[str, Any]) -> None:
    """As the posts show it: accuracy and time, before and after."""
    rows = {
        "F1": (f"{baseline['f1']:.2f}", f"{best['f1']:.2f}", f"{-best['loss_relative']:+.2%}"),
        "exact match": (f"{baseline['exact_match']:.2f}", f"{best['exact_match']:.2f}", ""),
        "evaluation": (
            format_duration(baseline["seconds"]),
            format_duration(best["evaluation_s"]),
            "one pass each: race it",
        ),
    }
    if job.state is JobState.DONE:
        sizes = job.result["bytes_fp32"], job.result["bytes_int8"]
        rows["graph"] = (*(f"{size / 1e6:.1f} MB" for size in sizes), f"{sizes[1] / sizes[0] - 1:+.0%}")
    table = pd.DataFrame(
        [(name, *row) for name, row in rows.items()],
        columns=["", "FP32", f"INT8, trial {best['number']}", "change"],
    )
    st.table(table, border="horizontal", hide_index=True, alt="Accuracy, time and size before and after")


def build_trials_figure(
    baseline: dict[str, Any], trials: list[dict[str, Any]], plan: dict[str, Any], theme: Theme
) -> go.Figure:
    """F1 of every trial, FP32's, and the least that the criterion allows."""
    arm, figure = arm_style(Arm.ACCELERATED, theme), plotly_template.new_figure(theme, 220)
    figure.add_scatter(
        x=[trial["number"] for trial in trials],
        y=[trial["f1"] for trial in trials],
        mode="lines+markers",
        name="INT8, by trial",
        line={"color": arm.fill},
        marker={
            "color": arm.colour,
            "size": 10,
            "symbol": ["diamond" if trial["met"] else "x" for trial in trials],
        },
        customdata=[[trial["operators_int8"], trial["operators"], trial["loss_relative"]] for trial in trials],
        hovertemplate="trial %{x}: F1 %{y:.2f}<br>%{customdata[0]} of %{customdata[1]} in INT8<br>"
        "lost %{customdata[2]:.2%}<extra></extra>",
    )
    ends = [0.5, max(len(trials), 4) + 0.5]
    base = arm_style(Arm.BASELINE, theme)
    for name, value, dash in (
        ("FP32", baseline["f1"], base.dash),
        ("least allowed", baseline["f1"] * (1 - plan["relative_loss"]), "dot"),
    ):
        figure.add_scatter(
            x=ends,
            y=[value] * 2,
            mode="lines",
            name=name,
            line={"color": base.colour, "dash": dash},
            hoverinfo="name+y",
        )
    figure.update_xaxes(title="trial", dtick=1 if len(trials) <= 20 else None, range=ends)
    figure.update_yaxes(title="F1")
    return figure


def _draw_trials(trials: list[dict[str, Any]], plan: dict[str, Any]) -> None:
    table = pd.DataFrame(
        [
            {
                "trial": trial["number"],
                "in INT8": f"{trial['operators_int8']} of {trial['operators']}",
                "F1": round(trial["f1"], 2),
                "lost": f"{trial['loss_relative']:.2%}",
                "time": format_duration(trial["seconds"]),
                "criterion": "met" if trial["met"] else "failed",
                "in FP32": ", ".join(trial["fallback"]) or "none",
            }
            for trial in trials
        ]
    )
    st.caption(
        f"Strategy {markdown.escape_markdown(plan['strategy'])}: {len(trials)} of at most {plan['max_trials']} trials; up to "
        f"{plan['relative_loss']:.1%} of F1 may be lost."
    )
    st.dataframe(table, hide_index=True, height="content" if len(trials) < 8 else 300)
