"""Ask: a passage and a question, and what the FP32 and the INT8 model answer, side by side."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import Any

import streamlit as st

from bench.formatting import format_duration
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job, JobState
from bench.values import Arm
from ui.components import task_panel
from ui.design import browser, markdown, theme
from ui.design.theme import Theme

SLOT = "bert:ask"
DEFAULT_PASSAGE = (
    "Intel Neural Compressor was first released in 2020 under the name Low Precision Optimization Tool. It lowers the "
    "numerical precision of a trained network from 32-bit floating point to 8-bit integers, after it has watched the "
    "network read a small set of calibration examples. Processors with Vector Neural Network Instructions multiply and "
    "add four pairs of such integers at once in every 32-bit lane, so that a matrix product can take a quarter of the "
    "time. Accuracy is kept by giving back to floating point those operators whose rounding hurts the most."
)
"""Written for this page."""
EXAMPLE_QUESTIONS = (
    "What was Neural Compressor called at first?",
    "How many pairs of integers does a lane multiply at once?",
    "Which operators go back to floating point?",
)
MODEL_ARMS = {"fp32": (Arm.BASELINE, "FP32"), "int8": (Arm.ACCELERATED, "INT8")}


def draw_ask_tab(plan: Plan) -> None:
    """The whole tab."""
    colours = browser.detect_theme()
    job = task_panel.get_session_job(SLOT)
    asking, answered = st.columns([1, 1], gap="large")
    with asking:
        _draw_form(plan, job)
    with answered:
        if job is None:
            st.markdown(
                "Both models read the passage and mark the words that answer the question. The first question of a "
                "session takes a while: the FP32 model is loaded, and quantized unless that was done before."
            )
        else:
            task_panel.follow_job(job, lambda now: _draw_answers(now, colours))


def _draw_form(plan: Plan, job: Job | None) -> None:
    for key, first in (("bert:passage", DEFAULT_PASSAGE), ("bert:question", EXAMPLE_QUESTIONS[0])):
        # A widget that is not drawn forgets; what was written stays for the session.
        if key not in st.session_state:
            st.session_state[key] = st.session_state.get(f"{key}:kept", first)
    st.text_area("Passage", key="bert:passage", height=260, help="Any English text; long ones are read in windows.")
    st.pills(
        "Questions to begin with",
        EXAMPLE_QUESTIONS,
        key="bert:suggested",
        on_change=_fill_question,
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Question", key="bert:question")
        pressed = st.button(
            "Ask",
            icon=":material/quiz:",
            type="primary",
            key="bert:ask-button",
            disabled=job is not None and not job.state.over,
        )
    for key in ("bert:passage", "bert:question"):
        st.session_state[f"{key}:kept"] = st.session_state[key]
    if pressed:
        given = {"question": st.session_state["bert:question"], "passage": st.session_state["bert:passage"]}
        task_panel.start_task(plan, "ask", given, SLOT)
        st.rerun()


def _fill_question() -> None:
    if chosen := st.session_state["bert:suggested"]:
        st.session_state["bert:question"] = chosen


def _draw_answers(job: Job, colours: Theme) -> None:
    task_panel.draw_job_state(job)
    if job.state is not JobState.DONE:
        return
    answers = job.result["answers"]
    for column, (name, (arm, label)) in zip(st.columns(len(answers)), MODEL_ARMS.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            _draw_answer(answers[name], theme.arm_name_markdown(arm, label, colours))
    st.html(mark_spans(job.given["passage"], answers, colours))
    same = answers["fp32"]["best"][:1] == answers["int8"]["best"][:1]
    texts = {name: [one["text"] for one in found["best"][:1]] for name, found in answers.items()}
    agree = "the same words" if texts["fp32"] == texts["int8"] else "**different words**"
    windows = job.result["windows"]
    read = "in one window" if windows == 1 else f"in {windows} overlapping windows"
    st.caption(
        f"Both models mark {agree}{' with the same probability' if same else ''}. The passage was read {read} of "
        f"{job.result['length']} word pieces, tokenized in {format_duration(job.result['tokenize_s'])}; the times are the "
        f"median of {job.result['repeats']} passes each, models taking turns, on {job.plan.cores} "
        f"core{'s' * (job.plan.cores > 1)}. That is too little for a claim: press **Run** to measure the ratio."
    )


def _draw_answer(answer: dict[str, Any], name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(name, width="content")
        st.markdown(f":gray[{format_duration(answer['inference_s'])}]", width="content", help="Inference alone")
    best = answer["best"]
    if not best:
        st.markdown("*no answer found*")
        return
    st.markdown(f"##### {markdown.escape_markdown(best[0]['text'])}")
    st.progress(best[0]["probability"], f":small[{best[0]['probability']:.1%} of the n-best list's probability]")
    for other in best[1:]:
        st.markdown(f":small[:gray[{other['probability']:.1%} {markdown.escape_markdown(other['text'])}]]")


def mark_spans(passage: str, answers: dict[str, Any], colours: Theme) -> str:
    """The passage as HTML with each model's best span marked: FP32's by a line below, INT8's by a filled background."""
    spans = {
        name: (found["best"][0]["start"], found["best"][0]["end"]) for name, found in answers.items() if found["best"]
    }
    edges = sorted({0, len(passage), *(edge for span in spans.values() for edge in span)})
    parts = []
    for first, last in pairwise(edges):
        inside = {name for name, (start, end) in spans.items() if start <= first and last <= end}
        text = html.escape(passage[first:last]).replace("\n", "<br>")
        if not inside:
            parts.append(text)
            continue
        css = ""
        if "fp32" in inside:
            css += f"border-bottom: 3px solid {theme.arm_style(Arm.BASELINE, colours).colour};"
        if "int8" in inside:
            css += f"background: {theme.arm_style(Arm.ACCELERATED, colours).fill};"
        who = " and ".join(MODEL_ARMS[name][1] for name in MODEL_ARMS if name in inside)
        parts.append(
            f'<mark title="{who}" style="color: inherit; padding-bottom: 1px; background: none; {css}">{text}</mark>'
        )
    return f'<div style="line-height: 1.8; overflow-wrap: anywhere">{"".join(parts)}</div>'
