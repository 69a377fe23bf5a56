"""Every page by axe-core's rules, in both themes and on a phone, and whether everything fits at every width."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bench.scheduler.script_jobs import plan_script
from bench.storage.store import Store
from bench.workload.registry import load_workloads
from tests.support.accessibility import (
    KnownViolation,
    list_heading_levels,
    list_layout_faults,
    list_severe_violations,
    wait_until_still,
)
from tests.support.browser import assert_no_exception, open_page, start_server, wait_until_drawn
from tests.support.estimator_runs import make_estimator_run, plan_case
from tests.support.measurements import store_measurement
from tests.support.runs import make_claim_run
from tests.support.script_profiles import make_profile, make_site
from tests.support.stored_runs import store_run, write_old_database
from workloads.script.measurements import OutputLog
from workloads.script.script_call import EXAMPLE

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

RUN_ID = "a" * 32
PLAIN_PAGES = ("", "machine", "runs", "method", "rules", "glossary")


KNOWN = (
    *(
        KnownViolation(rule, '[data-testid="stSidebarNav"]', "Streamlit puts sections between the items of a list")
        for rule in ("list", "listitem")
    ),
    *(
        KnownViolation(
            "scrollable-region-focusable",
            f'[data-testid="{widget}"]',
            "Streamlit gives them no tabindex; browsers let the keyboard reach areas that scroll all the same",
        )
        for widget in ("stCode", "stTable")
    ),
)
CONTRAST_RULES = ("color-contrast",)
"""What depends on the theme."""
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "laptop": {"width": 1280, "height": 800},
    "zoomed to 200 %": {"width": 640, "height": 400},
    "small window": {"width": 900, "height": 800},
    "wide": {"width": 1920, "height": 1080},
}


@pytest.fixture
def pages(home) -> list[str]:
    """Paths of all pages: every race before a run, a stored run where it was raced and under Runs, and the others."""
    write_old_database(Store().url)
    store_run(make_claim_run(), RUN_ID)
    races = [workload.name for workload in load_workloads().values() if not workload.hidden]
    for case in ("ridge", "logistic-regression", "lasso"):
        for settings in ({}, {"batch": 100}, {"batch": 300_000}):
            Store().save(make_estimator_run(plan_case(case, **settings)))
    stored = [f"colour-quantization?run={RUN_ID}", f"runs?run={RUN_ID}", "estimators?tab=Gallery&cores=1"]
    return [*PLAIN_PAGES, *races, *stored, store_script_profile()]


def store_script_profile() -> str:
    """Store a profile; returns the path of the page that shows it."""
    sites = [
        make_site(EXAMPLE, line, "SVC.fit", stock_s=1.0, ran=ran)
        for line, ran in enumerate(("accelerated", "partial", "fallback", "stock"), 1)
    ]
    plan = plan_script(str(EXAMPLE), [], cores=1, budget_s=60, limit_s=60)
    log = OutputLog(run="stock", stdout="score 0.9\n", stderr="")
    store_measurement(
        "script",
        "profile",
        plan=plan.model_dump(exclude={"workload"}),
        result=make_profile(EXAMPLE, sites),
        reports=[("output", log)],
    )
    return f"estimators?tab=Your+script&cores=1&script.path={EXAMPLE}"


@pytest.fixture
def address(pages, no_orphans, tmp_path):
    server = start_server(tmp_path / "server.log")
    yield server.address
    server.stop()
    assert "Traceback" not in server.log.read_text()


def visit(page, url: str) -> None:
    page.goto(url)
    page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
    wait_until_drawn(page)
    wait_until_still(page)
    assert_no_exception(page)


def list_faults(page) -> list[str]:
    """Faults of the open page in both themes, on a phone, and of its layout at every size."""
    faults = list_severe_violations(page, KNOWN)
    levels = list_heading_levels(page)
    if levels[0] != 1 or levels.count(1) != 1 or any(lower > upper + 1 for upper, lower in pairwise(levels)):
        faults.append(f"headings of the levels {levels}")
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        wait_until_still(page)
        faults += [f"{name}: {fault}" for fault in list_layout_faults(page)]
        if name == "phone":
            faults += [f"{name}: {violation}" for violation in list_severe_violations(page, KNOWN)]
    page.set_viewport_size(SIZES["laptop"])
    page.emulate_media(color_scheme="dark")
    wait_until_drawn(page)
    wait_until_still(page)
    faults += [f"dark: {violation}" for violation in list_severe_violations(page, KNOWN, CONTRAST_RULES)]
    page.emulate_media(color_scheme="light")
    return faults


def test_every_page_is_accessible_and_fits_at_every_width(browser, address, pages):
    page = open_page(browser, viewport=SIZES["laptop"], color_scheme="light")
    faults = []
    for path in pages:
        visit(page, f"{address}/{path}")
        faults += [f"{path}: {fault}" for fault in list_faults(page)]
    page.context.close()
    assert not faults, "\n".join(faults)
