"""How everything is measured: one section per idea, each with a chart of the example run and what the rules found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from bench.claims.tricks.changes import present_arms
from bench.formatting import format_cores, format_count, format_percent, format_ratio_with_interval
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.stats.ratio import LAUNCH_SD
from bench.values.base import Arm
from bench.values.claims import Finding
from bench.values.samples import Phase
from bench.values.statistics import Interval
from ui import records
from ui.charts.accuracy import build_accuracy_figure
from ui.charts.method import (
    build_interval_figure,
    build_launches_figure,
    build_pairs_figure,
    build_warm_up_figure,
)
from ui.charts.presentation import build_presentation_figure
from ui.design.badges import OUTCOME_BADGES
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.run_view.evidence import draw_evidence
from ui.run_view.figures import RunChart, draw_chart
from ui.views.method.example import decide_claim

MAX_LAUNCHES = 8
MIN_LAUNCHES = 2
KEY = "method"


@dataclass(frozen=True, slots=True)
class Idea:
    """A section."""

    title: str
    text: str
    """Why it is measured so, as Markdown."""
    example: str
    """What the example run shows, as plain text."""
    rules: tuple[str, ...]
    """The rules whose findings about the example run are shown."""
    draw: Callable[[], None]
    """Draws the example."""


def draw_ideas(run: Run) -> None:
    theme = detect_theme()
    findings = {finding.rule: finding for finding in decide_claim(run).findings}
    for idea in _list_ideas(run, theme):
        with st.container(border=True):
            text, example = st.columns([2, 3], gap="medium", vertical_alignment="center")
            with text:
                draw_heading(idea.title)
                st.markdown(idea.text)
                st.markdown(f"**In this run:** {escape_markdown(idea.example)}")
                for rule in idea.rules:
                    _draw_finding(findings[rule])
            with example:
                idea.draw()


def _draw_finding(finding: Finding) -> None:
    badge = OUTCOME_BADGES[finding.outcome].markdown(finding.effect)
    st.markdown(f":small[{badge} **{escape_markdown(finding.title)}**: {escape_markdown(finding.seen)}]")


def _list_ideas(run: Run, theme: Theme) -> Iterator[Idea]:
    comparison = run.comparison()
    assert comparison is not None, "an example has a ratio"
    counts = {arm: comparison.summary(arm).count for arm in Arm}
    used = {arm: comparison.summary(arm).effective_cores for arm in Arm}
    warm_up = sum(sample.phase is Phase.WARM_UP for sample in run.samples)
    launches = _list_launches(run)

    def chart(name: str, alt: str, build: Callable[[], go.Figure]) -> Callable[[], None]:
        shown = RunChart(run, f"method-{name}", theme, version=tuple(launches), build=build, alt=alt)
        return lambda: draw_chart(shown, KEY)

    yield Idea(
        "Pairs and order",
        "One sample of each arm is a **pair**, taken one after the other on the same cores. What slows the machine "
        "down slows both. Each arm begins half of the pairs, in a shuffled order, because the second sample finds what "
        "the first left behind: warm caches and a busy clock.",
        f"{format_count(counts[Arm.BASELINE], 'pair')}. The mark says which arm began.",
        ("order-within-pairs",),
        chart("pairs", "Ratio of every pair, by the arm that began it", lambda: build_pairs_figure(run, theme)),
    )
    yield Idea(
        "Warm-up",
        "First calls load libraries, compile code and fill caches. The arms take turns until neither gets faster. "
        "These samples are shown, and they are in no statistic.",
        f"{format_count(warm_up, 'sample')} of warm-up"
        + (f", with {format_count(run.excluded_pairs, 'pair')} that were excluded." if run.excluded_pairs else "."),
        ("warm",),
        chart("warm-up", "Times of the warm-up and of the first pairs", lambda: build_warm_up_figure(run, theme)),
    )
    yield Idea(
        "Interval",
        "The same race would give another ratio tomorrow. The race is cut into five parts, and from the differences of "
        "their ratios follows a 95 % interval. If it includes 1, no difference was detected, whatever the ratio.",
        f"{format_ratio_with_interval(comparison.ratio)}.",
        ("interval", "stable"),
        chart("interval", "Ratios of the parts, and the interval", lambda: build_interval_figure(comparison, theme)),
    )
    yield Idea(
        "Launches",
        "Two processes of the same program differ for as long as they live, by address layout and thread placement, "
        f"and more samples do not average that away. So the interval is widened by {format_percent(LAUNCH_SD, 0)} per "
        "process. Racing again shows it: other processes, another ratio.",
        f"{format_count(len(launches), 'run')} of this plan on this machine"
        + (", each with processes of its own." if len(launches) >= MIN_LAUNCHES else ". Race it again to see another."),
        ("narrow",),
        chart("launches", "Ratio of each run of this plan", lambda: build_launches_figure(launches, theme)),
    )
    yield Idea(
        "Effective cores",
        "Asking for two cores is not using two: serial parts wait, and the kernel may pack threads on one core. CPU "
        "time divided by wall time says how many cores were busy.",
        f"{format_cores(run.plan.cores)} requested.",
        ("cores-used", "got-processor"),
        chart(
            "used-cores",
            "Cores that each arm kept busy",
            lambda: build_presentation_figure(
                present_arms(run, "", "", f"cores busy, of {run.plan.cores} requested", used), theme, is_trick=False
            ),
        ),
    )
    yield Idea(
        "Quality",
        "Speed is easy if the result may be wrong. The accuracy of both arms is measured on the same questions, pixels "
        "or rows, and the whole interval of the loss has to be within the limit of the plan.",
        f"at least {format_percent(run.plan.accuracy_limit)} of the baseline's accuracy has to be kept.",
        ("accuracy",),
        chart("quality", "Accuracy that the accelerated arm keeps", lambda: build_accuracy_figure(run, theme)),
    )
    yield Idea(
        "Evidence",
        "Libraries fall back to their stock path without a warning. Each arm hands over its library's own output, "
        "which says what code ran. Without it there is no claim.",
        "the output of both libraries.",
        ("engaged", "different-code"),
        lambda: _draw_evidence(run, theme),
    )


def _draw_evidence(run: Run, theme: Theme) -> None:
    with st.container(height=300, border=False, key="method-evidence"):
        draw_evidence(run, theme)


def _list_launches(run: Run) -> list[tuple[str, Interval]]:
    """The newest finished runs of the plan on the machine of the run, each with its date. Raises StoreError."""
    rows = records.list_rows(kind=JobKind.RACE, digest=run.digest, state=State.FINISHED, limit=records.MAX_EARLIER_RUNS)
    own = [row for row in rows if row.is_from(run.machine) and not row.edited]
    intervals = [(f"{row.started:%m-%d %H:%M}", row.interval) for row in own]
    return [(name, interval) for name, interval in intervals if interval is not None][:MAX_LAUNCHES]
