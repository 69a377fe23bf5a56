"""A picture of a run's result for slides and messages: the claim, a reason to doubt it, both times, and every sample.

It is an SVG of a fixed size with nothing outside of it, so that a browser can turn it into a PNG without a network.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

from bench.claims.headline import Headline
from bench.formatting import format_duration, format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import UNDECIDED, Claim, ClaimState
from bench.values.samples import Phase
from ui.design.theme import PALETTES, Theme, arm_style, published_colour

WIDTH_PX, HEIGHT_PX = 1200, 630
"""The size of a slide's half, and of a preview in messengers."""
MARGIN_PX = 64
FONT = "-apple-system, 'Segoe UI', Roboto, Ubuntu, 'Liberation Sans', Arial, sans-serif"
STATE_TOP_PX, SENTENCE_TOP_PX = 60, 110
MAX_SENTENCE_CHARS, MAX_SENTENCE_LINES, SENTENCE_LINE_PX = 62, 3, 44
MAX_REASON_CHARS, MAX_REASON_LINES, REASON_LINE_PX = 100, 2, 25
TIMES_TOP_PX = 306
CHART_TOP_PX, CHART_BOTTOM_PX = 380, 520
MAX_FOOTER_CHARS = 120


def build_share_card(run: Run, step: str, headline: Headline, footer: Sequence[str], theme: Theme) -> str:
    """The picture as SVG. `headline` is that of `step`; `footer` are the last lines, such as machine, date and link.
    Raises ValueError for a trick and for a replay."""
    run.require_result("shared")
    palette, title = PALETTES[theme], escape(_keep_printable(headline.sentence))
    parts = [
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="{palette.background}"/>',
        *_draw_headline(headline, describe_more_reasons(run.claim(step)), theme),
        *_draw_times(run, step, theme),
        *_draw_samples(run, step, theme),
    ]
    parts += [
        _draw_text(MARGIN_PX, HEIGHT_PX - 26 - 26 * line, text[:MAX_FOOTER_CHARS], 18, palette.faint)
        for line, text in enumerate(reversed(footer))
    ]
    parts.append(_draw_text(WIDTH_PX - MARGIN_PX, HEIGHT_PX - 26, "Fairlap", 22, palette.ink, bold=True, anchor="end"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" width="{WIDTH_PX}" '
        f'height="{HEIGHT_PX}" font-family="{FONT}"><title>{title}</title>{"".join(parts)}</svg>'
    )


def describe_ratio(claim: Claim | None) -> str:
    """What the ratio is, in the words of everything that is handed to others."""
    made = claim is not None and claim.made
    return "ratio, 95 % interval" if made else "ratio of the medians, no claim"


def describe_more_reasons(claim: Claim | None) -> str:
    """How many reservations, or reasons against a claim, there are beside the one that the headline names; empty if
    there are none."""
    if claim is None:
        return ""
    noun, findings = ("reservation", claim.reservations) if claim.made else ("reason", claim.refusals)
    more = len(findings) - 1
    return f"And {more} more {noun}{'s' * (more > 1)}." if more > 0 else ""


def _draw_headline(headline: Headline, more_reasons: str, theme: Theme) -> list[str]:
    """The state of the claim, the sentence, why there is no claim or the weightiest reservation, and how many more
    there are."""
    palette = PALETTES[theme]
    is_reserved = headline.state is ClaimState.RESERVED
    colour = published_colour(theme) if is_reserved else palette.ink
    parts = [_draw_text(MARGIN_PX, STATE_TOP_PX, (headline.state or UNDECIDED).capitalize(), 24, colour, bold=True)]
    y = SENTENCE_TOP_PX
    sentence = textwrap.wrap(headline.sentence, MAX_SENTENCE_CHARS, max_lines=MAX_SENTENCE_LINES, placeholder=" …")
    for line in sentence:
        parts.append(_draw_text(MARGIN_PX, y, line, 36, palette.ink, bold=True))
        y += SENTENCE_LINE_PX
    text = f"{headline.reason} {more_reasons}".strip()
    reason = textwrap.wrap(text, MAX_REASON_CHARS, max_lines=MAX_REASON_LINES, placeholder=" …")
    for line in reason:
        parts.append(_draw_text(MARGIN_PX, y, line, 20, colour))
        y += REASON_LINE_PX
    return parts


def _draw_times(run: Run, step: str, theme: Theme) -> list[str]:
    """Both medians and the ratio; nothing without an interval."""
    comparison, palette = run.comparison(step), PALETTES[theme]
    if comparison is None:
        return []
    claim = run.claim(step)
    made = claim is not None and claim.made
    columns = [
        *((arm, run.snapshot.arms[arm], format_median(comparison.summary(arm))) for arm in Arm),
        (None, describe_ratio(claim), format_ratio_with_interval(comparison.ratio)),
    ]
    parts = []
    for index, (arm, label, value) in enumerate(columns):
        x = MARGIN_PX + 330 * index
        glyph = f"{arm_style(arm, theme).glyph} " if arm else ""
        colour = arm_style(arm, theme).colour if arm else palette.ink if made else palette.faint
        parts += [
            _draw_text(x, TIMES_TOP_PX, f"{glyph}{label}", 20, palette.faint),
            _draw_text(x, TIMES_TOP_PX + 42, value, 36, colour),
        ]
    return parts


def _draw_samples(run: Run, step: str, theme: Theme) -> list[str]:
    """A lane for each arm with its samples by their time, from 0 to the slowest."""
    times_s = {arm: [sample.seconds(step) for sample in run.samples_of(arm, Phase.RACE)] for arm in Arm}
    longest_s = max((seconds for lane in times_s.values() for seconds in lane), default=0.0)
    if not longest_s:
        return []
    width, faint = WIDTH_PX - 2 * MARGIN_PX, PALETTES[theme].faint
    parts = [
        _draw_line(MARGIN_PX, CHART_BOTTOM_PX, MARGIN_PX + width, CHART_BOTTOM_PX, faint, 1),
        _draw_text(MARGIN_PX, CHART_BOTTOM_PX + 24, "0", 16, faint),
        _draw_text(MARGIN_PX + width, CHART_BOTTOM_PX + 24, format_duration(longest_s), 16, faint, anchor="end"),
    ]
    for arm, y in ((Arm.BASELINE, CHART_TOP_PX + 35), (Arm.ACCELERATED, CHART_TOP_PX + 95)):
        colour = arm_style(arm, theme).colour
        for seconds in times_s[arm]:
            x = MARGIN_PX + width * seconds / longest_s
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y}" r="7" fill="none" stroke="{colour}" stroke-width="2" opacity="0.7"/>'
                if arm is Arm.BASELINE
                else f'<path d="M{x - 8:.1f} {y}l8 -8l8 8l-8 8z" fill="{colour}" opacity="0.7"/>'
            )
        if comparison := run.comparison(step):
            x = MARGIN_PX + width * comparison.summary(arm).median / longest_s
            parts.append(_draw_line(x, y - 24, x, y + 24, colour, 4))
    return parts


def _draw_text(
    x: float, y: float, text: str, size: int, colour: str, *, bold: bool = False, anchor: str = "start"
) -> str:
    weight = ' font-weight="650"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(_keep_printable(text))}</text>"
    )


def _keep_printable(text: str) -> str:
    """Without control characters, which XML does not have."""
    return "".join(character for character in text if character.isprintable())


def _draw_line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}" '
        'stroke-linecap="round"/>'
    )
