"""How the presenter view looks: its areas, the sizes of its texts, and what of Streamlit's page is hidden."""

from __future__ import annotations

from ui.design.page_style import PROGRESS_COLOURS
from ui.design.theme import PALETTES, light_dark
from ui.tours.fit import FIT_VARIABLE, SCALE_VARIABLE

TITLE_KEY = "presenter-title"
BODY_KEY = "presenter-body"
AREA_KEY = "presenter-area"
"""Of the part. It takes the height that the sentence below it leaves."""
CONTENT_KEY = "presenter-content"
"""Of what is in the area."""
SENTENCE_KEY = "presenter-sentence"
FOOTER_KEY = "presenter-footer"
LEAVE_KEY = "presenter-leave"
"""Of the button that leaves the view."""
NUMBER_KEY = "presenter-number"
NUMBERS_KEY = "presenter-numbers"
STATEMENT_KEY = "presenter-statement"
"""Of a sentence that is the whole part."""
TEXT_KEY = "presenter-text"
CODE_KEY = "presenter-code"
LEGEND_KEY = "presenter-legend"
"""Of the arms' names above a chart."""
MARK_KEY = "presenter-mark"
"""Of the line above a part of a replay."""
TITLE_PX, FOOTER_PX, SIDE_PX = 76, 40, 56
"""Heights of the areas at the top and at the bottom, and the margin at both sides."""
TEXT_PX = 26
"""Of every text that the audience reads."""
SENTENCE_PX = 32
PROSE_PX = 32
TITLE_TEXT_PX = 34
FOOTER_TEXT_PX = 15
NUMBER_PX = 190
"""Of a number that is alone."""
NUMBERS_PX = 108
"""Of numbers side by side."""
STATEMENT_PX = 50

_NUMBERS = f".st-key-{CONTENT_KEY} :is(.st-key-{NUMBER_KEY}, .st-key-{NUMBERS_KEY})"


def build_style(part_selector: str = "") -> str:
    """The style as HTML. With `part_selector` everything in the area but the elements of this CSS selector is hidden,
    as soon as there are any."""
    ink, label, border, background = (
        light_dark({theme: getattr(palette, name) for theme, palette in PALETTES.items()})
        for name in ("ink", "label", "border", "background")
    )
    return f"""<style>
.stApp :is([data-testid="stHeader"], [data-testid="stSidebar"], [data-testid="stExpandSidebarButton"]) {{
  display: none !important;
}}
.stApp [data-testid="stMain"] {{overflow: hidden}}
.stApp [data-testid="stMainBlockContainer"] {{padding: 0; max-width: none}}
.stApp [data-stale="true"] {{opacity: 1 !important; transition: none !important}}
:is(.st-key-{TITLE_KEY}, .st-key-{BODY_KEY}, .st-key-{FOOTER_KEY}) {{
  position: fixed; left: 0; right: 0; width: auto; box-sizing: border-box; padding: 0 {SIDE_PX}px;
  zoom: var({SCALE_VARIABLE}, 1); background: {background}; z-index: 10; flex-wrap: nowrap;
}}
.st-key-{TITLE_KEY} {{top: 0; height: {TITLE_PX}px; justify-content: flex-end}}
.st-key-{TITLE_KEY} :is(div, span) {{margin: 0; padding: 0}}
.st-key-{TITLE_KEY} h1 {{
  font-size: {TITLE_TEXT_PX}px; line-height: 1.2; padding: 0; color: {ink};
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}}
.st-key-{BODY_KEY} {{top: {TITLE_PX}px; bottom: {FOOTER_PX}px; gap: 14px; padding-top: 14px; overflow: hidden}}
.st-key-{BODY_KEY} > :has(.st-key-{AREA_KEY}) {{flex: 1 1 0; min-height: 0; display: flex}}
.st-key-{BODY_KEY} > :has(.st-key-{SENTENCE_KEY}) {{flex: none}}
.st-key-{BODY_KEY} :is([data-testid="stLayoutWrapper"], [data-testid="stVerticalBlock"]):has(.st-key-{AREA_KEY}) {{
  flex: 1 1 0; min-height: 0; display: flex;
}}
.st-key-{AREA_KEY} {{
  flex: 1 1 0; min-height: 0; height: 100%; overflow: hidden auto; justify-content: safe center; scrollbar-width: none;
}}
.st-key-{CONTENT_KEY} {{zoom: var({FIT_VARIABLE}, 1); height: auto; flex: none}}
.st-key-{CONTENT_KEY} :is(small, [data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] *,
  [data-testid="stMarkdownContainer"] [style*="font-size"]) {{font-size: 1rem !important}}
.st-key-{CONTENT_KEY} :is([data-testid="stElementToolbar"], .modebar-container) {{display: none !important}}
:is(.st-key-{TEXT_KEY}, .st-key-{STATEMENT_KEY}, .st-key-{SENTENCE_KEY}, .st-key-{MARK_KEY}) :is(p, li) {{
  font-size: {TEXT_PX}px; line-height: 1.4;
}}
:is(.st-key-{TEXT_KEY}, .st-key-{STATEMENT_KEY}, .st-key-{SENTENCE_KEY}) :is(p, li, h2, h3) :is(
  strong, em, code, a, span:not([data-testid="stIconMaterial"])
) {{font-size: inherit; line-height: inherit}}
:is(.st-key-{TEXT_KEY}, .st-key-{STATEMENT_KEY}, .st-key-{SENTENCE_KEY}) .stMarkdownBadge {{
  padding: 0.1em 0.5em;
}}
.st-key-{BODY_KEY} .stMarkdownBadge, .st-key-{BODY_KEY} .stMarkdownBadge * {{font-size: {TEXT_PX}px !important}}
.st-key-{BODY_KEY} .stMarkdownBadge [data-testid="stIconMaterial"] {{
  font-size: 1em !important; line-height: 1; vertical-align: middle;
}}
.st-key-{CONTENT_KEY} [role="tablist"] {{display: none}}
.st-key-{LEGEND_KEY} p, .st-key-{LEGEND_KEY} p * {{font-size: {TEXT_PX}px !important; line-height: 1.3}}
.st-key-{TEXT_KEY} {{gap: 28px; max-width: 1060px}}
.st-key-{TEXT_KEY} h2 {{font-size: 40px; line-height: 1.3; padding: 0; color: {ink}}}
.st-key-{CONTENT_KEY} .st-key-{TEXT_KEY} :is(p, li) {{font-size: {PROSE_PX}px; line-height: 1.45}}
.st-key-{SENTENCE_KEY} {{gap: 12px; padding-bottom: 16px}}
.st-key-{SENTENCE_KEY} [data-testid="stMarkdownContainer"] {{margin: 0}}
.st-key-{SENTENCE_KEY} p {{margin: 0}}
.stApp :is(.st-key-{SENTENCE_KEY}, .st-key-{STATEMENT_KEY}) h2 {{padding: 0; text-wrap: balance; color: {ink}}}
.st-key-{SENTENCE_KEY} h2 {{font-size: {SENTENCE_PX}px; line-height: 1.25}}
.st-key-{STATEMENT_KEY} {{gap: 28px}}
.st-key-{STATEMENT_KEY} h2 {{font-size: {STATEMENT_PX}px; line-height: 1.22}}
.st-key-{STATEMENT_KEY} h3 {{font-size: {PROSE_PX}px; line-height: 1.45; font-weight: 400; padding: 0; color: {ink}}}
{_NUMBERS} [data-testid="stMetric"] {{border: none; padding: 0; background: none}}
{_NUMBERS} [data-testid="stMetric"] > div {{padding: 0}}
{_NUMBERS} [data-testid="stMetric"] * {{font-size: 28px; line-height: 1.3}}
{_NUMBERS} [data-testid="stMetricDeltaDescription"], {_NUMBERS} [data-testid="stMetricDeltaDescription"] * {{
  font-size: 28px !important;
}}
{_NUMBERS} [data-testid="stMetricLabel"] :is(div, p, span:not([data-testid="stIconMaterial"])) {{
  font-size: {PROSE_PX}px; line-height: 1.3; overflow: visible; white-space: normal; color: {ink};
}}
{_NUMBERS} [data-testid="stMetricLabel"] .stMarkdownColoredText > span {{
  font-size: {TEXT_PX}px !important; color: inherit;
}}
{_NUMBERS} [data-testid="stMetricValue"], {_NUMBERS} [data-testid="stMetricValue"] * {{
  font-size: {NUMBERS_PX}px; line-height: 1.15; overflow: visible; white-space: nowrap; text-overflow: clip; padding: 0;
}}
.st-key-{CONTENT_KEY} .st-key-{NUMBER_KEY} [data-testid="stMetricValue"],
.st-key-{CONTENT_KEY} .st-key-{NUMBER_KEY} [data-testid="stMetricValue"] * {{font-size: {NUMBER_PX}px}}
{_NUMBERS} :is([data-testid="stMetricDelta"], [data-testid="stMetricDeltaDescription"]),
{_NUMBERS} :is([data-testid="stMetricDelta"], [data-testid="stMetricDeltaDescription"]) *,
{_NUMBERS} [data-testid="stMetricValue"] ~ *, {_NUMBERS} [data-testid="stMetricValue"] ~ * * {{
  font-size: 28px; line-height: 1.3; white-space: normal; overflow: visible;
}}
/* Streamlit measures a Plotly chart in pixels of the screen and draws it in those of its container, so an enlarged one
   would be cut. The chart of the samples is an image, and is enlarged. */
.st-key-{CONTENT_KEY} [data-testid="stFullScreenFrame"]:has(> * .stPlotlyChart, > .stPlotlyChart) {{
  zoom: calc(1 / (var({SCALE_VARIABLE}, 1) * var({FIT_VARIABLE}, 1)));
}}
.st-key-{CODE_KEY} [data-testid="stCode"] :is(pre, code, code *) {{font-size: 24px; line-height: 1.45}}
.st-key-{CODE_KEY} [data-testid="stCode"] button {{display: none}}
.st-key-{FOOTER_KEY} {{bottom: 0; height: {FOOTER_PX}px; justify-content: center; border-top: 1px solid {border}}}
.st-key-{FOOTER_KEY} [data-testid="stHorizontalBlock"] {{flex-wrap: nowrap}}
.st-key-{FOOTER_KEY} p {{font-size: {FOOTER_TEXT_PX}px; color: {label}; margin: 0; white-space: nowrap}}
.st-key-{LEAVE_KEY} button {{padding: 0; min-height: 0; color: {label}; text-decoration: underline}}
.fairlap-tour-progress {{position: fixed; left: 0; bottom: 0; height: 4px; background: {light_dark(PROGRESS_COLOURS)}}}
{_hide_all_but(part_selector)}</style>"""


def _hide_all_but(selector: str) -> str:
    """Hide the elements in the content that neither are, nor have, nor are within what `selector` selects."""
    if not selector:
        return ""
    content = f".st-key-{CONTENT_KEY}:has({selector})"
    elements = ':is([data-testid="stElementContainer"], [data-testid="stLayoutWrapper"], [data-testid="stColumn"])'
    within = ", ".join(f"{part} *" for part in selector.split(", "))
    return f"{content} {elements}:not(:has({selector})):not({within}):not({selector}) {{display: none}}\n"
