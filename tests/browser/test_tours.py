"""Every shipped tour as a speaker takes it: by keyboard alone, from the first step to the last, with its races."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from bench.claims.verdict import decide_claims
from tests.support.browser import Server, assert_no_exception, open_page, start_server
from tests.support.processes import wait_until_gone
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from tests.support.waiting import wait_for
from ui.run_view.replay_region import REGION_KEY
from ui.tours.catalogue import SHIPPED_FOLDER
from ui.tours.contracts import list_parts
from ui.tours.model import Step, Tour
from ui.tours.reading import read_tour

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
TIMEOUT_MS = 60_000
RACE_TIMEOUT_MS = 400_000
"""The first race of a workload makes its model, its table or its loops."""
TOURS = sorted(file.stem for file in SHIPPED_FOLDER.glob("*.toml"))


@pytest.fixture(scope="module")
def rehearsal_server(tmp_path_factory) -> Iterator[Server]:
    """One server for all tours, so that models and tables are made once. It has a run for the page Method."""
    folder: Path = tmp_path_factory.mktemp("tours")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FAIRLAP_HOME", str(folder / "home"))
        environment.setenv("FAIRLAP_QUEUE", str(folder / "queue"))
        run = make_claim_run()
        run.claims = decide_claims(run)
        store_run(run, "a" * 32)
        server = start_server(folder / "server.log")
    yield server
    server.stop()
    assert not wait_until_gone(folder / "home")
    assert "Traceback" not in server.log.read_text(), server.log.read_text()[-3000:]


def expect_step(page, tour: Tour, position: int) -> Step:
    step = tour.steps[position]
    panel = page.locator(".st-key-tour-panel")
    expect(panel).to_contain_text(f"step {position + 1} of {len(tour.steps)}", timeout=TIMEOUT_MS)
    expect(panel).to_contain_text(step.title)
    expect(page).to_have_url(re.compile(rf"[?&]tour_step={position + 1}\b"))
    # The page listens to the keys of this step.
    page.locator(f"html[data-fairlap-tour='{tour.name} {position}']").wait_for(state="attached", timeout=TIMEOUT_MS)
    return step


def race(page) -> None:
    """Run the race of the step with its key, and wait until it is over."""
    button = page.get_by_role("button", name="Run this")
    expect(button).to_be_enabled(timeout=TIMEOUT_MS)
    page.keyboard.press("r")
    expect(button).to_be_disabled(timeout=TIMEOUT_MS)
    expect(button).to_be_enabled(timeout=RACE_TIMEOUT_MS)


def expect_parts(page, step: Step) -> None:
    """The page has the parts that the step points at. A short race has not recorded what every trick changes."""
    if step.page == "method":
        page.locator(".st-key-method-trick-card, .st-key-method-ideas").or_(
            page.get_by_text("Not possible with this run")
        ).first.wait_for(timeout=TIMEOUT_MS)
        return
    for name in step.look_at:
        if name != "phases":
            part = page.locator(list_parts(step.page)[name].selector).first
            expect(part, f"{step.title}: {name}").to_be_visible(timeout=TIMEOUT_MS)


def rehearse(page, address: str, tour: Tour) -> None:
    """Open the first step, with races of a few seconds."""
    page.goto(f"{address}/?tour={tour.name}&tour_step=1")
    expect_step(page, tour, 0)
    page.keyboard.press("s")
    expect(page.locator(".st-key-tour-bar")).to_contain_text("rehearsal", timeout=TIMEOUT_MS)


def list_arms(server: Server) -> list[psutil.Process]:
    """The processes that do the work of both arms of the race that is live."""
    return [process for process in list_processes(server) if is_arm(process)]


def list_processes(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)


def is_arm(process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    return command[1:3] == ["-m", "bench.worker.arm_worker"]


@pytest.mark.parametrize("name", TOURS)
def test_a_tour_is_taken_by_keyboard_from_the_first_step_to_the_last(browser, rehearsal_server, name):
    tour = read_tour(SHIPPED_FOLDER / f"{name}.toml", shipped=True)
    page = open_page(browser)
    rehearse(page, rehearsal_server.address, tour)
    for position in range(len(tour.steps)):
        step = expect_step(page, tour, position)
        if step.race:
            race(page)
            expect_parts(page, step)
        elif step.page == "method":
            expect_parts(page, step)
        assert_no_exception(page)
        page.keyboard.press("ArrowRight")
    expect_step(page, tour, len(tour.steps) - 1)
    page.keyboard.press("ArrowLeft")
    expect_step(page, tour, len(tour.steps) - 2)


def test_a_race_that_fails_on_stage_is_replayed_and_the_tour_goes_on(browser, rehearsal_server):
    tour = read_tour(SHIPPED_FOLDER / "newcomers.toml", shipped=True)
    position = next(number for number, step in enumerate(tour.steps) if step.race)
    page = open_page(browser)
    rehearse(page, rehearsal_server.address, tour)
    for number in range(position):
        expect_step(page, tour, number)
        page.keyboard.press("ArrowRight")
    expect_step(page, tour, position)
    race(page)
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Run this")).to_be_disabled(timeout=TIMEOUT_MS)
    arms = wait_for(lambda: arms if len(arms := list_arms(rehearsal_server)) == 2 else [])
    arms[0].kill()
    expect(page.get_by_text(re.compile("Killed|killed|SIGKILL")).first).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_role("button", name="Run this")).to_be_enabled(timeout=RACE_TIMEOUT_MS)
    page.keyboard.press("p")
    region = page.locator(f".st-key-{REGION_KEY}")
    expect(region.get_by_role("alert")).to_contain_text("Recorded on", timeout=TIMEOUT_MS)
    expect(region.get_by_test_id("stMetric").first).to_contain_text("Recorded on", timeout=TIMEOUT_MS)
    page.keyboard.press("ArrowRight")
    expect_step(page, tour, position + 1)
    expect(region).to_have_count(0, timeout=TIMEOUT_MS)
    assert_no_exception(page)
