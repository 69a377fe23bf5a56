"""The tab Ask: a passage and a question, and the answers of the FP32 and the INT8 model side by side."""

from __future__ import annotations

import html
from itertools import pairwise

import streamlit as st

from bench.formatting import format_cores, format_duration, format_percent
from bench.plan.plan import Plan
from bench.scheduler.interactive import Request, RequestState
from bench.values.base import Arm
from ui import actions
from ui.components.request_panel import draw_unanswered, find_request, follow_request, submit_request
from ui.design import browser, markdown, theme
from ui.design.headings import draw_heading
from ui.design.progress import draw_progress
from ui.design.theme import Theme
from ui.views.bert.models import ANSWER_TASK, draw_models
from ui.views.race.tabs import RACE_TAB
from workloads.bert.measurements import MIN_PROBABILITY, AskArguments, AskResult, ModelAnswer

REQUEST_KEY = "bert:ask:request"
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
NOT_SURE_HELP = (
    f"The logits of the best answer are low, or it has less than {format_percent(MIN_PROBABILITY, 0)} of the "
    "probability of the best answers. A model always marks some words: it was not trained on questions without an "
    "answer."
)
ANNOUNCEMENTS = {
    RequestState.WAITING: "Your question waits for its turn.",
    RequestState.RUNNING: "Your question is being answered.",
    RequestState.FINISHED: "Your question is answered.",
    RequestState.FAILED: "Your question was not answered.",
    RequestState.STOPPED: "Your question was cancelled.",
}
"""What a screen reader hears."""
MODEL_ARMS = {"fp32": (Arm.BASELINE, "FP32"), "int8": (Arm.ACCELERATED, "INT8")}


def draw_ask_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    request = find_request(REQUEST_KEY)
    form, answers = st.columns([1, 1], gap="large")
    with form:
        draw_heading("Your question")
        _draw_form(plan, request)
    with answers:
        draw_models(plan, asking=request is not None and not request.state.over)
        if request is None:
            st.markdown("Both models read the passage and mark the words that answer the question.")
        else:
            follow_request(
                request, lambda current: _draw_request(current, colours), ANNOUNCEMENTS, key="question-announcer"
            )


def _draw_form(plan: Plan, request: Request | None) -> None:
    for key, default in (("bert:passage", DEFAULT_PASSAGE), ("bert:question", EXAMPLE_QUESTIONS[0])):
        # Streamlit drops the value of a widget that is not drawn, so it is kept under another key.
        if key not in st.session_state:
            st.session_state[key] = st.session_state.get(f"{key}:kept", default)
    why_not = actions.why_not_start()
    disabled = (request is not None and not request.state.over) or bool(why_not)
    with st.form("bert:form", border=False):
        st.text_area(
            "Passage", key="bert:passage", height=220, help="Any English text. Long texts are read in windows."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Question", key="bert:question")
            pressed = st.form_submit_button(
                "Ask",
                icon=":material/quiz:",
                type="primary",
                key="bert:ask-button",
                disabled=disabled,
                help=why_not or "Press Enter in the question to ask",
            )
    if st.session_state["bert:passage"] == DEFAULT_PASSAGE:
        with st.container(gap="xsmall"):
            st.caption("Or ask one of these:")
            for number, question in enumerate(EXAMPLE_QUESTIONS):
                st.button(
                    question,
                    key=f"bert:example-{number}",
                    icon=":material/quiz:",
                    type="tertiary",
                    on_click=_choose_question,
                    args=(question,),
                    disabled=disabled,
                )
    for key in ("bert:passage", "bert:question"):
        st.session_state[f"{key}:kept"] = st.session_state[key]
    # Not submitted in the callback: callbacks get the plan of the previous rerun.
    chosen = st.session_state.pop("bert:chosen", False)
    if (pressed or chosen) and _submit(plan):
        st.rerun()


def _submit(plan: Plan) -> bool:
    """Ask the question, or say why that is not possible."""
    arguments = {"question": st.session_state["bert:question"], "passage": st.session_state["bert:passage"]}
    return submit_request(plan, ANSWER_TASK, arguments, key=REQUEST_KEY, failed="The question was not asked")


def _choose_question(question: str) -> None:
    """Have the next rerun ask an example."""
    st.session_state["bert:question"] = question
    st.session_state["bert:chosen"] = True


def _draw_request(request: Request, colours: Theme) -> None:
    """The question, and its answers or how far they have come."""
    draw_heading(f"Answers to: {markdown.escape_markdown(request.arguments_as(AskArguments).question.strip())}")
    draw_unanswered(request, cancelled="The question was cancelled.", key="bert:ask-cancel")
    if request.state is RequestState.FINISHED:
        _draw_answers(request, colours)


def _draw_answers(request: Request, colours: Theme) -> None:
    result = request.result_as(AskResult)
    answers = {"fp32": result.fp32, "int8": result.int8}
    for column, (name, (arm, label)) in zip(st.columns(len(answers)), MODEL_ARMS.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            draw_answer(answers[name], theme.arm_name_markdown(arm, label, colours))
    sure = {name: answer for name, answer in answers.items() if is_sure(answer)}
    st.html(mark_spans(request.arguments_as(AskArguments).passage, sure, colours))
    windows = "one window" if result.windows == 1 else f"{result.windows} overlapping windows"
    st.caption(
        f"{_compare_answers(result)} The passage was read in {windows} of {result.length} word pieces and tokenized in "
        f"{format_duration(result.tokenize_s)}. Times are the median of {result.repeats} passes of each model, in "
        f"turns, on {format_cores(request.plan.cores)}. That is too little for a claim: race both models on the tab "
        f"**{RACE_TAB}**."
    )


def is_sure(answer: ModelAnswer) -> bool:
    """Whether the best answer of the model is good enough to show it as an answer."""
    return bool(answer.best) and answer.best[0].is_sure


def _compare_answers(result: AskResult) -> str:
    """A sentence about whether both models answer the same."""
    if not is_sure(result.fp32) and not is_sure(result.int8):
        return "Neither model is sure: the passage may not contain the answer."
    if not is_sure(result.fp32) or not is_sure(result.int8):
        return "Only one model is sure of its answer."
    first, second = result.fp32.best[0], result.int8.best[0]
    if first.text != second.text:
        return "The models mark **different words**."
    return f"Both models mark the same words{' with the same confidence' if first == second else ''}."


def draw_answer(answer: ModelAnswer, name: str) -> None:
    """The best answer of one model as a heading below the one of the question, its confidence and the other answers."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(name, width="content")
        st.markdown(f":gray[{format_duration(answer.inference_s)}]", width="content", help="Time of inference alone")
    if not answer.best:
        st.markdown("**No answer found**")
        return
    first, *others = answer.best
    if is_sure(answer):
        st.markdown(f"### {markdown.escape_markdown(first.text)}", anchors=False)
        draw_progress(first.probability, f":small[Confidence {format_percent(first.probability)}]", "Confidence")
    else:
        st.markdown("### Not sure", anchors=False, help=NOT_SURE_HELP)
        others = answer.best
    if others:
        label = "Other answers" if is_sure(answer) else "Its best guesses"
        lines = [f"{format_percent(other.probability)} {markdown.escape_markdown(other.text)}" for other in others]
        st.markdown(f":small[:gray[{label}: {'; '.join(lines)}]]")


def mark_spans(passage: str, answers: dict[str, ModelAnswer], colours: Theme) -> str:
    """The passage as HTML with each model's best answer marked: FP32's with a line below, INT8's with a background."""
    spans = {name: (answer.best[0].start, answer.best[0].end) for name, answer in answers.items() if answer.best}
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
        models = " and ".join(MODEL_ARMS[name][1] for name in MODEL_ARMS if name in inside)
        style = f"color: inherit; padding-bottom: 1px; background: none; {css}"
        parts.append(f'<mark title="{models}" style="{style}">{text}</mark>')
    return f'<div style="line-height: 1.8; overflow-wrap: anywhere">{"".join(parts)}</div>'
