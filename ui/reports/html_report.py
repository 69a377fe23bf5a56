"""The report as one HTML file that needs no network: charts stay interactive, and raw samples are in it as JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import plotly.io as pio
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bench.claims.headline import report_headline, write_headline
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.storage.attempts import build_report
from bench.values.base import Arm
from bench.values.samples import TOTAL
from ui.charts.share_card import describe_ratio
from ui.design.disarm import disarm_figure
from ui.design.plotly_template import FONT_FAMILY, PLOTLY_CONFIG
from ui.design.theme import PALETTES, Theme, arm_style
from ui.reports import content, sweep_content
from ui.reports.charts import ReportChart, list_detail_charts, list_result_charts
from ui.reports.content import ReportedRun, ReportFields

TEMPLATES = Path(__file__).with_name("templates")
JSON_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""What JSON inside of a script element must not contain. The escapes mean the same to a reader of JSON."""


def write_html(
    fields: ReportFields,
    reported: Sequence[ReportedRun],
    *,
    sweeps: Sequence[SweepRecord] = (),
    made: datetime | None = None,
) -> str:
    """The report of runs and sweeps, as the text of a file. `made` is its date, by default now."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures: dict[str, ReportChart] = {}

    def place(charts: Iterator[ReportChart]) -> list[tuple[str, ReportChart]]:
        """The charts with the ids of their places."""
        placed = [(f"chart-{number}", chart) for chart, number in zip(charts, numbers, strict=False)]
        figures.update(placed)
        return placed

    numbers = itertools.count(1)
    runs = [_describe_run(item, place) for item in reported]
    comparison, obstacles = content.compare_reported(reported, fields.different_machines)
    return environment.get_template("report.html.j2").render(
        fields=fields,
        made=content.format_moment(made or datetime.now(UTC)),
        runs=runs,
        sweeps=[_describe_sweep(record, place) for record in sweeps],
        summary=content.build_summary_table(reported) if len(reported) > 1 else None,
        comparison=comparison,
        obstacles=obstacles,
        palettes=PALETTES,
        arm_colours={theme: {arm.value: arm_style(arm, theme).colour for arm in Arm} for theme in get_args(Theme)},
        font=Markup(FONT_FAMILY),
        figures=_embed(_join_figures(figures)),
        config=_embed(json.dumps(PLOTLY_CONFIG)),
        plotly=Markup(get_plotlyjs()),
        style=Markup(_read("report.css")),
        script=Markup(_read("report.js")),
    )


def _describe_run(item: ReportedRun, place: Callable[[Iterator[ReportChart]], Any]) -> dict[str, Any]:
    """What the template shows of a run."""
    run = item.run
    step = content.list_headline_steps(run)[0]
    return {
        "run": run,
        "anchor": f"run-{run.id[:8]}",
        "headlines": [
            {"label": run.snapshot.labels()[name], **_describe_headline(run, name)}
            for name in content.list_headline_steps(run)
        ],
        "progress": content.describe_short_outcome(run),
        "settings": content.describe_settings(run),
        "origin": content.describe_origin(run),
        "attempts": content.describe_attempts(item),
        "arms": [
            {"name": name, "glyph": arm_style(arm, "light").glyph, "arm": arm.value}
            for arm, name in zip(Arm, content.arm_labels(run), strict=True)
        ],
        "times": content.build_times_table(run),
        "arm_lines": content.list_arm_lines(run, step),
        "published": content.list_published(run),
        "claims": content.list_claims(run),
        "inputs": run.inputs,
        "evidence": content.build_evidence_table(run),
        "engagement": content.describe_evidence(run) if run.evidence else "",
        "quality": content.build_quality_table(run),
        "agreement": content.list_agreement(run),
        "environment": list(content.list_environment_tables(run)),
        "time_use": content.list_time_use(run),
        "skipped": content.list_skipped_core_counts(run),
        "charts": place(list_result_charts(run, step)),
        "details": place(list_detail_charts(run, step)),
        "record": _embed(json.dumps(build_report(run, item.attempts, report_headline(run)))),
    }


def _describe_sweep(record: SweepRecord, place: Callable[[Iterator[ReportChart]], Any]) -> dict[str, Any]:
    """What the template shows of a sweep."""
    counts, *findings = sweep_content.list_sentences(record)
    return {
        "record": record,
        "title": sweep_content.sweep_title(record),
        "counts": counts,
        "arms": sweep_content.describe_arms(record),
        "findings": findings,
        "caveats": [*sweep_content.list_caveats(record), *sweep_content.list_chart_notes(record)],
        "cells": sweep_content.build_cells_table(record),
        "charts": place(sweep_content.list_sweep_charts(record)),
        "origin": f"{content.describe_host(record)}; {content.format_moment(record.started)}, sweep {record.id[:8]}",
        "json": _embed(json.dumps(build_report(record, None))),
    }


def _describe_headline(run: Run, step: str) -> dict[str, str]:
    headline, comparison = write_headline(run, step), run.comparison(step)
    return {
        "state": content.describe_state(headline),
        "sentence": headline.sentence,
        "reason": headline.reason,
        "ratio": f"{headline.ratio_text} ({headline.interval_text})" if comparison else "",
        "ratio_label": describe_ratio(run.claim(step)) if comparison else "",
        "is_total": "yes" if step == TOTAL else "",
    }


def _join_figures(figures: dict[str, ReportChart]) -> str:
    """JSON of every chart in both themes, by the id of its place."""
    parts = []
    for place, chart in figures.items():
        themes = (f'"{theme}":{pio.to_json(disarm_figure(chart.build(theme)))}' for theme in get_args(Theme))
        parts.append(f'"{place}":{{{",".join(themes)}}}')
    return f"{{{','.join(parts)}}}"


def _embed(text: str) -> Markup:
    """JSON as the content of a script element."""
    return Markup(text.translate(JSON_ESCAPES))


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
