"""The bar of a race page: title, links, controls, Run and Stop. It stays at the top while the page scrolls.

On small screens it scrolls away with the page, because it would cover most of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.design.theme import PALETTES, light_dark

BAR_KEY = "race-bar"
TITLE_KEY = "race-title"
CONTROLS_KEY = "race-controls"
MEDIA = "(min-width: 60rem) and (min-height: 34rem)"
"""Screens on which the bar stays in view."""
PAGE_PADDING = "75px"
"""Horizontal padding that Streamlit gives a wide page; the bar extends over it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The two rows of the bar, to be filled in any order."""

    title: DeltaGenerator
    controls: DeltaGenerator


def draw_bar() -> Bar:
    """An empty bar."""
    st.html(_build_style())
    with st.container(key=BAR_KEY, gap="xsmall"):
        title = st.container(key=TITLE_KEY, horizontal=True, vertical_alignment="center", gap="small")
        controls = st.container(key=CONTROLS_KEY, horizontal=True, vertical_alignment="bottom", gap="small")
    return Bar(title, controls)


def _build_style() -> str:
    """The bar is below the band of Streamlit's header, or in its place while the sidebar is open, because the band then
    has only a menu at its right end."""
    background = light_dark({theme: palette.background for theme, palette in PALETTES.items()})
    border = light_dark({theme: palette.border for theme, palette in PALETTES.items()})
    page = f".stApp:has(.st-key-{BAR_KEY})"
    open_page = f'{page}:has([data-testid="stSidebar"][data-collapsed="false"])'
    return f"""<style>
.st-key-{TITLE_KEY} h1 {{font-size: 1.35rem; padding: 0; line-height: 1.3}}
.st-key-{TITLE_KEY} [data-testid="stMarkdownContainer"] {{margin-bottom: 0}}
.st-key-{CONTROLS_KEY} [data-testid="stButtonGroup"] > div button {{min-height: 2.5rem}}
.st-key-{CONTROLS_KEY} [data-testid="stWidgetLabel"] > div {{justify-content: flex-start; margin-left: 0.375rem}}
[data-testid="stPopoverBody"] {{max-height: min(36rem, 72vh); max-width: min(40rem, 94vw); overflow-y: auto}}
@media {MEDIA} {{
  {page} [data-testid="stMainBlockContainer"] {{padding-top: 3.75rem}}
  {open_page} [data-testid="stMainBlockContainer"] {{padding-top: 0}}
  [data-testid="stLayoutWrapper"]:has(> .st-key-{BAR_KEY}) {{
    position: sticky; top: 3.75rem; z-index: 100; align-self: stretch; width: auto; max-width: none;
    margin: 0 -{PAGE_PADDING}; padding: 0.5rem {PAGE_PADDING} 0.75rem;
    background: {background}; border-bottom: 1px solid {border};
  }}
  {open_page} [data-testid="stLayoutWrapper"]:has(> .st-key-{BAR_KEY}) {{top: 0}}
}}
</style>"""
