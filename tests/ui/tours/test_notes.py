"""Speaker notes: what their window shows, whom it shows nothing, and what it may ask the presenting session."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import NAVIGATION, read_page
from tests.ui.tours.test_presenter import TOUR, present, tour  # noqa: F401
from tests.ui.tours.test_tours import find_session, open_link, own_tours, press  # noqa: F401
from ui import services
from ui.access.visitor import Role, Visitor
from ui.tours.notes import NO_NOTES
from ui.tours.presentations import MAX_AGE_S, MAX_FOLLOWED_AGE_S, Place, Presentations, get_presentations

OWNER = Visitor(Role.RUNNER, "browser:a")
PLACE = Place("mine", 0)
SESSION = "session-a"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def presentations(clock) -> Presentations:
    return Presentations(clock)


def open_window(token: str) -> AppTest:
    app = AppTest.from_file(str(NAVIGATION), default_timeout=60).run()
    app.switch_page(services.page_script("tour-notes"))
    app.query_params["token"] = token
    app.run()
    assert not app.exception
    return app


def test_the_window_shows_the_notes_the_clock_and_the_next_step(tour):  # noqa: F811
    app = present(1, 1)
    page = read_page(open_window(find_session(app).notes_token))
    assert "The secret of the speaker." in page and "Step 1 of 2, showing the page" in page
    assert re.search(r"## 0:\d\d of 5:00", page) and re.search(r"This step: 0:\d\d of about 2:30", page)
    assert "Next, a race" in page and "## Race" in page and "Another secret" not in page


def test_the_window_drives_the_tour_and_follows_it(tour):  # noqa: F811
    app = present(1, 1)
    window = open_window(find_session(app).notes_token)
    press(window, "notes-next-button")
    app.run()  # Looks for what the window asks, at the latest half a second later.
    assert find_session(app).position == 1
    assert "Another secret." in read_page(window.run())
    press(window, "notes-back")
    app.run()
    assert find_session(app).position == 0


@pytest.mark.parametrize("token", ["", "wrong", "x" * 43])
def test_without_the_secret_there_are_no_notes(tour, token):  # noqa: F811
    present(1, 0)
    page = read_page(open_window(token))
    assert NO_NOTES in page and "secret of the speaker" not in page


def test_leaving_the_tour_ends_the_notes(tour):  # noqa: F811
    app = open_link(tour="mine", tour_step="1")
    token = find_session(app).notes_token
    press(app, "tour-leave")
    assert NO_NOTES in read_page(open_window(token))


def test_the_secret_is_in_no_address_and_no_text_of_the_presenting_page(tour):  # noqa: F811
    for app in (open_link(tour="mine", tour_step="1"), present(1, 0)):
        token = find_session(app).notes_token
        assert len(token) > 40
        assert token not in str(dict(app.query_params)) and token not in read_page(app)


def test_a_visitor_who_may_look_only_has_no_notes(tour, monkeypatch):  # noqa: F811
    monkeypatch.setattr("ui.tours.notes.find_visitor", lambda: Visitor(Role.VIEWER, "browser:b"))
    app = present(1, 0)
    assert not find_session(app).notes_token and "N notes" not in read_page(app)


@pytest.mark.parametrize(
    "visitor",
    [
        Visitor(Role.RUNNER, "browser:b"),
        Visitor(Role.VIEWER, "browser:a"),
        Visitor(Role.OPERATOR, "browser:a"),
        Visitor(Role.RUNNER, ""),
    ],
)
def test_the_secret_alone_is_not_enough(presentations, visitor):
    token = presentations.open(OWNER, SESSION, PLACE)
    assert presentations.follow(token, visitor) is None
    presentations.send(token, visitor, "next")
    presentations.restart_clock(token, visitor)
    assert presentations.take_commands(token, SESSION) == [] and not presentations.is_followed(token)
    assert presentations.follow(token, OWNER).place == PLACE


def test_presentations_end_after_hours(presentations, clock):
    token = presentations.open(OWNER, SESSION, PLACE)
    clock.now += MAX_AGE_S + 1
    assert presentations.follow(token, OWNER) is None
    assert not presentations.update(token, SESSION, PLACE)


def test_the_clock_begins_with_the_presenter_view_and_each_step_has_its_own(presentations, clock):
    token = presentations.open(OWNER, SESSION, PLACE)
    clock.now += 100
    presentations.update(token, SESSION, Place("mine", 0, "the text"))
    clock.now += 20
    presentations.update(token, SESSION, Place("mine", 1, "the text"))
    clock.now += 5
    presentations.update(token, SESSION, Place("mine", 1, "the times"))
    assert presentations.measure_elapsed_s(presentations.follow(token, OWNER)) == (25, 5)
    presentations.restart_clock(token, OWNER)
    assert presentations.measure_elapsed_s(presentations.follow(token, OWNER)) == (0, 0)


def test_a_window_that_was_closed_is_not_followed_for_long(presentations, clock):
    token = presentations.open(OWNER, SESSION, PLACE)
    assert not presentations.is_followed(token)
    presentations.follow(token, OWNER)
    assert presentations.is_followed(token)
    clock.now += MAX_FOLLOWED_AGE_S
    assert not presentations.is_followed(token)


def resume(presentations, visitor=OWNER, name=PLACE.tour, *, is_active=False) -> str:
    return presentations.resume(visitor, "another session", name, lambda session_id: is_active)


def test_a_page_that_was_reloaded_goes_on_with_its_window(presentations, clock):
    token = presentations.open(OWNER, SESSION, PLACE)
    assert not resume(presentations), "no window looks at the notes"
    presentations.follow(token, OWNER)
    clock.now += 1
    assert not resume(presentations, is_active=True) and not resume(presentations, name="another")
    assert not resume(presentations, Visitor(Role.RUNNER, "browser:b"))
    assert presentations.has_window(OWNER, PLACE.tour) and not presentations.has_window(OWNER, "another")
    presentations.send(token, OWNER, "next")
    presentations.send(token, OWNER, "back")
    assert resume(presentations) == token
    assert not presentations.update(token, SESSION, PLACE), "the old session has lost it"
    presentations.close(token, SESSION)
    assert presentations.take_commands(token, SESSION) == []
    assert presentations.take_commands(token, "another session") == ["back"], "the last that was pressed without a page"
    assert presentations.update(token, "another session", PLACE)
    assert presentations.measure_elapsed_s(presentations.follow(token, OWNER)) == (1, 1)


def test_each_action_is_done_once(presentations):
    token = presentations.open(OWNER, SESSION, PLACE)
    presentations.send(token, OWNER, "next")
    presentations.send(token, OWNER, "back")
    assert (
        presentations.take_commands(token, SESSION) == ["next", "back"]
        and presentations.take_commands(token, SESSION) == []
    )


def test_two_windows_of_this_machine_are_one_visitor(presentations):
    local = Visitor(Role.OPERATOR, name="user", is_local=True)
    token = presentations.open(local, SESSION, PLACE)
    assert presentations.follow(token, local) is not None
    assert get_presentations() is get_presentations()
