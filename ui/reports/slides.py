"""The report as slides: one claim a slide, with charts that PowerPoint edits, and everything that limits the claim.

Positions and sizes are in inches on a slide of 13.333 x 7.5. Texts that do not fit are continued on a further slide,
never cut or left out.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import MSO_ANCHOR
from pptx.util import Inches, Pt

from bench.claims.headline import write_headline
from bench.formatting import choose_time_unit, format_count, format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.values.base import Arm
from bench.values.claims import UNDECIDED
from bench.values.output import Table
from bench.values.statistics import Comparison
from ui.charts.share_card import describe_ratio
from ui.design.theme import arm_style
from ui.reports import content
from ui.reports.content import ReportedRun, ReportFields
from ui.reports.slide_layout import (
    BODY_PT,
    CHART_WIDTH,
    HEIGHT,
    MARGIN,
    PALETTE,
    SMALL_PT,
    TEXT_WIDTH,
    WIDTH,
    add_fitting_text,
    add_native_chart,
    add_slide,
    add_text,
    add_text_slides,
    rgb,
    style,
    style_axis,
)
from ui.reports.sweep_slides import add_sweep_slides

RATIO_FORMAT = '[>=1]0.0"x";[>=0.1]0.00"x";0.000"x"'
"""As a spreadsheet writes it. With one digit, a ratio of 0.047 would be 0.0x. It must not contain <, which python-pptx
does not escape."""
METHOD = (
    "Both versions ran on the same cores of one machine, one after the other, in pairs; who goes first is balanced and "
    "shuffled.",
    "A time is a median over the pairs, and a ratio is one of two medians: the time of the baseline over that of the "
    "accelerated version.",
    "The 95 % interval includes that two processes of the same program differ. If it includes 1, no version is called "
    "faster.",
    "Each claim was checked by rules (Bailey 1991; Hoefler and Belli, SC15; MLPerf). What they refused or noted is on "
    "the slides of the claim.",
)


def write_slides(
    fields: ReportFields,
    reported: Sequence[ReportedRun],
    *,
    sweeps: Sequence[SweepRecord] = (),
    made: datetime | None = None,
) -> bytes:
    """The slides of runs and sweeps, as the content of a .pptx file. `made` is their date, by default now."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    properties = deck.core_properties
    properties.title, properties.author = fields.shown_title, content.clean_line(fields.author) or "Fairlap"
    moment = made or datetime.now(UTC)
    properties.created = properties.modified = moment.astimezone(UTC).replace(tzinfo=None)
    _add_title_slide(deck, fields, content.format_moment(moment))
    _add_comparison_slides(deck, fields, reported)
    for item in reported:
        for step in content.list_headline_steps(item.run):
            _add_claim_slides(deck, item, step)
        _add_steps_slide(deck, item.run)
    for record in sweeps:
        add_sweep_slides(deck, record)
    _add_method_slides(deck, reported, sweeps)
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _add_title_slide(deck: Any, fields: ReportFields, made: str) -> None:
    slide = add_slide(deck)
    add_text(slide, MARGIN, 2.5, TEXT_WIDTH, 1.6, [fields.shown_title], size=40, bold=True, anchor=MSO_ANCHOR.BOTTOM)
    lines = [line for line in (fields.subtitle, f"{made}, measured with Fairlap") if line]
    add_text(slide, MARGIN, 4.25, TEXT_WIDTH, 1.2, lines, size=18, colour=PALETTE.label)


def _add_comparison_slides(deck: Any, fields: ReportFields, reported: Sequence[ReportedRun]) -> None:
    """What differs between several runs and how far their times do, or why they are not compared."""
    comparison, obstacles = content.compare_reported(reported, fields.different_machines)
    if comparison is None:
        add_text_slides(deck, "Not compared", "The times of these runs cannot be compared with each other", obstacles)
        return
    differences = _join_rows(comparison.differences) or ["Same settings, same machine, same software and environment."]
    add_text_slides(deck, "Comparison: what differs", f"{len(reported)} runs", [*comparison.warnings, *differences])
    for table in (comparison.arms, comparison.ratios):
        add_text_slides(deck, f"Comparison: {table.name}", table.label, [*comparison.warnings, *_join_rows(table)])


def _join_rows(table: Table) -> list[str]:
    """A line for each row of a table of runs, with the run of each cell."""
    lines: list[str] = []
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        heads = [cells.pop(name) for name in ("what", "step", "arm") if name in cells]
        # The title of a column is the time of the run, then its id.
        values = [f"{' '.join(name.split()[2:])} {value}" for name, value in cells.items()]
        lines.append(f"{', '.join(heads)}: {'; '.join(values)}")
    return lines


def _add_claim_slides(deck: Any, item: ReportedRun, step: str) -> None:
    """The claim of a step or of the total with both times; what limits it, on as many slides as it needs."""
    run = item.run
    headline, comparison, claim = write_headline(run, step), run.comparison(step), run.claim(step)
    title = headline.sentence
    label = run.snapshot.labels()[step]
    slide = add_slide(deck, title, f"{run.snapshot.title}, {label}: {content.describe_state(headline)}")
    text_left = MARGIN
    if comparison:
        _add_times_chart(slide, run, comparison)
        text_left += CHART_WIDTH + 0.4
    facts = list(_list_facts(item, step, comparison))
    if headline.reason:
        facts.insert(0, headline.reason)
    caveats = [
        f"{finding.effect.capitalize()}. {finding.title}: {finding.seen}"
        for finding in (content.list_caveats(claim) if claim else [])
    ]
    if claim is None:
        caveats.append(content.describe_outcome(run, step))
    caveats += filter(None, [content.describe_attempts(item)])
    if run.imported:
        caveats.insert(0, f"Imported from {run.imported.machine}: made elsewhere. {run.imported.attempts}".strip())
    if run.edited:
        caveats.insert(0, "Edited after it was stored: do not rely on this run.")
    subtitle = f"{run.snapshot.title}, {label}: {title}"
    rest = add_fitting_text(slide, text_left, facts, BODY_PT, PALETTE.series[2] if headline.reason else None)
    name = f"{label[:1].upper()}{label[1:]}"
    add_text_slides(deck, f"{name}: more about this result", subtitle, rest)
    made = claim is not None and claim.made
    why = "what limits this claim" if made else "why there is no claim"
    add_text_slides(deck, f"{name}: {why}", subtitle, caveats)


def _list_facts(item: ReportedRun, step: str, comparison: Comparison | None) -> Iterator[str]:
    run = item.run
    if comparison:
        times = ", ".join(
            f"{name} {format_median(comparison.summary(arm))}"
            for arm, name in zip(Arm, content.arm_labels(run), strict=True)
        )
        yield f"Medians of {format_count(comparison.baseline.count, 'pair')}: {times}"
        ratio = format_ratio_with_interval(comparison.ratio)
        yield f"{describe_ratio(run.claim(step)).capitalize()}: {ratio}"
    if run.evidence:
        yield content.describe_evidence(run)
    quality = content.build_quality_table(run)
    for row in quality.rows:
        if row[3]:
            yield f"{row[0]}: {row[1]} and {row[2]}{f' ({row[4]})' if row[4] else ''}"
    yield from content.list_agreement(run)
    yield content.describe_settings(run)
    if inputs := content.describe_inputs(run):
        yield inputs


def _add_times_chart(slide: Any, run: Run, comparison: Comparison) -> None:
    """Bars of both medians."""
    medians = {arm: comparison.summary(arm).median for arm in Arm}
    unit, unit_s = choose_time_unit(max(medians.values()))
    values = dict(zip(content.arm_labels(run), (seconds / unit_s for seconds in medians.values()), strict=True))
    colours = [arm_style(arm, "light").colour for arm in Arm]
    chart = _add_bar_chart(slide, f"median time [{unit}]", values, colours)
    plot = chart.plots[0]
    for index, arm in enumerate(reversed(Arm)):
        label = plot.series[0].points[index].data_label
        label.position = XL_LABEL_POSITION.OUTSIDE_END
        frame = label.text_frame
        frame.text = format_median(comparison.summary(arm))
        style(frame.paragraphs[0], 18, bold=True)


def _add_steps_slide(deck: Any, run: Run) -> None:
    """The ratio of every step, for runs with several."""
    labels, shown = run.snapshot.labels(), run.statistics
    if len(shown) < 3:
        return
    title = f"{run.snapshot.title}: ratio of every step"
    pairs = format_count(shown[0].baseline.count, "pair")
    subtitle = f"Baseline over accelerated time, {pairs}. Grey: no claim."
    slide = add_slide(deck, title, subtitle)
    values = {labels.get(one.step, one.step): one.ratio.value for one in shown}
    claims = [run.claim(one.step) for one in shown]
    teal = arm_style(Arm.ACCELERATED, "light").colour
    _add_bar_chart(
        slide, "ratio", values, [teal if claim and claim.made else PALETTE.border for claim in claims], ratio=True
    )
    lines = [
        f"{labels.get(one.step, one.step)}: {format_median(one.baseline)} and {format_median(one.accelerated)}, ratio "
        f"{format_ratio_with_interval(one.ratio)}, {claim.state if claim else UNDECIDED}"
        for one, claim in zip(shown, claims, strict=True)
    ]
    rest = add_fitting_text(slide, MARGIN + CHART_WIDTH + 0.4, lines, SMALL_PT)
    add_text_slides(deck, f"{title}, continued", subtitle, rest)


def _add_bar_chart(
    slide: Any, axis_title: str, values: Mapping[str, float], colours: Sequence[str], *, ratio: bool = False
) -> Any:
    """A native chart with a bar for each value, the first at the top.

    Raises ValueError for a number that is not finite, for which PowerPoint would want to repair the file.
    """
    if not all(map(math.isfinite, values.values())):
        raise ValueError(f"Expected finite numbers for a chart, got {dict(values)}.")
    data = CategoryChartData(number_format=RATIO_FORMAT if ratio else "General")
    # From the bottom to the top. Reversing the axis instead would move the numbers above the bars.
    shown = list(values.items())[::-1]
    data.categories = [name for name, _ in shown]
    data.add_series(axis_title, [float(f"{value:.4g}") for _, value in shown])
    chart = add_native_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, data)
    style_axis(chart.value_axis, axis_title)
    chart.value_axis.format.line.fill.background()
    chart.category_axis.format.line.color.rgb = rgb(PALETTE.border)
    plot = chart.plots[0]
    plot.gap_width = 60
    plot.has_data_labels = True
    plot.data_labels.font.size = Pt(SMALL_PT)
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for index, colour in enumerate(reversed(colours)):
        fill = plot.series[0].points[index].format.fill
        fill.solid()
        fill.fore_color.rgb = rgb(colour)
    return chart


def _add_method_slides(deck: Any, reported: Sequence[ReportedRun], sweeps: Sequence[SweepRecord]) -> None:
    """How it was measured, and on which machines. The last slides."""
    machines: dict[str, list[str]] = {}
    for job in (*(item.run for item in reported), *sweeps):
        machines.setdefault(content.describe_host(job), []).append(job.id[:8])
    lines = [*METHOD]
    lines += [f"{machine}: {', '.join(ids)}" for machine, ids in machines.items()]
    for item in reported:
        started = content.format_moment(item.run.started)
        lines.append(f"Run {item.run.id[:8]}, {started}{content.describe_noise(item.run)}: {item.run.snapshot.command}")
    for record in sweeps:
        lines.append(f"Sweep {record.id[:8]}, {content.format_moment(record.started)}: {record.snapshot.command}")
    add_text_slides(deck, "Method and machine", "How these results were measured, and how to repeat them", lines)
