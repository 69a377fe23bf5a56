"""A served dashboard and two browsers that know nothing of each other: what one may do with the runs of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.run.events import State
from bench.storage.store import Store
from tests.support.browser import (
    Server,
    assert_no_exception,
    find_run_button,
    find_stop_button,
    open_page,
    start_server,
    wait_for_run_id,
    wait_for_state,
    wait_until_drawn,
)
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MAX_BUDGET_S = 240
"""A race with this budget is still under way when a slow browser comes to stop it."""


@pytest.fixture
def served(home, no_orphans, tmp_path, monkeypatch) -> Iterator[Server]:
    """Reachable by this machine only, as behind a proxy, so the setting has to make it served."""
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_JOBS", "1")
    monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", str(MAX_BUDGET_S))
    server = start_server(tmp_path / "server.log")
    yield server
    server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert "Access: served." in log and "1 jobs" in log


def test_a_stranger_neither_stops_nor_deletes_the_run_of_another(browser, served) -> None:
    owner, stranger = open_page(browser), open_page(browser)
    owner.goto(f"{served.address}/colour-quantization?budget_s={MAX_BUDGET_S}&target=0&cores=1")
    owner.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
    find_run_button(owner).click()
    wait_for_state(owner, "racing")
    run_id = wait_for_run_id(owner)
    token = owner.evaluate("localStorage.getItem('fairlap-browser')")
    assert re.fullmatch("[0-9a-f]{64}", token) and token not in owner.url

    stranger.goto(f"{served.address}/colour-quantization?run={run_id}")
    wait_for_state(stranger, "racing")
    stranger.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
    expect(find_stop_button(stranger)).to_be_disabled()
    # The handler behind the button refuses too: React is told that the button is enabled, and it is pressed.
    find_stop_button(stranger).evaluate("button => { button.disabled = false; button.click() }")
    stranger.wait_for_timeout(1500)
    assert Store().row(run_id) is None, "it still runs"

    owner.reload()
    find_stop_button(owner).click()
    row = wait_for(lambda: Store().row(run_id))
    assert row.state is State.STOPPED and row.owner.startswith("browser:") and token not in row.owner
    assert re.fullmatch("visitor [0-9a-f]{6}", row.requester)

    for page, may_delete in ((stranger, False), (owner, True)):
        page.goto(f"{served.address}/runs?run={run_id}")
        button = page.get_by_role("button", name=re.compile("Delete$"))
        button.wait_for()
        page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
        wait_until_drawn(page)
        expect(button).to_be_enabled(enabled=may_delete)
    owner.get_by_role("button", name=re.compile("Delete$")).click()
    owner.get_by_role("dialog").get_by_role("button", name=re.compile("Delete$")).click()
    wait_for(lambda: Store().row(run_id) is None)


def test_a_stranger_names_no_file_queues_no_hour_and_sees_no_path(browser, served, home) -> None:
    page = open_page(browser)
    answers = []
    for file in ("/etc/passwd", "/etc/no-such-file"):
        page.goto(f"{served.address}/modin?file={file}")
        page.get_by_text("this server does not take a path").wait_for()
        page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
        wait_until_drawn(page)
        answers.append(page.get_by_test_id("stMain").get_by_test_id("stAlert").all_inner_texts())
        assert_no_exception(page)
    assert answers[0] == answers[1]
    assert "passwd" not in str(answers)
    page.goto(f"{served.address}/bert?model=owner/model&evaluation=upload:../../../../etc/passwd")
    page.get_by_text("model: this server does not take a path or a name of the hub").wait_for()
    # The browser's secret causes a rerun after the first one: the message outlasts it.
    page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
    wait_until_drawn(page)
    page.get_by_text("model: this server does not take a path or a name of the hub").wait_for()
    page.goto(f"{served.address}/colour-quantization?budget_s=3600")
    page.get_by_text(f"visitors of this server may use {MAX_BUDGET_S} seconds, got 3600").wait_for()
    page.wait_for_url(re.compile(rf"budget_s={MAX_BUDGET_S}(&|$)"))
    for name in ("", "machine", "runs", "rules", "bert", "memory-traffic"):
        page.goto(f"{served.address}/{name}")
        find = page.get_by_test_id("stMain")
        find.locator("h1, h2").first.wait_for()
        wait_until_drawn(page)
        assert str(home) not in page.content()


def test_a_visitor_may_have_as_many_jobs_as_the_limit_says(browser, served) -> None:
    page = open_page(browser)
    page.goto(f"{served.address}/colour-quantization?budget_s={MAX_BUDGET_S}&target=0&cores=1")
    find_run_button(page).click()
    wait_for_state(page, "racing")
    other = page.context.new_page()
    other.goto(f"{served.address}/memory-traffic?cores=1")
    find_run_button(other).click()
    other.get_by_text("You have 1 jobs that wait or run, the most that a visitor of this server may have").wait_for()
    find_stop_button(page).click()
    wait_for(lambda: Store().rows())


def test_a_page_of_another_host_name_is_a_strangers(browser, home, no_orphans, tmp_path) -> None:
    """As after DNS rebinding: the name of another site leads to this machine."""
    server = start_server(tmp_path / "server.log")
    try:
        page = open_page(browser)
        page.goto(f"{server.address}/runs")
        page.get_by_role("heading", name="Runs").wait_for()
        wait_until_drawn(page)
        expect(page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}"))).to_have_count(0)
        port = server.address.rpartition(":")[2]
        page.goto(f"http://evil.localhost:{port}/runs")
        page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
    finally:
        server.stop()
