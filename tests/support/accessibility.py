"""Checks of a page in a browser: axe-core's rules, and whether everything fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe

SEVERE = ("serious", "critical")
CLIPPED_ELEMENTS = (
    '[data-testid="stMain"] :is(h1, h2, h3, button p, [data-testid="stMetricValue"], [data-testid="stWidgetLabel"] p, '
    '[data-testid="stCaptionContainer"] p, [data-testid="stAlert"] p, [data-testid="stMetric"] .stMarkdownEllipsis, '
    '[data-testid="stMetricDeltaDescription"])'
)
"""Elements whose text must be in view as a whole."""
_FIND_CLIPPED = """
(selector) => [...document.querySelectorAll(selector)].filter((element) => {
  const box = element.getBoundingClientRect()
  if (!box.width || !box.height || getComputedStyle(element).visibility === "hidden") return false
  const cut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible"
  const outside = box.left < -1 || box.right > document.documentElement.clientWidth + 1
  const scrolls = element.closest('[role="tablist"], pre, [data-testid="stTable"]')
  return (cut || outside) && !scrolls
}).map((element) => `${element.tagName}: ${element.textContent.slice(0, 60)}`)
"""
_WAIT_UNTIL_STILL = """
() => new Promise((resolve) => {
  const isBusy = () => document.querySelector('[data-testid="stSkeleton"], [data-testid="stMain"] [data-stale="true"]')
  let changed = performance.now()
  const main = document.querySelector('[data-testid="stMain"]')
  new MutationObserver(() => { changed = performance.now() })
    .observe(main, {subtree: true, childList: true, characterData: true})
  let drawn = null
  const timer = setInterval(() => {
    const now = performance.now()
    if (isBusy()) { drawn = null; return }
    drawn ??= now
    if (now - changed > STILL_MS || now - drawn > MAX_STILL_MS) { clearInterval(timer); resolve() }
  }, 50)
})
""".replace("MAX_STILL_MS", "3000").replace("STILL_MS", "250")
"""Resolves when nothing was added to or taken from the page for a while: after an opening, or a new width or theme.
After three seconds without an unfinished element it resolves all the same, because some pages redraw themselves."""
_SHOW_STALE = "[data-stale='true'] { opacity: 1 !important; transition: none !important }"
"""Streamlit fades elements that a rerun has not reached after half a second, which lowers their contrast."""
_IS_INSIDE = "([target, selector]) => Boolean(document.querySelector(target)?.closest(selector))"
_MEASURE_OVERFLOW = """
() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
  .map((element) => element.scrollWidth - element.clientWidth)
"""
_LIST_HEADING_LEVELS = """
() => [...document.querySelectorAll('[data-testid="stMain"] :is(h1, h2, h3, h4, h5, h6)')]
  .filter((heading) => heading.getClientRects().length)
  .map((heading) => Number(heading.tagName.slice(1)))
"""


@dataclass(frozen=True, slots=True)
class KnownViolation:
    """A violation inside a widget of Streamlit that Fairlap cannot mend."""

    rule: str
    inside: str
    """CSS selector of the widget."""
    reason: str


def wait_until_still(page: Any) -> None:
    """Wait until the page has been drawn, and its elements that a rerun would fade are shown as they are."""
    page.add_style_tag(content=_SHOW_STALE)
    page.evaluate(_WAIT_UNTIL_STILL)


def list_severe_violations(page: Any, known: Sequence[KnownViolation], rules: Sequence[str] = ()) -> list[str]:
    """Serious and critical violations of axe-core's rules: rule, element and how to mend it. `known` are left out.

    Only `rules` are checked if there are any.
    """
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = []
    for violation in Axe().run(page, options=options).response["violations"]:
        if violation["impact"] not in SEVERE:
            continue
        inside = [entry.inside for entry in known if entry.rule == violation["id"]]
        for node in violation["nodes"]:
            target = node["target"][0]
            if not any(page.evaluate(_IS_INSIDE, [target, selector]) for selector in inside):
                found.append(f"{violation['id']}: {target} {node['html'][:200]} {node['failureSummary'][:300]}")
    return found


def list_layout_faults(page: Any) -> list[str]:
    """Sideways scroll of the page, and texts that are cut or lie outside of it."""
    faults = [f"{pixels} px wider than the window" for pixels in page.evaluate(_MEASURE_OVERFLOW) if pixels > 0]
    return faults + page.evaluate(_FIND_CLIPPED, CLIPPED_ELEMENTS)


def list_heading_levels(page: Any) -> list[int]:
    """Levels of the visible headings of the page, in order."""
    return page.evaluate(_LIST_HEADING_LEVELS)
