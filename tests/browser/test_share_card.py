"""The picture of a run for slides, as a browser lays out its texts."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from bench.claims.headline import MAX_REASON_LENGTH, write_headline
from bench.claims.verdict import decide_claims
from bench.values.claims import ClaimState
from bench.values.samples import TOTAL
from tests.support.runs import make_claim_run
from ui.charts.share_card import HEIGHT_PX, MARGIN_PX, WIDTH_PX, build_share_card

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SENTENCE = "Preparing and quantizing every table is at least 12.4x faster here: 1,234 → 98.7 ms, same picture quality "
FOOTER = [
    "AMD EPYC 9654 96-Core Processor, 192 cores, 30 Nov 2026, 12:34, Fairlap run 0123456789ab",
    "https://fairlap.example.org:8501/colour-quantization?step=transform&run=0123456789ab",
]
MEASURE = """() => [...document.querySelectorAll("text, line, circle, path")].map((element) => {
  const box = element.getBBox()
  return [element.tagName, element.textContent, box.x, box.y, box.x + box.width, box.y + box.height]
})"""


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize("lines", [1, 3])
def test_no_text_of_the_picture_overlaps_another_or_leaves_it(browser, state, lines):
    run = make_claim_run(busy=(0.0, 0.0) if state is not ClaimState.NONE else (1.5, 0.0))
    run.claims = decide_claims(run)
    reason = ("Other programs used more of the processor of one arm " * 3)[:MAX_REASON_LENGTH]
    headline = replace(write_headline(run), state=state, sentence=SENTENCE * lines, reason=reason)
    page = browser.new_context(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}).new_page()
    page.set_content(build_share_card(run, TOTAL, headline, FOOTER, "light"))
    shapes = page.evaluate(MEASURE)
    texts = [shape for shape in shapes if shape[0] == "text"]
    assert texts[0][1] == state.capitalize() and len(texts) >= 12
    for _, text, left, top, right, bottom in texts:
        assert left >= MARGIN_PX - 1 and right <= WIDTH_PX - MARGIN_PX + 1, text
        assert top >= 0 and bottom <= HEIGHT_PX, text
    pairs = [*combinations(texts, 2), *((text, mark) for text in texts for mark in shapes if mark[0] != "text")]
    for first, second in pairs:
        is_apart = first[4] <= second[2] or second[4] <= first[2] or first[5] <= second[3] or second[5] <= first[3]
        assert is_apart, (first, second)
