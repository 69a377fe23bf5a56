"""No text from an address, a file, a library or the store becomes a link, a picture or a request, on any page."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from bench.claims.verdict import decide_claims
from bench.paths import ROOT
from bench.plan.query import QUERY_FIELDS
from bench.storage.store import Store
from bench.workload.registry import load_workloads
from tests.support.browser import (
    Server,
    assert_no_exception,
    open_page,
    start_script,
    wait_until_drawn,
)
from tests.support.hostile import HOST, HOSTILE_TEXT, SAMPLES, make_hostile, make_hostile_run
from tests.support.measurements import make_measurement
from tests.support.ports import find_free_port
from tests.support.runs import make_claim_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SAMPLES_PAGE = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from tests.support.ports import find_free_port
from tests.support.hostile import SAMPLES
from ui.design.markdown import escape_markdown, quote_code
for number, text in enumerate(SAMPLES):
    escaped = escape_markdown(text)
    for kind, draw in {{
        "markdown": lambda: st.markdown(escaped),
        "inside": lambda: st.markdown(f"**x** {{escaped}} :gray[:small[{{escaped}}]]"),
        "list": lambda: st.markdown(f"- {{escaped}}"),
        "error": lambda: st.error(escaped),
        "caption": lambda: st.caption(escaped),
        "button": lambda: st.button(escaped, key=f"b{{number}}"),
        "options": lambda: st.segmented_control("l", [text], format_func=escape_markdown, key=f"o{{number}}",
                                                label_visibility="collapsed"),
        "table": lambda: st.table({{escaped: [escaped]}}),
        "code": lambda: st.markdown(f"x {{quote_code(text)}} y"),
    }}.items():
        with st.container(key=f"{{kind}}-{{number}}"):
            draw()
st.markdown("THE END")
"""
FORMATTED = "a, img, h1, h2, li, code, em, del, blockquote, hr, pre, .katex, [data-testid=stIconMaterial]"
EXPECTED_TAGS = {"list": ["LI"], "code": ["CODE"]}


@pytest.fixture
def samples_page(tmp_path) -> Iterator[Server]:
    script = tmp_path / "samples.py"
    script.write_text(SAMPLES_PAGE.format(root=str(ROOT)))
    server = start_script(script, tmp_path / "samples.log", find_free_port())
    yield server
    server.stop()


def test_escaped_texts_are_shown_character_by_character(browser, samples_page) -> None:
    page = open_page(browser)
    page.goto(samples_page.address)
    page.get_by_text("THE END").wait_for()
    wait_until_drawn(page)
    wrong = []
    for number, text in enumerate(SAMPLES):
        shown = " ".join(text.split())
        for kind, expected in {
            **dict.fromkeys(("markdown", "list", "error", "caption", "button", "options"), shown),
            "inside": f"x {shown} {shown}",
            "table": f"{shown} {shown}",
            "code": f"x {shown} y",
        }.items():
            box = page.locator(f".st-key-{kind}-{number}")
            found = " ".join(box.inner_text().split())
            tags = box.locator(FORMATTED).evaluate_all("all => all.map(one => one.tagName)")
            # An icon in code is shown with another separator by Streamlit itself.
            same = found == expected or (kind == "code" and ":material/" in text)
            if not same or tags != EXPECTED_TAGS.get(kind, []):
                wrong.append((kind, text, found, tags))
    assert not wrong


@pytest.fixture
def hostile_store(home) -> list[str]:
    """Addresses of pages that show stored records full of hostile texts."""
    run = make_claim_run()
    run = run.model_copy(update={"claims": decide_claims(run)})
    store = Store()
    for name, failed in (("a", False), ("b", True)):
        store.save(make_hostile_run(run, name * 32, failed=failed))
    measurement = make_hostile(make_measurement("trial", "count", {"to": 3}))
    changes = {
        "id": "c" * 32,
        "task_label": HOSTILE_TEXT,
        "why": HOSTILE_TEXT,
        "arguments": {HOSTILE_TEXT: HOSTILE_TEXT},
    }
    store.save(measurement.model_copy(update=changes | {"result": {HOSTILE_TEXT: HOSTILE_TEXT}}))
    page = run.plan.workload
    runs = [f"runs?run={name * 32}" for name in "abc"]
    return ["", "runs", "runs?kind=measurement", *runs, f"{page}?run={'a' * 32}", f"{page}?run={'b' * 32}", page]


def hostile_addresses() -> Iterator[str]:
    """Every page with hostile texts in every parameter, and as the name of one."""
    for workload in load_workloads().values():
        if not workload.hidden:
            names = [*QUERY_FIELDS, *(parameter.name for parameter in workload.parameters), HOSTILE_TEXT, "run", "tab"]
            yield f"{workload.name}?{urlencode(dict.fromkeys(names, HOSTILE_TEXT))}"
    for name in ("machine", "rules", "glossary"):
        yield f"{name}?{urlencode(dict.fromkeys(('run', 'plan', 'batch'), HOSTILE_TEXT))}"
    yield f"runs?{urlencode({'run': HOSTILE_TEXT})}"
    yield f"runs?{urlencode({'plan': HOSTILE_TEXT, 'kind': HOSTILE_TEXT})}"


def test_no_page_links_to_or_asks_a_hostile_address(browser, hostile_store, server) -> None:
    page = open_page(browser)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    for address in [*hostile_store, *hostile_addresses()]:
        page.goto(f"{server.address}/{address}")
        page.get_by_test_id("stMain").locator("h1, h2, [data-testid=stAlert]").first.wait_for()
        wait_until_drawn(page)
        page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(one => one.click())")
        wait_until_drawn(page)
        found = page.locator(f"a[href*='{HOST}'], img[src*='{HOST}'], image[href*='{HOST}']").evaluate_all(
            "all => all.map(one => one.outerHTML.slice(0, 200))"
        )
        links = page.locator("svg a").evaluate_all("all => all.map(one => one.outerHTML.slice(0, 200))")
        assert not found and not links, (address, found, links)
        assert_no_exception(page)
    hosts = {url.split("/")[2] for url in requests if url.startswith(("http", "ws"))}
    assert hosts == {server.address.removeprefix("http://")}
