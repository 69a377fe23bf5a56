"""The report as slides: one claim a slide, with charts that PowerPoint edits, and everything that limits the claim.

Positions and sizes are in inches on a slide of 13.333 x 7.5. Texts that do not fit are continued on a further slide,
never cut or left out.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from bench.claims.headline import write_headline
from bench.formatting import choose_time_unit, format_count, format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import UNDECIDED
from bench.values.output import Table
from bench.values.statistics import Comparison
from ui.charts.share_card import describe_ratio
from ui.design.theme import PALETTES, arm_style
from ui.reports import content
from ui.reports.content import ReportedRun, ReportFields

PALETTE = PALETTES["light"]
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
TEXT_WIDTH = WIDTH - 2 * MARGIN
TITLE_TOP, BODY_TOP, BODY_BOTTOM = 0.45, 1.85, 6.85
CHART_WIDTH = 5.9
BODY_PT, SMALL_PT, TITLE_PT = 14, 12, 28
LINE_HEIGHT = 1.25
"""Of text, in multiples of its size."""
CHAR_WIDTH = 0.52
"""Mean width of a character, in multiples of the text's size: a little more than that of common fonts."""
MAX_TITLE_CHARS = 110
FONT = "Calibri"
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


def write_slides(fields: ReportFields, reported: Sequence[ReportedRun], made: datetime | None = None) -> bytes:
    """The slides of one or several runs, as the content of a .pptx file. `made` is their date, by default now."""
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
    _add_method_slides(deck, reported)
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _add_title_slide(deck: Any, fields: ReportFields, made: str) -> None:
    slide = _add_slide(deck)
    _add_text(slide, MARGIN, 2.5, TEXT_WIDTH, 1.6, [fields.shown_title], size=40, bold=True, anchor=MSO_ANCHOR.BOTTOM)
    lines = [line for line in (fields.subtitle, f"{made}, measured with Fairlap") if line]
    _add_text(slide, MARGIN, 4.25, TEXT_WIDTH, 1.2, lines, size=18, colour=PALETTE.label)


def _add_comparison_slides(deck: Any, fields: ReportFields, reported: Sequence[ReportedRun]) -> None:
    """What differs between several runs and how far their times do, or why they are not compared."""
    comparison, obstacles = content.compare_reported(reported, fields.different_machines)
    if comparison is None:
        _add_text_slides(deck, "Not compared", "The times of these runs cannot be compared with each other", obstacles)
        return
    differences = _join_rows(comparison.differences) or ["Same settings, same machine, same software and environment."]
    _add_text_slides(deck, "Comparison: what differs", f"{len(reported)} runs", [*comparison.warnings, *differences])
    for table in (comparison.arms, comparison.ratios):
        _add_text_slides(deck, f"Comparison: {table.name}", table.label, [*comparison.warnings, *_join_rows(table)])


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
    slide = _add_slide(deck, title, f"{run.snapshot.title}, {label}: {content.describe_state(headline)}")
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
    rest = _add_fitting_text(slide, text_left, facts, BODY_PT, PALETTE.series[2] if headline.reason else None)
    name = f"{label[:1].upper()}{label[1:]}"
    _add_text_slides(deck, f"{name}: more about this result", subtitle, rest)
    made = claim is not None and claim.made
    why = "what limits this claim" if made else "why there is no claim"
    _add_text_slides(deck, f"{name}: {why}", subtitle, caveats)


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
        yield content.describe_engagement(run)
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
        _style(frame.paragraphs[0], 18, bold=True)


def _add_steps_slide(deck: Any, run: Run) -> None:
    """The ratio of every step, for runs with several."""
    labels, shown = run.snapshot.labels(), run.statistics
    if len(shown) < 3:
        return
    title = f"{run.snapshot.title}: ratio of every step"
    pairs = format_count(shown[0].baseline.count, "pair")
    subtitle = f"Baseline over accelerated time, {pairs}. Grey: no claim."
    slide = _add_slide(deck, title, subtitle)
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
    rest = _add_fitting_text(slide, MARGIN + CHART_WIDTH + 0.4, lines, SMALL_PT)
    _add_text_slides(deck, f"{title}, continued", subtitle, rest)


def _add_bar_chart(
    slide: Any, axis_title: str, values: Mapping[str, float], colours: Sequence[str], *, ratio: bool = False
) -> Any:
    """A native chart with a bar for each value, the first at the top.

    Raises ValueError for a number that is not finite, for which PowerPoint would want to repair the file.
    """
    if not all(map(math.isfinite, values.values())):
        raise ValueError(f"Expected finite numbers for a chart, got {dict(values)}.")
    data = CategoryChartData(number_format='0.0"x"' if ratio else "General")
    # From the bottom to the top. Reversing the axis instead would move the numbers above the bars.
    shown = list(values.items())[::-1]
    data.categories = [name for name, _ in shown]
    data.add_series(axis_title, [float(f"{value:.4g}") for _, value in shown])
    frame = slide.shapes.add_chart(
        XL_CHART_TYPE.BAR_CLUSTERED,
        Inches(MARGIN),
        Inches(BODY_TOP),
        Inches(CHART_WIDTH),
        Inches(BODY_BOTTOM - BODY_TOP),
        data,
    )
    chart = frame.chart
    chart.has_legend = False
    chart.has_title = False
    chart.font.size, chart.font.name = Pt(SMALL_PT), FONT
    chart.font.color.rgb = _rgb(PALETTE.label)
    axis = chart.value_axis
    axis.minimum_scale = 0
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = _rgb(PALETTE.grid)
    axis.format.line.fill.background()
    axis.has_title = True
    axis.axis_title.text_frame.text = axis_title
    _style(axis.axis_title.text_frame.paragraphs[0], SMALL_PT, colour=PALETTE.label)
    chart.category_axis.format.line.color.rgb = _rgb(PALETTE.border)
    plot = chart.plots[0]
    plot.gap_width = 60
    plot.has_data_labels = True
    plot.data_labels.font.size = Pt(SMALL_PT)
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for index, colour in enumerate(reversed(colours)):
        fill = plot.series[0].points[index].format.fill
        fill.solid()
        fill.fore_color.rgb = _rgb(colour)
    return chart


def _add_method_slides(deck: Any, reported: Sequence[ReportedRun]) -> None:
    """How it was measured, and on which machines. The last slides."""
    machines: dict[str, list[str]] = {}
    for item in reported:
        machines.setdefault(content.describe_host(item.run), []).append(item.run.id[:8])
    lines = [*METHOD]
    lines += [f"{machine}: {', '.join(ids)}" for machine, ids in machines.items()]
    for item in reported:
        started = content.format_moment(item.run.started)
        lines.append(f"Run {item.run.id[:8]}, {started}{content.describe_noise(item.run)}: {item.run.snapshot.command}")
    _add_text_slides(deck, "Method and machine", "How these results were measured, and how to repeat them", lines)


def _add_text_slides(deck: Any, title: str, subtitle: str, lines: Sequence[str]) -> None:
    """As many slides as the lines need; none for no lines."""
    rest, part = list(lines), 0
    while rest:
        part += 1
        shown_title = title if part == 1 else f"{title} ({part})"
        slide = _add_slide(deck, shown_title, subtitle)
        rest = _add_fitting_text(slide, MARGIN, rest, BODY_PT)


def _add_fitting_text(
    slide: Any, left: float, lines: Sequence[str], size: int, first_colour: str | None = None
) -> list[str]:
    """The lines from `left` to the right margin. Returns those that do not fit."""
    width, height = WIDTH - MARGIN - left, BODY_BOTTOM - BODY_TOP
    fitting, rest = _split_lines(lines, width, height, size)
    _add_text(slide, left, BODY_TOP, width, height, fitting, size=size, first_colour=first_colour)
    return rest


def _split_lines(lines: Sequence[str], width: float, height: float, size: int) -> tuple[list[str], list[str]]:
    """The first lines that fit into a box, and the others. A line that alone is too long is divided."""
    chars = max(20, int(width * 72 / (size * CHAR_WIDTH)))
    room = int(height * 72 / (size * LINE_HEIGHT))
    fitting: list[str] = []
    for index, line in enumerate(lines):
        wrapped = textwrap.wrap(line, chars) or [""]
        # Paragraphs are half a line apart.
        if len(wrapped) + 0.5 <= room:
            fitting.append(line)
            room -= len(wrapped) + 0.5
        elif fitting:
            return fitting, list(lines[index:])
        else:
            return [" ".join(wrapped[: int(room)])], [" ".join(wrapped[int(room) :]), *lines[index + 1 :]]
    return fitting, []


def _add_slide(deck: Any, title: str = "", subtitle: str = "") -> Any:
    """A slide without placeholders of the template, except for its title, which outlines and screen readers use."""
    slide = deck.slides.add_slide(deck.slide_layouts[5 if title else 6])
    if title:
        shape = slide.shapes.title
        shape.left, shape.top = Inches(MARGIN), Inches(TITLE_TOP)
        shape.width, shape.height = Inches(TEXT_WIDTH), Inches(1.0)
        frame = shape.text_frame
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        frame.margin_left = frame.margin_right = Emu(0)
        frame.text = _clean(title)
        size = TITLE_PT if len(title) <= MAX_TITLE_CHARS // 2 else TITLE_PT - 4 if len(title) <= MAX_TITLE_CHARS else 18
        _style(frame.paragraphs[0], size, bold=True)
        _add_text(slide, MARGIN, TITLE_TOP + 1.0, TEXT_WIDTH, 0.35, [subtitle], size=BODY_PT, colour=PALETTE.label)
    return slide


def _add_text(
    slide: Any,
    left: float,
    top: float,
    width: float,
    height: float,
    lines: Sequence[str],
    *,
    size: int,
    bold: bool = False,
    colour: str = PALETTE.ink,
    first_colour: str | None = None,
    anchor: MSO_ANCHOR = MSO_ANCHOR.TOP,
) -> None:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
    frame.word_wrap = True
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = Emu(0)
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.text = _clean(line)
        paragraph.space_after = Pt(size / 2)
        _style(paragraph, size, bold=bold, colour=first_colour if first_colour and index == 0 else colour)


def _style(paragraph: Any, size: int, *, bold: bool = False, colour: str = PALETTE.ink) -> None:
    paragraph.font.size, paragraph.font.bold, paragraph.font.name = Pt(size), bold, FONT
    paragraph.font.color.rgb = _rgb(colour)
    # A title inherits the centring of its layout.
    paragraph.alignment = PP_ALIGN.LEFT


def _rgb(colour: str) -> RGBColor:
    return RGBColor.from_string(colour.removeprefix("#"))


def _clean(text: str) -> str:
    """Without characters that XML does not have."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
