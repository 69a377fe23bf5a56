"""The map of documents: where t-SNE put them in both arms, coloured by label or by topic."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from bench.formatting import format_count, format_percent
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.output import Table
from ui.access.redaction import describe_error
from ui.charts.neighbour_map import MapPanel, build_neighbour_map
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.marking import keep_mark
from ui.design.theme import Theme
from workloads.documents.document_map import MAX_DRAWN_DOCUMENTS, DocumentMap, read_map_table

BY_LABEL, BY_TOPIC = "Label", "Topic"
"""What the colours of the map may show."""
NOTE = (
    "t-SNE keeps neighbours together. Only who is near whom can be compared: turns, mirror images, distances between "
    "groups and their sizes mean nothing, and differ between two maps of equal quality."
)
TOPIC_NOTE = " K-Means starts from the same documents in both arms, so topics of one number correspond."


def draw_map(run: Run, table: Table, key: str, theme: Theme) -> None:
    """The map of a run's `table`, with a choice of its colours. `key` is unique for the place on the page."""
    try:
        content = read_map_table(table)
    except ValueError as error:
        # Of a record that was edited, or made by another version.
        st.warning(f"The map of documents cannot be drawn: {describe_error(error)}.", icon=":material/info:")
        return
    draw_heading("Map of documents", describe_map(run, content))
    # A fragment, so that another colour does not draw the whole page again.
    st.fragment(keep_mark(_draw_choice))(run, content, key, theme)


def _draw_choice(run: Run, content: DocumentMap, key: str, theme: Theme) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        colouring = st.segmented_control(
            "Colour by",
            (BY_LABEL, BY_TOPIC),
            default=BY_LABEL,
            required=True,
            key=f"{key}-colouring",
            label_visibility="collapsed",
            width="content",
        )
        marks_wrong = st.toggle(
            "Mark wrong labels",
            key=f"{key}-wrong",
            help="Held-out documents that an arm labelled wrongly get a ring. The others are paler.",
        )
    figure = build_neighbour_map(
        [make_panel(run, content, arm, colouring) for arm in Arm],
        theme,
        marked_name="wrong label" if marks_wrong else "",
    )
    draw_figure(figure, key=key, alt=describe_figure(run, content, colouring))
    st.caption(NOTE + (TOPIC_NOTE if colouring == BY_TOPIC else ""))


def make_panel(run: Run, content: DocumentMap, arm: Arm, colouring: str) -> MapPanel:
    """The map of one arm."""
    made, names = content.arms[arm], name_topics(content)
    wrong = content.list_wrong(arm)
    topics = [names[topic] for topic in made.topics]
    facts = [
        [f"label: {label}", f"topic: {topic}", _describe_prediction(predicted, is_wrong=is_wrong)]
        for label, topic, predicted, is_wrong in zip(content.labels, topics, made.predicted, wrong, strict=True)
    ]
    return MapPanel(
        arm,
        f"{run.snapshot.arms[arm]}, {sum(wrong):,} of {sum(map(bool, made.predicted)):,} held-out ones wrong",
        made.x,
        made.y,
        content.labels if colouring == BY_LABEL else topics,
        content.texts,
        facts,
        wrong,
    )


def _describe_prediction(predicted: str, *, is_wrong: bool) -> str:
    if not predicted:
        return "learned from, not held out"
    return f"held out, predicted: {predicted}{' (wrong)' if is_wrong else ''}"


def name_topics(content: DocumentMap) -> dict[int, str]:
    """The number of each topic with the label that most of its documents on both maps have."""
    labels: dict[int, Counter[str]] = {}
    for made in content.arms.values():
        for topic, label in zip(made.topics, content.labels, strict=True):
            labels.setdefault(topic, Counter())[label] += 1
    width = len(str(max(labels, default=0)))
    names: dict[int, str] = {}
    for topic, counts in labels.items():
        label, count = counts.most_common(1)[0]
        names[topic] = f"{topic:0{width}d}: {label}, {format_percent(count / counts.total(), 0)}"
    return names


def describe_map(run: Run, content: DocumentMap) -> str:
    """How many documents the map has, and whether these are all."""
    count, mapped = len(content.texts), int(run.plan.parameters.get("mapped", 0))
    text = format_count(count, "document")
    return f"{text} of up to {mapped:,}." if count == MAX_DRAWN_DOCUMENTS < mapped else f"{text}."


def describe_figure(run: Run, content: DocumentMap, colouring: str) -> str:
    """The text for readers who do not see the maps."""
    wrong = ", ".join(f"{sum(content.list_wrong(arm)):,} by {run.snapshot.arms[arm]}" for arm in Arm)
    return (
        f"Maps of {format_count(len(content.texts), 'document')} by t-SNE, one for each arm, coloured by "
        f"{colouring.lower()}. Held-out documents with a wrong label: {wrong}. The table Map among the details has "
        "every document."
    )
