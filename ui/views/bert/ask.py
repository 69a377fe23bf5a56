"""The tab Ask: a passage and a question, and the answers of the FP32 and the INT8 model side by side."""

from __future__ import annotations

import html
from itertools import pairwise

import streamlit as st

from bench.formatting import format_cores, format_duration
from bench.plan.plan import Plan
from bench.scheduler.interactive import Request, RequestState
from bench.values import Arm
from bench.workload.interface import BadInput
from ui import services
from ui.design import browser, markdown, theme
from ui.design.theme import Theme
from workloads.bert.measurements import AskArguments, AskResult, ModelAnswer

REQUEST_KEY = "bert:ask:request"
REFRESH_S = 0.5
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
    colours = browser.detect_theme()
    request = _find_request()
    form, answers = st.columns([1, 1], gap="large")
    with form:
        _draw_form(plan, request)
    with answers:
        if request is None:
            st.markdown(
                "Both models read the passage and mark the words that answer the question. The first question of a "
                "session takes longer: the FP32 model is loaded, and quantized unless its INT8 version is in the cache."
            )
        else:
            _follow_request(request, colours)


def _find_request() -> Request | None:
    """The last question of this session."""
    request_id = st.session_state.get(REQUEST_KEY)
    return services.get_interactive_tasks().find(request_id) if request_id else None


def _draw_form(plan: Plan, request: Request | None) -> None:
    for key, default in (("bert:passage", DEFAULT_PASSAGE), ("bert:question", EXAMPLE_QUESTIONS[0])):
        # Streamlit drops the value of a widget that is not drawn, so it is kept under another key.
        if key not in st.session_state:
            st.session_state[key] = st.session_state.get(f"{key}:kept", default)
    st.text_area("Passage", key="bert:passage", height=260, help="Any English text. Long texts are read in windows.")
    st.pills(
        "Example questions",
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
            disabled=request is not None and not request.state.over,
        )
    for key in ("bert:passage", "bert:question"):
        st.session_state[f"{key}:kept"] = st.session_state[key]
    if pressed and _submit(plan):
        st.rerun()


def _submit(plan: Plan) -> bool:
    """Ask the question, or say why that is not possible."""
    arguments = {"question": st.session_state["bert:question"], "passage": st.session_state["bert:passage"]}
    try:
        st.session_state[REQUEST_KEY] = services.get_interactive_tasks().submit(plan, "ask", arguments)
    except BadInput as error:
        st.error(error.remedy, title=str(error))
        return False
    except OSError as error:
        st.error(f"{error}. Check that the disk has free space and is writable.", title="The question was not asked")
        return False
    return True


def _fill_question() -> None:
    if chosen := st.session_state["bert:suggested"]:
        st.session_state["bert:question"] = chosen


def _follow_request(request: Request, colours: Theme) -> None:
    """Draw the request, again and again until it is over; then the whole page is drawn once more."""
    if request.state.over:
        _draw_request(request, colours)
        return

    def redraw() -> None:
        current = services.get_interactive_tasks().find(request.id)
        if current is None or current.state.over:
            st.rerun()
        _draw_request(current, colours)

    st.fragment(redraw, run_every=REFRESH_S)()


def _draw_request(request: Request, colours: Theme) -> None:
    match request.state:
        case RequestState.WAITING:
            text = f"{request.place} in front. One job at a time runs on this machine."
            st.info(text if request.place else "It starts in a moment.", icon=":material/hourglass_top:")
        case RequestState.RUNNING:
            text = markdown.escape_markdown(request.progress or "starting its process")
            text += f" :gray[({request.seconds:.0f} s)]"
            if request.share is None:
                st.markdown(f":material/progress_activity: {text}")
            else:
                st.progress(request.share, text)
        case RequestState.FAILED if request.failure:
            failure = request.failure
            st.error(
                markdown.escape_markdown(failure.remedy),
                title=markdown.escape_markdown(failure.what),
                icon=":material/error:",
            )
            if failure.log:
                with st.expander("The last lines of its output", icon=":material/terminal:"):
                    st.code("\n".join(failure.log), language=None, wrap_lines=True)
        case RequestState.FINISHED:
            _draw_answers(request, colours)


def _draw_answers(request: Request, colours: Theme) -> None:
    result = request.result_as(AskResult)
    answers = {"fp32": result.fp32, "int8": result.int8}
    for column, (name, (arm, label)) in zip(st.columns(len(answers)), MODEL_ARMS.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            _draw_answer(answers[name], theme.arm_name_markdown(arm, label, colours))
    st.html(mark_spans(request.arguments_as(AskArguments).passage, answers, colours))
    best = [answer.best[:1] for answer in answers.values()]
    texts = [[span.text for span in spans] for spans in best]
    agreement = "the same words" if texts[0] == texts[1] else "**different words**"
    probability = " with the same probability" if best[0] == best[1] else ""
    windows = "one window" if result.windows == 1 else f"{result.windows} overlapping windows"
    st.caption(
        f"Both models mark {agreement}{probability}. The passage was read in {windows} of {result.length} word pieces "
        f"and tokenized in {format_duration(result.tokenize_s)}. Times are the median of {result.repeats} passes of "
        f"each model, in turns, on {format_cores(request.plan.cores)}. That is too little for a claim: press **Run** "
        "to measure the ratio."
    )


def _draw_answer(answer: ModelAnswer, name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(name, width="content")
        st.markdown(f":gray[{format_duration(answer.inference_s)}]", width="content", help="Time of inference alone")
    if not answer.best:
        st.markdown("*no answer found*")
        return
    first, *others = answer.best
    st.markdown(f"##### {markdown.escape_markdown(first.text)}")
    st.progress(first.probability, f":small[{first.probability:.1%} of the probability of the best answers]")
    for other in others:
        st.markdown(f":small[:gray[{other.probability:.1%} {markdown.escape_markdown(other.text)}]]")


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
