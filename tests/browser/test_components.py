"""Components with scripts of their own: the slider of two pictures on a phone, and the live region."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import Server, open_page, start_script, wait_until_drawn
from tests.support.ports import find_free_port
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SCRIPT = """
import base64, io
import streamlit as st
from PIL import Image
from bench.values.base import Arm
from bench.values.output import Picture
from ui.components.announcer import draw_announcer
from ui.components.before_after import ComparedPicture, draw_before_after

def make(name, colour):
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), colour).save(buffer, "PNG")
    content = base64.b64encode(buffer.getvalue()).decode()
    return Picture(name=name, label=name, media_type="image/png", base64=content, width=320, height=200)

red = ComparedPicture(make("Red", "#f00"), "stock", Arm.BASELINE)
blue = ComparedPicture(make("Blue", "#00f"), "fast", Arm.ACCELERATED)
green = ComparedPicture(make("Green", "#0f0"), "")
st.title("Pictures")
draw_announcer(st.text_input("State", "racing"), key="announcer")
draw_before_after([red, blue], key="two", theme="light")
draw_before_after([red, blue, green], key="three", theme="light")
draw_before_after([green], key="one", theme="light")
"""


@pytest.fixture(scope="module")
def script_server(tmp_path_factory) -> Iterator[Server]:
    """The script keeps nothing outside of a session, so that all tests share its server."""
    folder = tmp_path_factory.mktemp("script")
    script = folder / "pictures.py"
    script.write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.getcwd())
        server = start_script(script, folder / "server.log", find_free_port())
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def script_page(browser, script_server):
    page = open_page(browser, viewport={"width": 390, "height": 844})
    page.goto(script_server.address)
    page.get_by_text("The other picture is not available.").wait_for()
    wait_until_drawn(page)
    yield page
    page.context.close()


def test_the_divider_moves_by_keyboard_and_pointer_and_other_pictures_can_be_chosen(script_page):
    divider = script_page.get_by_role("slider", name="Divider between stock: Red and fast: Blue").first
    divider.focus()
    expect(divider).to_have_value("50")
    for key, value in (("ArrowRight", "51"), ("End", "100"), ("Home", "0")):
        script_page.keyboard.press(key)
        expect(divider).to_have_value(value)
    expect(divider).to_have_attribute("aria-valuetext", "0 % left picture")
    box = divider.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390, "the picture fits on a phone"
    divider.click(position={"x": 0.25 * box["width"], "y": 20})
    expect(divider).to_have_value(re.compile(r"^(2\d|30)$"))
    # Only the slider of three pictures lets choose.
    expect(script_page.get_by_role("combobox")).to_have_count(2)
    script_page.get_by_role("combobox", name="Right picture").select_option("Green")
    script_page.get_by_role("slider", name="Divider between stock: Red and Green").wait_for()
    shown = script_page.get_by_role("img", name="Green").first
    expect(shown).to_have_js_property("naturalWidth", 320)
    expect(shown).to_have_js_property("naturalHeight", 200)
    script_page.wait_for_function("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_picture_is_as_large_as_the_screen_allows(script_page):
    divider = script_page.get_by_role("slider", name="Divider between stock: Red and fast: Blue").first
    divider.wait_for()

    def is_as_large_as_allowed(height: int) -> bool:
        box = divider.bounding_box()
        room = script_page.get_by_test_id("stMain").evaluate("main => main.clientWidth")
        fits = box["x"] + box["width"] <= room and (box["height"] <= height - 14 * 16 or box["height"] <= 18 * 16 + 1)
        return fits and (box["width"] > room * 0.6 or box["height"] > min(height - 15 * 16, 17 * 16))

    for width, height in ((1920, 1080), (1280, 800), (844, 390)):
        script_page.set_viewport_size({"width": width, "height": height})
        script_page.wait_for_function("width => innerWidth === width", arg=width)
        # The page takes its new width in several steps.
        wait_for(lambda height=height: is_as_large_as_allowed(height))


def test_the_live_region_stays_and_follows_the_state(script_page):
    region = script_page.locator("[role=status][aria-live=polite]", has_text="racing")
    region.wait_for(state="attached")
    region.evaluate("element => { window.announced = element }")
    script_page.get_by_label("State").fill("finished: no claim")
    script_page.keyboard.press("Enter")
    script_page.wait_for_function(
        "window.announced.isConnected && window.announced.textContent === 'finished: no claim'"
    )
    # It takes no room on the page.
    script_page.wait_for_function("window.announced.offsetWidth === 1 && window.announced.offsetHeight === 1")
