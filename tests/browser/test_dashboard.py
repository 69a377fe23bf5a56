"""The dashboard as a person uses it: a whole run, a reload in the middle, Stop, a second session, bad addresses."""

from __future__ import annotations

import os
import re
from pathlib import Path

import psutil
import pytest
from PIL import Image
from playwright.sync_api import expect

from bench.run.events import State
from bench.storage.store import Store
from tests.support.browser import (
    assert_no_exception,
    find_run_button,
    find_stop_button,
    open_more,
    open_page,
    start_server,
    wait_for_run_id,
    wait_for_state,
    wait_for_stored_run,
    wait_until_drawn,
)
from tests.support.processes import list_processes, wait_until_gone
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PAGE = "colour-quantization"
QUICK_SETTINGS = "budget_s=4&target=0.5&colours=8"
SEEN_SETTINGS = "budget_s=8&target=0&colours=8"
"""A race that lasts as long as its budget, so that a slow browser sees it under way."""
LONG_SETTINGS = "budget_s=240&target=0&colours=8"


def press_run(page, server, query: str) -> None:
    page.goto(f"{server.address}/{PAGE}?cores=1&{query}")
    find_run_button(page).click()


def test_home_leads_to_the_race(reading_page, reading_server):
    page = reading_page
    page.goto(reading_server.address)
    page.get_by_role("heading", name="Is it really faster, on this machine?").wait_for()
    page.get_by_role("link", name=re.compile("Colour quantization")).first.click()
    find_run_button(page).wait_for()
    assert_no_exception(page)


@pytest.mark.parametrize("path", ["machine", "runs", "rules"])
def test_every_other_page_draws(reading_page, reading_server, path):
    reading_page.goto(f"{reading_server.address}/{path}")
    reading_page.get_by_role("heading", name=path.capitalize()).first.wait_for()
    assert_no_exception(reading_page)


def test_a_whole_run_ends_in_a_claim_with_its_pictures(page, server):
    press_run(page, server, SEEN_SETTINGS)
    wait_for_state(page, "racing")
    wait_for_state(page, "finished", 120)
    main = page.get_by_test_id("stMain")
    main.get_by_text("Claim", exact=True).first.wait_for()
    expect(main.get_by_alt_text(re.compile("K-Means"))).to_have_count(2)
    announced = page.locator("[role=status][aria-live=polite]", has_text="The race has finished. ")
    announced.wait_for(state="attached")
    assert_no_exception(page)
    run = wait_for_stored_run()
    assert run.state is State.FINISHED
    assert run.plan.parameters["colours"] == 8
    expect(main).to_contain_text(run.claim().sentence[:40], use_inner_text=True)
    assert Store().rows()[0].origin == "page"


SCREENSHOT_FOLDER = os.environ.get("FAIRLAP_SCREENSHOTS")


@pytest.mark.skipif(not SCREENSHOT_FOLDER, reason="FAIRLAP_SCREENSHOTS names no folder: 'make screenshots' takes them")
def test_screenshots_for_the_readme(browser, server):
    """One real race, in both themes."""
    address = f"{server.address}/{PAGE}?budget_s=20"
    for theme in ("light", "dark"):
        page = open_page(browser, viewport={"width": 1280, "height": 1000}, color_scheme=theme)
        page.goto(address)
        if theme == "light":
            find_run_button(page).click()
        wait_for_state(page, "finished", 120)
        address = page.url
        wait_until_drawn(page)
        page.wait_for_timeout(3000)
        page.screenshot(path=Path(SCREENSHOT_FOLDER) / f"race-{theme}.png")
        page.context.close()


def test_a_reload_in_the_middle_loses_nothing_and_stop_ends_the_run_and_its_processes(page, server, home):
    press_run(page, server, LONG_SETTINGS)
    wait_for_state(page, "racing")
    run_id = wait_for_run_id(page)
    page.reload()
    wait_for_state(page, "racing")
    page.goto(server.address)
    page.get_by_text(re.compile("Races now")).first.wait_for()
    page.goto(f"{server.address}/{PAGE}?run={run_id}")
    wait_for_state(page, "racing")
    wait_for(lambda: any("bench.worker.arm_worker" in command for command in list_processes(home)))
    find_stop_button(page).click()
    wait_for_state(page, "stopped")
    assert_no_exception(page)
    assert not wait_until_gone(home, but="streamlit")
    assert Store().rows()[0].state is State.STOPPED


def test_stop_while_the_arms_are_being_prepared(page, server, home):
    press_run(page, server, LONG_SETTINGS)
    wait_for_state(page, "preparing")
    find_stop_button(page).click()
    wait_for_state(page, "stopped")
    assert not wait_until_gone(home, but="streamlit")


def test_a_second_session_sees_its_place_and_may_leave_the_queue(page, server, browser):
    press_run(page, server, LONG_SETTINGS)
    wait_for_state(page, "racing")
    other = open_page(browser)
    press_run(other, server, QUICK_SETTINGS)
    other.get_by_text(re.compile("1 job before yours")).first.wait_for()
    find_stop_button(other).click()
    other.get_by_text(re.compile("stopped before its turn")).first.wait_for()
    other.context.close()
    find_stop_button(page).click()
    wait_for_state(page, "stopped")


def test_a_server_that_is_killed_marks_its_run_interrupted(page, server, home, tmp_path):
    press_run(page, server, LONG_SETTINGS)
    wait_for_state(page, "racing")
    server.process.kill()
    server.process.wait()
    assert not wait_until_gone(home)
    again = start_server(tmp_path / "again.log")
    try:
        page.goto(f"{again.address}/runs")
        page.get_by_role("heading", name="Runs").first.wait_for()
        assert wait_for_stored_run().state is State.INTERRUPTED
    finally:
        again.stop()


def test_an_address_with_mistakes_says_what_is_wrong(reading_page, reading_server):
    page = reading_page
    page.goto(f"{reading_server.address}/{PAGE}?cores=4096&colours=many")
    page.get_by_text(re.compile("cores: expected an integer from 1 to")).first.wait_for()
    page.get_by_text(re.compile("colours: expected an integer from 2 to 256, got 'many'")).first.wait_for()
    find_run_button(page).wait_for()
    assert_no_exception(page)


def test_the_server_holds_no_library_that_is_measured(reading_page, reading_server):
    page, server = reading_page, reading_server
    for path in ("", PAGE, "machine", "runs", "rules"):
        page.goto(f"{server.address}/{path}")
        page.get_by_role("heading").first.wait_for()
        wait_until_drawn(page)
    mapped = " ".join(region.path for region in psutil.Process(server.process.pid).memory_maps())
    for library in ("/sklearn/", "onedal", "libtensorflow", "_raylet", "/scipy/"):
        assert library not in mapped


def choose_own_image(page, file: Path) -> None:
    find_run_button(page).wait_for()
    open_more(page, "upload a file")
    page.get_by_text("upload a file", exact=True).click()
    page.locator("input[type=file]").set_input_files(file)


def test_an_image_of_ones_own_is_raced(page, server, tmp_path):
    file = tmp_path / "mine.png"
    Image.effect_noise((64, 48), 90).convert("RGB").save(file)
    page.goto(f"{server.address}/{PAGE}?cores=1&{QUICK_SETTINGS}")
    choose_own_image(page, file)
    page.wait_for_url(re.compile("image=upload"))
    page.get_by_text(re.compile(r"mine.png: 64 × 48 pixels, \d+ colours")).wait_for()
    # Until the page is drawn again, it shows the photo that was selected before.
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid=stImage] img')]
            .some(image => image.naturalWidth === 64 && image.naturalHeight === 48)"""
    )
    page.keyboard.press("Escape")
    find_run_button(page).click()
    wait_for_state(page, "finished", 120)
    run = wait_for_stored_run()
    assert run.plan.parameters["image"].startswith("upload:")
    assert run.prepared[0].facts["image"] == "64 × 48, 3,072 pixels"
    page.get_by_text(re.compile(r"mine.png, 64 × 48 pixels")).first.wait_for()


def test_a_picture_with_too_few_colours_is_refused_before_it_is_queued(page, server, tmp_path):
    file = tmp_path / "two.png"
    Image.linear_gradient("L").point(lambda grey: 255 * (grey > 100)).save(file)
    page.goto(f"{server.address}/{PAGE}?cores=1&{QUICK_SETTINGS}")
    choose_own_image(page, file)
    page.get_by_text(re.compile("two.png: 256 × 256 pixels, 2 colours")).wait_for()
    page.keyboard.press("Escape")
    find_run_button(page).click()
    page.get_by_text(re.compile("The picture has only 2 colours, and the plan asks for 8 clusters")).wait_for()
    assert not Store().rows()
    assert_no_exception(page)


def test_a_file_that_is_no_picture_is_refused(page, server, tmp_path):
    file = tmp_path / "mine.png"
    file.write_bytes(b"GIF89a, whatever its name says")
    page.goto(f"{server.address}/{PAGE}?cores=1&{QUICK_SETTINGS}")
    choose_own_image(page, file)
    page.get_by_text(re.compile("is no picture that can be read")).first.wait_for()
    assert_no_exception(page)
