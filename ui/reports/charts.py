"""The charts of a run in a report: those of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.run.record import Run
from bench.values.samples import TOTAL
from ui.charts.accuracy import build_accuracy_figure
from ui.charts.cores import build_cores_figure
from ui.charts.distribution import build_distribution_figure
from ui.charts.drift import build_drift_figure
from ui.charts.ecdf import build_ecdf_figure
from ui.charts.race import build_race_figure
from ui.charts.steps import build_steps_figure
from ui.charts.telemetry import build_telemetry_figure
from ui.charts.throughput import build_throughput_figure
from ui.charts.timeline import build_timeline_figure
from ui.design.theme import Theme


@dataclass(frozen=True, slots=True)
class ReportChart:
    """A chart, built for each theme."""

    title: str
    alt: str
    """Description for screen readers."""
    build: Callable[[Theme], go.Figure]
    is_wide: bool = True
    """Whether it takes the width of the page, or stands beside another one."""


def list_result_charts(run: Run, step: str) -> Iterator[ReportChart]:
    """The charts of what was measured; those that the run has no data for are left out."""
    label = run.snapshot.labels()[step]
    if run.samples:
        yield ReportChart(
            f"All samples: {label}",
            f"Times of all samples of {label} of both arms over time, and the ratio with its interval",
            lambda theme: build_race_figure(run, step, theme),
        )
    if not run.statistics:
        return
    yield ReportChart(
        "Ratio per step",
        "Ratio of every step with its interval, and published ratios",
        lambda theme: build_steps_figure(run, theme),
    )
    yield ReportChart(
        f"Latency: {label}",
        f"Distribution of the times of {label}, both arms",
        lambda theme: build_distribution_figure(run, step, theme),
        is_wide=False,
    )
    yield ReportChart(
        f"Throughput: {label}",
        f"Throughput of {label}, both arms",
        lambda theme: build_throughput_figure(run, step, theme),
        is_wide=False,
    )
    if run.quality:
        yield ReportChart(
            "Accuracy",
            "Accuracy that the accelerated arm keeps, and the limit",
            lambda theme: build_accuracy_figure(run, theme),
            is_wide=False,
        )
    if run.core_counts:
        yield ReportChart(
            "Total time on other core counts",
            "Total time against the number of cores, both arms",
            lambda theme: build_cores_figure(run, theme),
            is_wide=False,
        )


def list_detail_charts(run: Run, step: str = TOTAL) -> Iterator[ReportChart]:
    """The charts for a reader who doubts the result."""
    label = run.snapshot.labels()[step]
    if run.statistics:
        yield ReportChart(
            f"Shares of the samples: {label}",
            f"Share of the samples of {label} that took no longer than each time, both arms",
            lambda theme: build_ecdf_figure(run, step, theme),
            is_wide=False,
        )
        yield ReportChart(
            f"Drift: {label}",
            f"Times of {label} during the race as a share of each arm's median, with a running median",
            lambda theme: build_drift_figure(run, step, theme),
            is_wide=False,
        )
    if run.timeline:
        yield ReportChart(
            "Where the time went",
            "Stages of the run, and activities and samples of every arm",
            lambda theme: build_timeline_figure(run, theme),
        )
    if run.telemetry:
        yield ReportChart(
            "Machine during the run",
            "Load of every processor during the run",
            lambda theme: build_telemetry_figure(run, theme),
        )
