"""The frame of every page, and what Streamlit's theme has no setting for."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from ui.design.theme import Theme, light_dark, trick_colour

_OPEN = '.stApp:has([data-testid="stSidebar"][data-collapsed="false"])'
_FOCUS_COLOUR = "#6B78EA"
"""Indigo with a contrast of 3 to 1 on the backgrounds of both themes."""
SELECTED_COLOURS: dict[Theme, str] = {"light": "#3F4FC4", "dark": "#A3AEFA"}
"""Text in the primary colour, which is too dark for text in the dark theme: there it is the colour of links."""
CODE_COLOURS: dict[Theme, str] = {"light": "#243044", "dark": "#D3DAE5"}
"""`codeTextColor` of the theme."""
PROGRESS_COLOURS: dict[Theme, str] = {"light": "#3F4FC4", "dark": "#5C69E2"}
"""`primaryColor` of the theme."""
PROGRESS_TRACK_COLOURS: dict[Theme, str] = {"light": "#D9DEE7", "dark": "#323C4A"}
TRICK_COLOURS: dict[Theme, str] = {theme: trick_colour(theme) for theme in get_args(Theme)}
_STYLE = f"""<style>
@media (min-width: 48rem) {{
  {_OPEN} [data-testid="stMainBlockContainer"] {{padding-top: 1.1rem}}
  {_OPEN} [data-testid="stHeader"] {{background: transparent}}
  {_OPEN} [data-testid="stHeader"], {_OPEN} [data-testid="stHeader"] * {{pointer-events: none}}
  {_OPEN} [data-testid="stHeader"] :is(button, a) {{pointer-events: auto}}
}}
[data-testid="stMain"] h2 {{padding: 0.6rem 0 0.2rem}}
[data-testid="stMetricValue"], [data-testid="stTable"], [data-testid="stCaptionContainer"] {{
  font-variant-numeric: tabular-nums;
}}
.stApp :is(a, button, summary, [role="tab"], [role="button"]):focus-visible {{
  outline: 2px solid {_FOCUS_COLOUR}; outline-offset: 2px; border-radius: 4px;
}}
.fairlap-progress {{
  height: 0.5rem; border-radius: 0.25rem; overflow: hidden; background: {light_dark(PROGRESS_TRACK_COLOURS)};
}}
.fairlap-progress > div {{height: 100%; background: {light_dark(PROGRESS_COLOURS)}; transition: width 0.5s ease}}
/* Regions that only screen readers notice, see `ui.components.announcer`. */
[data-testid="stLayoutWrapper"]:has(> [class*="-announcer-region"]) {{
  position: absolute; width: 1px; overflow: hidden;
}}
/* The card of a trick on the page Method. */
.st-key-method-trick-card {{border-color: {light_dark(TRICK_COLOURS)}}}
.st-key-method-trick-card [data-testid="stMetricValue"] {{color: {light_dark(TRICK_COLOURS)}}}
.st-key-run-metrics {{container-type: inline-size}}
@media (min-width: 640px) {{
  @container (max-width: 47rem) {{
    .st-key-run-metrics [data-testid="stHorizontalBlock"] {{flex-wrap: wrap}}
    .st-key-run-metrics [data-testid="stColumn"] {{flex-basis: calc(50% - 1rem); min-width: calc(50% - 1rem)}}
  }}
}}
/* The primary colour is dark enough for the white label of a button, and too dark for text in the dark theme. */
.stApp :is([data-testid="stSliderThumbValue"], [role="tab"][aria-selected="true"]) p,
.stApp [data-variant="segmented_control"]:is([aria-checked="true"], [aria-pressed="true"], [data-selected]) p,
.stApp [data-testid="stPageLink"] .stMarkdownColoredText {{
  color: {light_dark(SELECTED_COLOURS)} !important;
}}
/* Streamlit cuts the label of a button that is wider than its column. */
.stApp [data-testid="stBaseButton-tertiary"] {{height: auto; max-width: 100%}}
.stApp [data-testid="stBaseButton-tertiary"] :is(div, p, span:has(p)) {{
  white-space: normal; text-overflow: clip; overflow: visible; text-align: left;
}}
/* The colours of a diff are set on its elements, and too pale. */
[data-testid="stCode"] .token.unchanged {{color: {light_dark(CODE_COLOURS)} !important}}
[data-testid="stCode"] .token.deleted {{color: light-dark(#A8322A, #FF9E96) !important}}
[data-testid="stCode"] .token.inserted {{color: light-dark(#1B6E34, #7ED492) !important}}
[data-testid="stSidebarNavLink"]:focus-visible {{outline-offset: -2px}}
</style>"""


def draw_page_style() -> None:
    """Begin pages at the top. Streamlit keeps a band free for its header, which has only a menu at its right end.

    The band stays on small screens and while the sidebar is closed, because it has the button that opens the sidebar.
    """
    st.html(_STYLE)
