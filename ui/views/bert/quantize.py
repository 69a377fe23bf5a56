"""The tab Quantize: the configuration, the progress of Neural Compressor, every trial of the tuning, and the result."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_change, format_count, format_duration, format_percent
from bench.plan.plan import Plan
from bench.run.measurement import MeasurementRecord
from bench.values.base import Arm
from bench.workload.registry import load_workloads
from ui.access.redaction import describe_error, describe_text
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.controls.state import current_controls
from ui.design import browser, markdown, plotly_template
from ui.design.figures import draw_figure
from ui.design.theme import Theme, arm_style
from ui.views.bert.yaml_editor import draw_yaml_editor
from ui.views.race import tabs
from workloads.bert.measurements import BaselineAccuracy, QuantizeResult, TuningPlan, TuningTrial
from workloads.bert.quantization.config import find_config_error
from workloads.bert.quantization.template import QUANTIZATION_YAML

TASK = "quantize"
YAML_KEY = "bert:yaml"
GENERATION_KEY = "bert:yaml:generation"
"""Session key of a number that grows when the page, and not the user, changes the configuration."""
PUBLISHED_F1 = (92.99, 92.41)
PUBLISHED_SECONDS = (1557.3, 1201.0)
"""Intel's post on Neural Compressor: BERT on SQuAD, FP32 and INT8."""
STOP_REASONS = {
    "met": "a trial is within the limit",
    "max_trials": "the configuration allows no more trials",
    "timeout": "the time limit of the configuration was reached",
    "exhausted": "the strategy has nothing left to try",
    "untrained": "the weights are untrained, so there is no accuracy to keep",
}


def draw_quantize_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    st.session_state.setdefault(YAML_KEY, QUANTIZATION_YAML)
    request = MeasurementRequest(plan, TASK, {"yaml": st.session_state[YAML_KEY]})
    job = job_panel.find_job(request, any_settings=True)
    form, results = st.columns([6, 5], gap="medium")
    with form:
        st.fragment(_draw_configuration)(plan, job, request.key)
    with results:
        if job is None:
            _draw_introduction()
        else:
            job_panel.draw_origin(job, request)
            job_panel.follow_job(job, lambda current: draw_quantization(current, colours, raceable=True))


def _draw_configuration(plan: Plan, job: DisplayedJob | None, drawn_key: str) -> None:
    """Buttons and editor. Drawn again by itself while the user types.

    `drawn_key` is the key of the request for which the rest of the page was drawn.
    """
    text = st.session_state[YAML_KEY]
    request = MeasurementRequest(plan, TASK, {"yaml": text})
    error = find_config_error(text)
    with st.container(horizontal=True, vertical_alignment="center"):
        why_not = "Correct the configuration first." if error else ""
        job_panel.draw_buttons(request, job, "Quantize", ":material/compress:", why_not)
        if text != QUANTIZATION_YAML:
            st.button(
                "Reset to default",
                icon=":material/undo:",
                key="bert:yaml-reset",
                on_click=_reset_configuration,
                type="tertiary",
            )
    if error is not None:
        st.error(describe_text(error.remedy), title=describe_error(error), icon=":material/error:")
    elif job is None or not job.live:
        st.caption(f":material/timer: {_describe_duration(request)}")
    draw_yaml_editor(
        "Configuration (YAML, in the format of Intel's posts; every key is optional)",
        text,
        st.session_state.get(GENERATION_KEY, 0),
        error_line=error.line if error else None,
        is_wrong=error is not None,
        on_change=_keep_configuration,
    )
    if not error and request.key != drawn_key:
        # Another configuration may have a result of its own.
        st.rerun()


def _keep_configuration(text: str) -> None:
    st.session_state[YAML_KEY] = text


def _reset_configuration() -> None:
    st.session_state[YAML_KEY] = QUANTIZATION_YAML
    st.session_state[GENERATION_KEY] = st.session_state.get(GENERATION_KEY, 0) + 1


def _describe_duration(request: MeasurementRequest) -> str:
    """How long a quantization will probably take, from the last one."""
    workload = request.plan.workload
    same = job_panel.find_last_record(workload, TASK, request.key)
    last = same or job_panel.find_last_record(workload, TASK)
    if last is None:
        return "Nothing was quantized here yet, so there is no estimate. It takes a minute or more for each trial."
    trials = len(last.reports_as("trial", TuningTrial))
    took = f"{last.seconds:.0f} s for {format_count(trials, 'trial')}" if trials else f"{last.seconds:.0f} s"
    return f"The last time {'with these settings' if same else 'with other settings'}: {took}."


def _draw_introduction() -> None:
    st.markdown(
        "- **Calibrate**: the FP32 model reads a separate set of questions, and the range of every tensor is recorded."
        "\n- **Convert**: every matrix product gets 8-bit weights, and 8-bit inputs scaled by those ranges.\n"
        "- **Tune**: F1 on half of the passages is compared with FP32's. A race judges the tuned model by the "
        "questions about the other half, which the tuning never reads. If the loss exceeds the criterion, the strategy "
        "returns some operators to FP32 and tries again, until the criterion is met or the exit policy ends the "
        "search.\n\n"
        "Press **Quantize**. Earlier conversions are reused from the cache."
    )
    _draw_published()


def _draw_published() -> None:
    before, after = PUBLISHED_SECONDS
    st.caption(
        f"Published: F1 {PUBLISHED_F1[0]} to {PUBLISHED_F1[1]}, {before} s to {after} s. That is "
        f"{before / after:.2f}x faster ({format_percent(1 - after / before)} less time). "
        "Fairlap always quotes the first."
    )


def draw_quantization(job: DisplayedJob, colours: Theme, *, raceable: bool = False) -> None:
    """A quantization, as far as it has come. `raceable`: offer to use its model in a race."""
    job_panel.draw_state(job)
    record = job.record
    if record is None:
        return
    baseline, trials = record.first_report_as("baseline", BaselineAccuracy), record.reports_as("trial", TuningTrial)
    result = record.result_as(QuantizeResult)
    if baseline is None and result is None:
        job_panel.draw_log(record, "Output of Neural Compressor")
        return
    if result is not None:
        _draw_verdict(record, result, trials)
    if baseline is not None:
        if best := _best_trial(trials):
            _draw_comparison(baseline, best, result)
        plan = record.first_report_as("plan", TuningPlan)
        if trials and plan:
            draw_figure(
                build_trials_figure(baseline, trials, plan, colours),
                key="bert-trials",
                alt="F1 of every trial, with FP32's F1 and the lowest that is allowed",
            )
            _draw_trials(baseline, trials, plan)
    if raceable and (name := _raceable_quantization(record, result, trials)):
        st.button(
            "Race this model",
            icon=":material/sports_score:",
            key="bert:race-it",
            on_click=_race_model,
            args=(name,),
            help="Sets the quantization of the race to this model",
        )
    _draw_published()
    job_panel.draw_log(record, "Output of Neural Compressor")


def _best_trial(trials: list[TuningTrial]) -> TuningTrial | None:
    """The trial that meets the criterion, otherwise the one with the smallest loss."""
    return min(trials, key=lambda trial: (not trial.met, trial.loss_relative), default=None)


def _raceable_quantization(record: MeasurementRecord, result: QuantizeResult | None, trials: list[TuningTrial]) -> str:
    """The quantization of the result, or of the best trial of a search that did not finish; empty if there is none."""
    if result is not None:
        return result.quantization
    best = _best_trial(trials)
    return best.quantization if best and record.state.over else ""


def _race_model(name: str) -> None:
    workload = load_workloads()["bert"]
    current_controls(workload).set("quantization", name)
    tabs.show_tab(workload, tabs.RACE_TAB)


def _draw_verdict(record: MeasurementRecord, result: QuantizeResult, trials: list[TuningTrial]) -> None:
    reason = STOP_REASONS[result.stopped]
    calibrated = f"{result.calibrated} questions"
    if result.calibrated < result.asked:
        calibrated += f" (the set has no more; the configuration asks for {result.asked})"
    if result.met is None:
        st.info(f"Converted, calibrated on {calibrated}; {reason}.", icon=":material/info:")
    elif result.met:
        st.success(
            f"Trial {result.best} is within the limit, after {record.seconds:.0f} s, calibrated on {calibrated}.",
            icon=":material/verified:",
        )
    else:
        st.error(
            f"None of {format_count(len(trials), 'trial')} is within the limit. The search ended because {reason}. "
            f"The best is trial {result.best}; a race with it finds its accuracy below the limit.",
            title="All trials lose too much accuracy",
            icon=":material/gpp_bad:",
        )


def _draw_comparison(baseline: BaselineAccuracy, best: TuningTrial, result: QuantizeResult | None) -> None:
    """Accuracy, time and size before and after, as in Intel's posts."""
    rows = {
        "F1": (f"{baseline.f1:.2f}", f"{best.f1:.2f}", format_change(1 - best.loss_relative, 2)),
        "exact match": (f"{baseline.exact_match:.2f}", f"{best.exact_match:.2f}", ""),
        "evaluation": (
            format_duration(baseline.seconds),
            format_duration(best.evaluation_s),
            "one pass each: race it",
        ),
    }
    if result is not None:
        change = format_change(result.bytes_int8 / result.bytes_fp32, 0)
        rows["graph"] = (format_bytes(result.bytes_fp32), format_bytes(result.bytes_int8), change)
    columns = ("", "FP32", f"INT8, trial {best.number}", "change")
    table = pd.DataFrame([dict(zip(columns, (name, *row), strict=True)) for name, row in rows.items()])
    st.table(table, border="horizontal", hide_index=True, alt="Accuracy, time and size before and after")


def build_trials_figure(
    baseline: BaselineAccuracy, trials: list[TuningTrial], plan: TuningPlan, theme: Theme
) -> go.Figure:
    """F1 of every trial, with lines for FP32's F1 and the lowest F1 that the criterion allows."""
    style, figure = arm_style(Arm.ACCELERATED, theme), plotly_template.new_figure(theme, 220)
    figure.add_scatter(
        x=[trial.number for trial in trials],
        y=[trial.f1 for trial in trials],
        mode="lines+markers",
        name="INT8, by trial",
        line={"color": style.fill},
        marker={
            "color": style.colour,
            "size": 10,
            "symbol": ["diamond" if trial.met else "x" for trial in trials],
        },
        customdata=[
            [trial.operators_int8, trial.operators, format_percent(trial.loss_relative, 2)] for trial in trials
        ],
        hovertemplate="trial %{x}: F1 %{y:.2f}<br>%{customdata[0]} of %{customdata[1]} in INT8<br>"
        "loss %{customdata[2]}<extra></extra>",
    )
    ends = [0.5, max(len(trials), 4) + 0.5]
    base = arm_style(Arm.BASELINE, theme)
    for name, value, dash in (
        ("FP32", baseline.f1, base.dash),
        ("lowest allowed", baseline.f1 * (1 - plan.relative_loss), "dot"),
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


def _describe_held_out(baseline: BaselineAccuracy) -> str:
    if baseline.held_out is None:
        return "These are all questions of the set, so a race with them makes no claim: quantize again."
    return f"A race judges the model by the {baseline.held_out} questions about other passages."


def _draw_trials(baseline: BaselineAccuracy, trials: list[TuningTrial], plan: TuningPlan) -> None:
    table = pd.DataFrame(
        [
            {
                "trial": trial.number,
                "in INT8": f"{trial.operators_int8} of {trial.operators}",
                "F1": round(trial.f1, 2),
                "loss": format_percent(trial.loss_relative, 2),
                "time": format_duration(trial.seconds),
                "accuracy": "within the limit" if trial.met else "loses too much",
                "in FP32": ", ".join(trial.fallback) or "none",
            }
            for trial in trials
        ]
    )
    st.caption(
        "A trial is one INT8 version of the model. The first has all matrix products in INT8. If it loses more F1 than "
        "allowed, the next ones return some of them to FP32. "
        f"Strategy {markdown.escape_markdown(plan.strategy)}: {len(trials)} of at most {plan.max_trials} trials, with "
        f"{plan.operators} operators to quantize, evaluated on {baseline.questions} questions. "
        f"{_describe_held_out(baseline)} Up to {format_percent(plan.relative_loss)} of F1 may be lost."
    )
    st.dataframe(table, hide_index=True, height="content" if len(trials) < 8 else 300, alt="All trials of the tuning")
