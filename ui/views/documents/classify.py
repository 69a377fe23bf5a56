"""The tab Your text: both arms label a text that a person pastes, with their scores and times."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_cores, format_count, format_duration, format_percent
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.scheduler.interactive import Request, RequestState
from ui import actions, services
from ui.components.request_panel import draw_unanswered, find_request, follow_request, submit_request
from ui.controls.overrides import ControlOverrides
from ui.design import browser
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.design.tables import escape_table
from ui.design.theme import Theme, arm_name_markdown
from ui.views.documents.result import name_columns
from ui.views.race.tabs import RACE_TAB
from workloads.documents.catalogue import TFIDF
from workloads.documents.measurements import (
    CLASSIFY_TASK,
    MAX_TEXT_CHARACTERS,
    ArmAnswer,
    ClassifyArguments,
    ClassifyResult,
)

CONTROLS = ControlOverrides(races=False, more=True, offers_cases=True, visible=("batch",))
"""All settings of a race that decide which models are trained."""
REQUEST_KEY = "documents:classify:request"
TEXT_KEY = "documents:text"
MAX_SCORES = 4
MAX_QUOTED_CHARACTERS = 80
DEFAULT_TEXT = (
    "Fit the model to the training samples. X is a sparse matrix of shape (n_samples, n_features), y holds the class "
    "of each sample. Returns the fitted estimator itself, so that calls can be chained. Sample weights rescale the "
    "penalty."
)
EXAMPLE_TEXTS = (
    "Open a connection to the database and begin a transaction. Rows of the result are fetched when they are needed, "
    "and the session is closed at the end of the block, even if the statement raised an error.",
    "Submit the function to a worker of the cluster. The call returns at once with a reference, which can be passed to "
    "other tasks; get waits for the value and raises what the worker raised.",
    "Draw a box of text on the page. A change runs the script again from top to bottom, and the widget returns what "
    "the user has typed last.",
)
"""Written for this page. None is a document of the corpus."""
ANNOUNCEMENTS = {
    RequestState.WAITING: "Your text waits for its turn.",
    RequestState.RUNNING: "Your text is being classified.",
    RequestState.FINISHED: "Your text is classified.",
    RequestState.FAILED: "Your text was not classified.",
    RequestState.STOPPED: "Your text was cancelled.",
}
"""What a screen reader hears."""
SCORE_TEXTS = {
    "probability": "Probabilities are those of the classifier itself. They are not calibrated.",
    "votes": "A support vector machine has no probabilities. Its score is how many of the other classes a class beats "
    "in pairs, and a fraction by how clearly.",
    "margin": "A support vector machine has no probabilities. Its score is the distance to the border between both "
    "classes: the farther from 0, the clearer.",
}
VOTE_FRACTION = 1 / 3
"""What the clarity of its victories adds to the votes of a class at most (`sklearn.utils.multiclass`)."""
CLEAN_LABEL = {"load": "clean"}
"""Of the step that does less for one text than in a race."""


def draw_classify_tab(plan: Plan) -> None:
    theme = browser.detect_theme()
    request = find_request(REQUEST_KEY)
    form, answers = st.columns([1, 1], gap="large")
    with form:
        draw_heading("Your text")
        _draw_form(plan, request)
    with answers:
        if request is None:
            _draw_before(plan)
        else:
            follow_request(
                request, lambda current: _draw_request(current, theme), ANNOUNCEMENTS, key="classify-announcer"
            )


def _draw_before(plan: Plan) -> None:
    """What pressing the button does."""
    draw_heading("Labels")
    if services.get_interactive_tasks().is_prepared(plan, CLASSIFY_TASK):
        st.markdown("Both models are trained. Press **Classify**.")
    else:
        st.markdown(
            "Both arms learn from the documents of the settings above, as in a race, and then label your text. The "
            "models stay for further texts. No race is needed."
        )


def _draw_form(plan: Plan, request: Request | None) -> None:
    kept = f"{TEXT_KEY}:kept"
    # Streamlit drops the value of a widget that is not drawn, so it is kept under another key.
    if TEXT_KEY not in st.session_state:
        st.session_state[TEXT_KEY] = st.session_state.get(kept, DEFAULT_TEXT)
    why_not = actions.why_not_start()
    disabled = (request is not None and not request.state.over) or bool(why_not)
    with st.form("documents:classify-form", border=False):
        st.text_area(
            "Text",
            key=TEXT_KEY,
            height=260,
            help=f"Up to {MAX_TEXT_CHARACTERS:,} characters. It is not stored. Everything but letters is left out, as "
            "of the documents.",
        )
        pressed = st.form_submit_button(
            "Classify",
            icon=":material/label:",
            type="primary",
            key="documents:classify-button",
            disabled=disabled,
            help=why_not or None,
        )
    with st.container(gap="xsmall"):
        st.caption("Or take one of these:")
        for number, text in enumerate(EXAMPLE_TEXTS):
            st.button(
                _quote(text),
                key=f"documents:example-{number}",
                icon=":material/notes:",
                type="tertiary",
                on_click=_choose_text,
                args=(text,),
                disabled=disabled,
            )
    st.session_state[kept] = st.session_state[TEXT_KEY]
    # Not submitted in the callback: callbacks get the plan of the previous rerun.
    chosen = st.session_state.pop("documents:text-chosen", False)
    if (pressed or chosen) and submit_request(
        plan,
        CLASSIFY_TASK,
        {"text": st.session_state[TEXT_KEY]},
        key=REQUEST_KEY,
        failed="The text was not classified",
    ):
        st.rerun()


def _choose_text(text: str) -> None:
    """Have the next rerun classify an example."""
    st.session_state[TEXT_KEY] = text
    st.session_state["documents:text-chosen"] = True


def _quote(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[: 8 * MAX_QUOTED_CHARACTERS].split())
    return line if len(line) <= MAX_QUOTED_CHARACTERS else f"{line[:MAX_QUOTED_CHARACTERS].rstrip()}…"


def _draw_request(request: Request, theme: Theme) -> None:
    draw_heading(f"Labels of: {escape_markdown(_quote(request.arguments_as(ClassifyArguments).text))}")
    draw_unanswered(request, cancelled="The text was cancelled.", key="documents:classify-cancel")
    if request.state is RequestState.FINISHED:
        draw_answers(request.plan, request.result_as(ClassifyResult), theme)


def draw_answers(plan: Plan, result: ClassifyResult, theme: Theme) -> None:
    """What both arms say about a text, whether they agree, and what the times are."""
    resolved = resolve(plan)
    for column, (arm, answer) in zip(st.columns(2), result.answers.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            name = arm_name_markdown(arm, resolved.lever_value(arm).label, theme)
            _draw_answer(answer, name, result)
    labels = {answer.label for answer in result.answers.values()}
    if len(labels) > 1:
        st.warning("The arms disagree: they give this text **different labels**.", icon=":material/call_split:")
    if result.is_unusual:
        st.warning(
            f"{describe_known(plan, result)} Of the held-out documents, 99 % have "
            f"{format_percent(result.usual_known_share, 0)} and more. A classifier always chooses a label, also for a "
            "text in another language.",
            title="The labels mean little",
            icon=":material/translate:",
        )
    st.table(escape_table(build_times(plan, result)), border="horizontal", hide_index=True, alt="Times")
    st.caption(describe_result(plan, result))


def _draw_answer(answer: ArmAnswer, name: str, result: ClassifyResult) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(name, width="content")
        st.markdown(f":gray[{format_duration(answer.total_s)}]", width="content", help="Median of all steps together")
    st.markdown(f"### {escape_markdown(answer.label)}", anchors=False)
    best = len(answer.scores) - 1 + VOTE_FRACTION
    for one in answer.scores[:MAX_SCORES]:
        if result.score_kind == "probability":
            share, text = one.score, format_percent(one.score, 1)
        elif result.score_kind == "votes":
            share, text = one.score / best, f"{one.score:.2f} of {best:.2f}"
        else:
            share, text = 0.0, f"{one.score:+.3f}"
        line = f":small[{escape_markdown(one.label)}: {text}]"
        if result.score_kind == "margin":
            st.markdown(line)
        else:
            draw_progress(share, line, one.label)


def build_times(plan: Plan, result: ClassifyResult) -> pd.DataFrame:
    """A row for the median time of each step, of all together, and for the first call; a column for each arm."""
    resolved = resolve(plan)
    names = name_columns([resolved.lever_value(arm).label for arm in result.answers])
    labels = resolved.labels() | CLEAN_LABEL
    columns: dict[str, list[str]] = {}
    for name, answer in zip(names, result.answers.values(), strict=True):
        rows = {labels[step]: time_s for step, time_s in answer.step_s.items()}
        rows |= {"all steps": answer.total_s, "all steps, first call": answer.first_s}
        columns.setdefault("step", list(rows))
        columns[name] = [format_duration(time_s) for time_s in rows.values()]
    return pd.DataFrame(columns)


def describe_known(plan: Plan, result: ClassifyResult) -> str:
    """How much of the text is known, as a sentence."""
    words = (
        format_count(result.words, "different word")
        if plan.case == TFIDF
        else f"first {format_count(result.words, 'word piece')}"
    )
    return f"{result.known:,} of the {words} of the text are in the vocabulary."


def describe_result(plan: Plan, result: ClassifyResult) -> str:
    """What the labels, scores and times are, as Markdown."""
    trained = f", loaded and trained in {format_duration(result.train_s)} for this text" if result.train_s else ""
    return (
        f"{SCORE_TEXTS[result.score_kind]} {describe_known(plan, result)} Both models are those of a race with these "
        f"settings, of {format_count(result.train_count, 'document')} to learn from{trained}. Times are the median of "
        f"{format_count(result.repeats, 'call')} of each arm, in turns, on {format_cores(plan.cores)}, after the first "
        "one and a warm-up; cleaning is without Modin. The time of a single text is no claim: race both arms on the "
        f"tab **{RACE_TAB}**."
    )
